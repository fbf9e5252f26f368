/** The classes that LangGraph's reader builds whatever it is told to allow: `SAFE_MSGPACK_TYPES` of langgraph-checkpoint 4.3.2. */
import type { ObjectHead } from '../model/value.js'

const MESSAGES = 'langchain_core.messages'
const PATHS = ['Path', 'PosixPath', 'WindowsPath']

/** module → classes. */
const SAFE: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries({
    datetime: ['datetime', 'date', 'time', 'timedelta', 'timezone'],
    uuid: ['UUID'],
    decimal: ['Decimal'],
    builtins: ['set', 'frozenset'],
    collections: ['deque'],
    ipaddress: ['IPv4Address', 'IPv4Interface', 'IPv4Network', 'IPv6Address', 'IPv6Interface', 'IPv6Network'],
    pathlib: PATHS,
    'pathlib._local': PATHS,
    zoneinfo: ['ZoneInfo'],
    re: ['compile'],
    [`${MESSAGES}.base`]: ['BaseMessage', 'BaseMessageChunk'],
    [`${MESSAGES}.human`]: ['HumanMessage', 'HumanMessageChunk'],
    [`${MESSAGES}.ai`]: ['AIMessage', 'AIMessageChunk'],
    [`${MESSAGES}.system`]: ['SystemMessage', 'SystemMessageChunk'],
    [`${MESSAGES}.chat`]: ['ChatMessage', 'ChatMessageChunk'],
    [`${MESSAGES}.tool`]: ['ToolMessage', 'ToolMessageChunk'],
    [`${MESSAGES}.function`]: ['FunctionMessage', 'FunctionMessageChunk'],
    [`${MESSAGES}.modifier`]: ['RemoveMessage'],
    'langchain_core.documents.base': ['Document'],
    'langgraph.types': [
      'Send',
      'TimeoutPolicy',
      'Interrupt',
      'Command',
      'StateSnapshot',
      'PregelTask',
      'Overwrite',
    ],
    'langgraph.store.base': ['Item', 'GetOp'],
  }).map(([module, names]) => [module, new Set(names)]),
)

/** True also for the forms that name no class. Others the reader imports by their name, or in strict mode leaves as bare data. */
export function isSafeClass({ module, name }: ObjectHead): boolean {
  return module === '' || (SAFE.get(module)?.has(name) ?? false)
}
