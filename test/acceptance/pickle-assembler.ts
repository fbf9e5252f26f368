/** Pickles opcode by opcode, as nobody's pickler would write them: hostile ones above all. Opcodes: CPython Lib/pickletools.py. */

/** Opcodes that leave one value on the stack. */
export type Pickled = Buffer

const code = (...parts: readonly (string | Buffer)[]): Pickled =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)))

const NONE = code('N')
export const int = (value: number): Pickled => code(`I${value}\n`)

export const bigInt = (value: bigint): Pickled => code(`L${value}L\n`)

/** BINUNICODE */
export const text = (value: string): Pickled => rawText(Buffer.from(value))
export function rawText(utf8: Buffer): Pickled {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(utf8.length)
  return code('X', length, utf8)
}

/** GLOBAL, as protocols 0 to 3 name a class or function. */
export const global = (module: string, name: string): Pickled => code(`c${module}\n${name}\n`)
/** STACK_GLOBAL, as protocol 4 does. */
export const stackGlobal = (module: string, name: string): Pickled => code(text(module), text(name), '\x93')

export const tuple = (...items: readonly Pickled[]): Pickled => code('(', ...items, 't')
export const list = (...items: readonly Pickled[]): Pickled => code('(', ...items, 'l')
/** A list that is its own only item: put into the memo before it is complete. */
export const RECURSIVE_LIST = code('(lp9\ng9\na')
export const dict = (entries: Readonly<Record<string, Pickled>>): Pickled =>
  code('(', ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]), 'd')

export const reduce = (callable: Pickled, args: Pickled): Pickled => code(callable, args, 'R')
export const inst = (module: string, name: string, ...args: readonly Pickled[]): Pickled =>
  code('(', ...args, `i${module}\n${name}\n`)
export const obj = (cls: Pickled, ...args: readonly Pickled[]): Pickled => code('(', cls, ...args, 'o')
export const newObj = (cls: Pickled, args: Pickled): Pickled => code(cls, args, '\x81')
export const newObjEx = (cls: Pickled, args: Pickled, kwargs: Pickled): Pickled =>
  code(cls, args, kwargs, '\x92')
export const build = (object: Pickled, state: Pickled): Pickled => code(object, state, 'b')

/** The whole pickle. Protocols 0 and 1 have no PROTO. */
export const pickle = (protocol: number, value: Pickled): Buffer =>
  code(protocol < 2 ? '' : code('\x80', Buffer.from([protocol])), value, '.')

/** A CheckpointTuple of langgraph-checkpoint as `PickleRedisSaver` pickles it, with these channels. */
export function checkpointTuple(
  threadId: string | Pickled,
  checkpointId: string,
  channels: Readonly<Record<string, Pickled>>,
  {
    metadata = dict({ source: text('loop'), step: int(1) }),
    version = int(2),
  }: { readonly metadata?: Pickled; readonly version?: Pickled } = {},
): Pickled {
  const thread = typeof threadId === 'string' ? text(threadId) : threadId
  const config = dict({ configurable: dict({ thread_id: thread, checkpoint_id: text(checkpointId) }) })
  const checkpoint = dict({
    v: int(1),
    id: text(checkpointId),
    ts: text('2026-11-20T09:14:07+00:00'),
    channel_values: dict(channels),
    channel_versions: dict(Object.fromEntries(Object.keys(channels).map((channel) => [channel, version]))),
    versions_seen: dict({}),
    pending_sends: list(),
  })
  const fields = tuple(config, checkpoint, metadata, NONE, list())
  return newObj(global('langgraph.checkpoint.base', 'CheckpointTuple'), fields)
}
