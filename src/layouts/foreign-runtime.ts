/** Checkpoints of runtimes that only share LangGraph's name or idea, in Go and Java: recognised so that they can be refused by name. */
import { MAP } from '../codec/json/scan.js'
import type { RedisValue } from '../model/redis-value.js'
import { fieldText, hasFields, hashFields } from './hash-fields.js'
import { claimByForms, keyForm } from './keys/key-forms.js'
import type { ClaimedKey, Layout, RecordSink, ThreadReader } from './layout.js'

const ID = 'foreign-runtime'
const separator = ':'

interface Runtime {
  readonly name: string
  readonly prefix: string
  isOf(key: ClaimedKey, value: RedisValue): boolean
}

const RUNTIMES: readonly Runtime[] = [
  {
    name: 'Spring AI Alibaba Graph (Java)',
    prefix: 'graph:checkpoint:content:',
    isOf: (_key, value) => value.type === 'string',
  },
  {
    name: 'LangGraph4j (Java)',
    prefix: 'langgraph4j:checkpoint:',
    isOf: (_key, value) => hasFields(hashFields(value), 'checkpoint_id', 'node_id', 'state_data'),
  },
  {
    name: 'LangGraphGo (Go)',
    prefix: 'langgraph:checkpoint:',
    isOf: (_key, value) =>
      value.type === 'string' && hasMembers(value.bytes, 'node_name', 'state', 'version'),
  },
]

export const foreignRuntime = {
  id: ID,
  title: 'checkpoints of Go and Java runtimes (refused)',
  writtenBy:
    'LangGraphGo (smallnest/langgraphgo), LangGraph4j (langgraph4j-redis-saver), Spring AI Alibaba Graph (RedisSaver)',
  dialect: 'python',
  isRefused: true,
  claim: claimByForms(ID, () => [
    keyForm('snapshot', 'string', { prefix: 'graph:checkpoint:content', separator, tail: [] }),
    keyForm('snapshot', 'hash', { prefix: 'langgraph4j:checkpoint', separator, tail: [] }),
    keyForm('snapshot', 'string', { prefix: 'langgraph:checkpoint', separator, tail: [] }),
  ]),
  recognises(key, value) {
    const runtime = runtimeOf(key, value)
    return {
      yes: runtime !== undefined,
      evidence: runtime?.name ?? 'no checkpoint of a known foreign runtime',
    }
  },
  readingOrder: (keys) => keys,
  openThread: (threadId, sink) => new RefusingReader(threadId, sink),
} as const satisfies Layout

class RefusingReader implements ThreadReader {
  constructor(
    private readonly threadId: string,
    private readonly sink: RecordSink,
  ) {}

  accept(key: ClaimedKey, value: RedisValue): void {
    const runtime = runtimeOf(key, value)
    if (runtime === undefined) {
      this.sink.notMine(key)
      return
    }
    const fields = hashFields(value)
    const threadId = fields.has('thread_id') ? fieldText(fields, 'thread_id') : this.threadId
    if (threadId !== this.threadId) this.sink.belongsTo(key, threadId)
    else this.sink.finding({ reason: 'foreign-runtime', threadId, key: key.key, detail: runtime.name })
  }

  end(): void {}
}

function runtimeOf(key: ClaimedKey, value: RedisValue): Runtime | undefined {
  const name = key.key.toString('utf8')
  return RUNTIMES.find((runtime) => name.startsWith(runtime.prefix) && runtime.isOf(key, value))
}

/** Go writes a struct's members whatever they hold, so their names stand somewhere. */
const hasMembers = (text: Buffer, ...names: string[]): boolean =>
  text[0] === MAP && names.every((name) => text.includes(`"${name}":`))
