/** What each `lc: 2` envelope of LangGraph's Python stands for: decided from its id and its shape, before its values are read. */
import type { ObjectForm, ObjectHead, SetKind } from '../../model/value.js'
import { type LangChainField, langChainClassAt, pydanticHead } from './langchain-classes.js'

/** `lc: 2` as `JsonPlusSerializer` (langgraph-checkpoint 1.0–2.1) and `JsonPlusRedisSerializer` (0.2–0.5.2) write it. */
export interface Envelope {
  readonly module: string
  readonly name: string
  /** A method, or the second of `[null, "model_construct"]`. */
  readonly method?: string | undefined
  /** The numbers of arguments; undefined where the envelope has no such key. */
  readonly args: number | undefined
  readonly kwargs: number | undefined
  /** Whether `kwargs` has the key `__notes__`, as only an exception has. */
  readonly hasNotes: boolean
}

/** How the value of an envelope is put together. */
export type Revival =
  /** The envelope itself, as a map: what the official reader gives for a class it may not build. */
  | { readonly as: 'map'; readonly lost?: true }
  /** The one argument, hexadecimal. */
  | { readonly as: 'bytes' | 'bytearray' }
  /** The items of the one argument. */
  | { readonly as: 'set'; readonly kind: SetKind }
  | {
      readonly as: 'object'
      readonly head: ObjectHead
      readonly body: 'argument' | 'arguments' | 'kwargs' | 'send' | 'time'
      readonly fields?: readonly LangChainField[] | undefined
    }
  /** The envelope was stored without its value; this is what the newest official reader makes of it. */
  | { readonly as: 'lost'; readonly lost: LostValue }

/** A set without items, nothing at all, or an object whose body is this JSON. */
export type LostValue =
  | { readonly kind: 'null' | SetKind }
  | { readonly kind: 'object'; readonly head: ObjectHead; readonly body: string }

const MAP: Revival = { as: 'map' }
/** A value of some class that has no fields to write; nobody can tell which. */
const LOST_MAP: Revival = { as: 'map', lost: true }
const NULL: Revival = { as: 'lost', lost: { kind: 'null' } }

/** How a class is written, and the body that stands for its lost value, where the official reader makes one up. */
interface KnownClass {
  readonly form: ObjectForm
  readonly lost?: string
}
const ip: KnownClass = { form: 'single-argument' }
const path: KnownClass = { form: 'positional', lost: '[]' }
const fields: KnownClass = { form: 'keywords' }

/** The safe types of langgraph-checkpoint 4.3.2 (`serde/_msgpack.py`) that are no sets and no messages. */
const KNOWN: Readonly<Record<string, KnownClass>> = {
  'collections.deque': { form: 'single-argument', lost: '[]' },
  'decimal.Decimal': { form: 'single-argument', lost: '"0"' },
  'uuid.UUID': { form: 'single-argument' },
  'zoneinfo.ZoneInfo': { form: 'single-argument' },
  'ipaddress.IPv4Address': ip,
  'ipaddress.IPv4Interface': ip,
  'ipaddress.IPv4Network': ip,
  'ipaddress.IPv6Address': ip,
  'ipaddress.IPv6Interface': ip,
  'ipaddress.IPv6Network': ip,
  'pathlib.Path': path,
  'pathlib.PosixPath': path,
  'pathlib.WindowsPath': path,
  'pathlib._local.Path': path,
  'pathlib._local.PosixPath': path,
  'pathlib._local.WindowsPath': path,
  're.compile': { form: 'positional' },
  'datetime.datetime': { form: 'positional' },
  'datetime.date': { form: 'positional' },
  'datetime.timedelta': { form: 'positional', lost: '[0,0,0]' },
  'datetime.timezone': { form: 'positional' },
  'datetime.time': { form: 'keywords', lost: '{}' },
  'langgraph.types.Send': { form: 'positional' },
  'langgraph.types.Interrupt': fields,
  'langgraph.types.Command': { form: 'keywords', lost: '{}' },
  'langgraph.types.Overwrite': fields,
  'langgraph.types.TimeoutPolicy': { form: 'keywords', lost: '{}' },
  'langgraph.types.StateSnapshot': fields,
  'langgraph.types.PregelTask': fields,
  'langgraph.store.base.Item': fields,
  'langgraph.store.base.GetOp': fields,
}

/** Until langgraph 0.2 these lived in `langgraph.constants`. */
const MOVED: ReadonlyMap<string, string> = new Map([['langgraph.constants', 'langgraph.types']])

export function revivalOf(envelope: Envelope): Revival {
  const { name, method, args, kwargs } = envelope
  const module = MOVED.get(envelope.module) ?? envelope.module
  if (module === 'builtins') return revivalOfBuiltin(envelope)
  const known = KNOWN[`${module}.${name}`]
  if (!args && !kwargs) return withoutArguments(envelope, module, known)
  if (method === 'fromisoformat' && args === 1 && module === 'datetime') {
    return { as: 'object', head: { form: 'method', module, name, method }, body: 'argument' }
  }
  if (args && kwargs) {
    return module === 'datetime' && name === 'time' ? objectOf(module, name, 'keywords', 'time') : MAP
  }
  if (args) return revivalOfArgs(module, name, args, known)
  return revivalOfKwargs(envelope, module, known)
}

function revivalOfBuiltin({ name, method, args, kwargs }: Envelope): Revival {
  const lost = args === undefined && kwargs === 0
  if (name === 'set' || name === 'frozenset') {
    if (args === 1 && !kwargs) return { as: 'set', kind: name }
    return lost ? { as: 'lost', lost: { kind: name } } : MAP
  }
  if ((name === 'bytes' || name === 'bytearray') && method === 'fromhex' && args === 1) return { as: name }
  return lost ? LOST_MAP : MAP
}

function withoutArguments({ args, kwargs, name }: Envelope, module: string, known?: KnownClass): Revival {
  if (known === undefined)
    return kwargs === 0 && langChainClassAt(module, name) === undefined ? LOST_MAP : MAP
  if (args === 0 && known.form === 'positional') return objectOf(module, name, 'positional', 'arguments')
  if (known.lost === undefined) return NULL
  return { as: 'lost', lost: { kind: 'object', head: { form: known.form, module, name }, body: known.lost } }
}

function revivalOfArgs(module: string, name: string, args: number, known?: KnownClass): Revival {
  if (module === 'datetime' && name === 'time') return objectOf(module, name, 'keywords', 'time')
  // an unknown class with one argument is an Enum with its value
  const isSingle = args === 1 && (known === undefined || known.form === 'single-argument')
  return isSingle
    ? objectOf(module, name, 'single-argument', 'argument')
    : objectOf(module, name, 'positional', 'arguments')
}

function revivalOfKwargs({ name, method, hasNotes }: Envelope, module: string, known?: KnownClass): Revival {
  if (module === 'langgraph.types' && name === 'Send') return objectOf(module, name, 'positional', 'send')
  if (known !== undefined) return objectOf(module, name, 'keywords', 'kwargs')
  if (hasNotes) return MAP
  if (method === 'construct') return objectOf(module, name, 'pydantic-v1', 'kwargs')
  if (method !== undefined && method !== 'model_construct') return MAP
  // A pydantic model or a dataclass: the JSON does not say which. The form of pydantic v2 builds both, and if
  // the class is gone it leaves the fields, which the form of dataclasses would not.
  const langChain = langChainClassAt(module, name)
  return { as: 'object', head: pydanticHead(module, name), body: 'kwargs', fields: langChain?.fields }
}

function objectOf(
  module: string,
  name: string,
  form: ObjectForm,
  body: 'argument' | 'arguments' | 'kwargs' | 'send' | 'time',
): Revival {
  return { as: 'object', head: { form, module, name }, body }
}
