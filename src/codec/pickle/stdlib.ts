/** How Python pickles the data types of its standard library, dates and times apart. */
import {
  attributesOf,
  type ClassReader,
  listNode,
  type Meaning,
  mapNode,
  numberOf,
  objectMeaning,
  textNode,
} from './meaning.js'
import { asList, dictEntries, isText } from './navigate.js'
import type { PickleObject } from './node.js'

const ADDRESSES = [
  'IPv4Address',
  'IPv4Interface',
  'IPv4Network',
  'IPv6Address',
  'IPv6Interface',
  'IPv6Network',
]
const PATHS = ['Path', 'PosixPath', 'WindowsPath', 'PurePath', 'PurePosixPath', 'PureWindowsPath']

export const STDLIB_CLASSES: Readonly<Record<string, ClassReader>> = {
  'collections.OrderedDict': dict,
  'collections.defaultdict': dict,
  'collections.Counter': dict,
  'collections.deque': deque,
  'uuid.UUID': uuid,
  'decimal.Decimal': ({ args: [text] }) =>
    text?.kind === 'text' ? objectMeaning('single-argument', 'decimal', 'Decimal', text) : undefined,
  're._compile': (object) => objectMeaning('positional', 're', 'compile', listNode(object.args, object)),
  'types.SimpleNamespace': (object) => {
    const attributes = attributesOf(object)
    if (attributes === undefined || object.args.length > 0) return undefined
    return objectMeaning('keywords', 'types', 'SimpleNamespace', mapNode(attributes, object))
  },
  // The official saver refuses these four; any official reader builds them from their arguments.
  'builtins.complex': (object) => positional('builtins', 'complex', object),
  'builtins.range': (object) => positional('builtins', 'range', object),
  'builtins.slice': (object) => positional('builtins', 'slice', object),
  'fractions.Fraction': (object) => positional('fractions', 'Fraction', object),
  ...Object.fromEntries(ADDRESSES.map((name) => [`ipaddress.${name}`, address(name)])),
  ...Object.fromEntries(PATHS.map((name) => [`pathlib.${name}`, path(name)])),
  // Python 3.13 moved the classes; the old name works on every version.
  ...Object.fromEntries(PATHS.map((name) => [`pathlib._local.${name}`, path(name)])),
}

function positional(module: string, name: string, object: PickleObject): Meaning | undefined {
  const plain = object.args.every(
    ({ kind }) => kind === 'int' || kind === 'float' || kind === 'text' || kind === 'null',
  )
  return plain ? objectMeaning('positional', module, name, listNode(object.args, object)) : undefined
}

/** Subclasses of dict come back as dicts, as from the official saver. */
function dict(object: PickleObject): Meaning | undefined {
  const entries = dictEntries(object)
  return entries === undefined ? undefined : { body: mapNode(entries, object) }
}

/** The official saver forgets `maxlen`; the two-argument form keeps it. */
function deque(object: PickleObject): Meaning | undefined {
  const [first, maxlen] = object.args
  const initial = first === undefined ? [] : asList(first)
  if (initial === undefined) return undefined
  const items = listNode([...initial, ...object.items], object)
  if (numberOf(maxlen) === undefined) return objectMeaning('single-argument', 'collections', 'deque', items)
  return objectMeaning('positional', 'collections', 'deque', listNode([items, maxlen!], object))
}

function uuid(object: PickleObject): Meaning | undefined {
  const attributes = attributesOf(object)
  const at = attributes?.findIndex((node, i) => i % 2 === 0 && isText(node, 'int')) ?? -1
  const value = attributes?.[at + 1]
  if (at < 0 || value?.kind !== 'int') return undefined
  const number = BigInt(value.value)
  if (number < 0n || number >= 1n << 128n) return undefined
  return objectMeaning('single-argument', 'uuid', 'UUID', textNode(number.toString(16).padStart(32, '0')))
}

function path(name: string): ClassReader {
  return (object) => {
    if (!object.args.every((part) => part.kind === 'text')) return undefined
    return objectMeaning('positional', 'pathlib', name, listNode(object.args, object))
  }
}

/** Text, or (addresses of Python before 3.12) the number itself. */
function address(name: string): ClassReader {
  return ({ args: [value] }) => {
    if (value?.kind === 'text') return objectMeaning('single-argument', 'ipaddress', name, value)
    if (value?.kind !== 'int' || BigInt(value.value) < 0n) return undefined
    const text = name.startsWith('IPv4') ? ipv4Text(BigInt(value.value)) : ipv6Text(BigInt(value.value))
    return objectMeaning('single-argument', 'ipaddress', name, textNode(text))
  }
}

const ipv4Text = (value: bigint): string =>
  [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')

/** Eight groups, the longest run of two or more zeros (of equal ones the first) as `::`. */
function ipv6Text(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  let [from, length] = [0, 1]
  for (let i = 0; i < 8; i++) {
    let run = 0
    while (groups[i + run] === '0') run++
    if (run > length) [from, length] = [i, run]
  }
  if (length === 1) return groups.join(':')
  return `${groups.slice(0, from).join(':')}::${groups.slice(from + length).join(':')}`
}
