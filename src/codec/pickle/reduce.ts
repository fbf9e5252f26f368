/** Calls that only spell out what today's protocols have an opcode for, seen through without calling anything. */
import { isUtf8 } from 'node:buffer'
import type { PickleMachine } from './machine.js'
import { type PickleNode, rangeNode } from './node.js'

/** What Python 3 calls things in pickles of protocol 2 and below (CPython `_compat_pickle.py`, the part that data needs). */
const TODAYS_MODULE: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
  ['exceptions', 'builtins'],
])
const TODAYS_NAME: ReadonlyMap<string, string> = new Map([
  ['builtins.xrange', 'range'],
  ['builtins.unicode', 'str'],
  ['builtins.long', 'int'],
  ['builtins.StandardError', 'Exception'],
])

export function globalNode(module: string, name: string, at: number): PickleNode {
  const todays = TODAYS_MODULE.get(module) ?? module
  const todaysName = TODAYS_NAME.get(`${todays}.${name}`) ?? name
  return { kind: 'global', module: todays, name: todaysName, path: `${todays}.${todaysName}`, at }
}

/** `callable(*args)`: a value of its own where the call is one of the table, an object node otherwise. */
export function callNode(
  machine: PickleMachine,
  callable: PickleNode,
  args: readonly PickleNode[],
): PickleNode {
  if (callable.kind === 'global') {
    const known = CALLS.get(callable.path)?.(machine, args)
    if (known !== undefined) return known
  }
  return machine.object('call', callable, args)
}

type Call = (machine: PickleMachine, args: readonly PickleNode[]) => PickleNode | undefined

/** Each answers undefined where the arguments are not those a pickler writes: the call is then refused by name when it is emitted. */
const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>(
  Object.entries<Call>({
    'copyreg._reconstructor': reconstructed,
    'copyreg.__newobj__': (machine, [cls, ...args]) => (cls ? machine.object('new', cls, args) : undefined),
    'copyreg.__newobj_ex__': (machine, [cls, args, kwargs]) =>
      cls && args?.kind === 'tuple' ? machine.object('new', cls, args.items, kwargs) : undefined,
    'builtins.getattr': attribute,
    '_codecs.encode': (machine, args) =>
      args.length === 2 ? latin1Bytes(machine, 'bytes', ...args) : undefined,
    'builtins.bytes': (_machine, args) => (args.length === 0 ? rangeNode('bytes', NOTHING) : undefined),
    'builtins.bytearray': (machine, args) => {
      const [content] = args
      if (content === undefined) return rangeNode('bytearray', NOTHING)
      if (content.kind === 'bytes' && args.length === 1) return { ...content, kind: 'bytearray' }
      return args.length === 2 ? latin1Bytes(machine, 'bytearray', ...args) : undefined
    },
    'builtins.set': (machine, args) => collection(machine, 'set', args),
    'builtins.frozenset': (machine, args) => collection(machine, 'frozenset', args),
    'builtins.list': (machine, args) => collection(machine, 'list', args),
    'builtins.tuple': (machine, args) => collection(machine, 'tuple', args),
    'builtins.dict': (machine, args) => (args.length === 0 ? machine.dict([]) : undefined),
  }),
)

const NOTHING = Buffer.alloc(0)

/** Protocols 0 and 1: `_reconstructor(class, base, content of the base)`. */
function reconstructed(
  machine: PickleMachine,
  [cls, base, content]: readonly PickleNode[],
): PickleNode | undefined {
  if (cls?.kind !== 'global' || base?.kind !== 'global' || content === undefined) return undefined
  if (base.module !== 'builtins') return undefined
  if (base.name === 'object') return machine.object('new', cls, [])
  if (base.name === 'tuple' && content.kind === 'tuple') return machine.object('new', cls, content.items)
  const object = machine.object('new', cls, [])
  if (base.name === 'list' && content.kind === 'list') {
    for (const item of content.items) object.items.push(item)
  } else if (base.name === 'dict' && content.kind === 'dict') {
    for (const node of content.entries) object.entries.push(node)
  } else {
    return machine.object('new', cls, [content])
  }
  return object
}

/** `getattr(class, name)`: how protocols below 4 name what is inside a class. */
function attribute(machine: PickleMachine, [owner, name]: readonly PickleNode[]): PickleNode | undefined {
  if (owner?.kind !== 'global' || name?.kind !== 'text') return undefined
  const utf8 = name.source.subarray(name.start, name.end)
  if (!isUtf8(utf8)) return undefined
  return globalNode(owner.module, `${owner.name}.${utf8.toString('utf8')}`, machine.opcodeAt)
}

function collection(
  machine: PickleMachine,
  kind: 'set' | 'frozenset' | 'list' | 'tuple',
  args: readonly PickleNode[],
): PickleNode | undefined {
  if (args.length === 0) return machine.sequence(kind, [])
  const [only] = args
  if (args.length > 1 || (only?.kind !== 'list' && only?.kind !== 'tuple')) return undefined
  return machine.sequence(kind, [...only.items]) // the list may grow later
}

/** Protocols below 3 write bytes as the text that Latin-1 makes of them. */
function latin1Bytes(
  machine: PickleMachine,
  kind: 'bytes' | 'bytearray',
  text?: PickleNode,
  encoding?: PickleNode,
): PickleNode | undefined {
  if (text?.kind !== 'text' || encoding?.kind !== 'text') return undefined
  const codec = encoding.source.toString('latin1', encoding.start, encoding.end)
  if (codec !== 'latin1' && codec !== 'latin-1') return undefined
  const characters = text.source.toString('utf8', text.start, text.end)
  if (/[^\0-\xff]/.test(characters)) machine.fail('a character that latin-1 does not have')
  return rangeNode(kind, Buffer.from(characters, 'latin1'))
}
