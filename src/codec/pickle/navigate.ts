/** Looks into the graph of a pickle: each question answers `undefined` where the node is not what was asked for. */
import { classNameOf, type PickleNode, type PickleObject } from './node.js'

/** Classes whose instances are dicts even when they hold nothing; any other dict subclass shows by its entries. */
const DICT_CLASSES = new Set([
  'collections.OrderedDict',
  'collections.defaultdict',
  'collections.Counter',
  'langgraph.pregel.io.AddableUpdatesDict',
  'langgraph.pregel.io.AddableValuesDict',
  'langgraph.pregel._io.AddableUpdatesDict',
  'langgraph.pregel._io.AddableValuesDict',
])

export const isNull = (node: PickleNode): boolean => node.kind === 'null'

/** The text as a JavaScript string; a lone surrogate becomes U+FFFD, as in no id. */
export function asText(node: PickleNode): string | undefined {
  return node.kind === 'text' ? node.source.toString('utf8', node.start, node.end) : undefined
}

/** bytes or bytearray, as a view of the pickle. */
export function asBytes(node: PickleNode): Buffer | undefined {
  return node.kind === 'bytes' || node.kind === 'bytearray'
    ? node.source.subarray(node.start, node.end)
    : undefined
}

export function asInt(node: PickleNode): number | bigint | undefined {
  return node.kind === 'int' ? node.value : undefined
}

/** `module.name` of an object's class; undefined for built-in values. */
export function classOf(node: PickleNode): string | undefined {
  return node.kind === 'object' && node.callable.kind === 'global' ? classNameOf(node) : undefined
}

/** A tuple's or NamedTuple's items. */
export function asTuple(node: PickleNode): readonly PickleNode[] | undefined {
  if (node.kind === 'tuple') return node.items
  if (node.kind !== 'object' || node.how !== 'new' || node.args.length === 0) return undefined
  return node.state === undefined && node.entries.length === 0 ? node.args : undefined
}

/** Items of a list, a tuple, a NamedTuple, a deque, or of a subclass of list. */
export function asList(node: PickleNode): readonly PickleNode[] | undefined {
  if (node.kind === 'list') return node.items
  if (node.kind === 'object') {
    if (node.items.length > 0) return node.items
    if (classNameOf(node) === 'collections.deque') {
      const [first] = node.args
      return first === undefined ? node.items : asList(first)
    }
  }
  return asTuple(node)
}

/** Keys and values of a dict or of a subclass of dict, in their order. */
export function asDict(node: PickleNode): readonly (readonly [PickleNode, PickleNode])[] | undefined {
  const entries = dictEntries(node)
  if (entries === undefined) return undefined
  const pairs: (readonly [PickleNode, PickleNode])[] = []
  for (let i = 0; i + 1 < entries.length; i += 2) pairs.push([entries[i]!, entries[i + 1]!])
  return pairs
}

/** The same with the keys as strings; undefined when one key is not a text. */
export function asTextDict(node: PickleNode): ReadonlyMap<string, PickleNode> | undefined {
  const entries = dictEntries(node)
  if (entries === undefined) return undefined
  const map = new Map<string, PickleNode>()
  for (let i = 0; i + 1 < entries.length; i += 2) {
    const key = asText(entries[i]!)
    if (key === undefined) return undefined
    map.set(key, entries[i + 1]!)
  }
  return map
}

/** The value under a text key of a dict or of a subclass of dict; of two the last, as Python would hold it. */
export function field(node: PickleNode, name: string): PickleNode | undefined {
  const entries = dictEntries(node)
  if (entries === undefined) return undefined
  for (let i = entries.length - 2; i >= 0; i -= 2) {
    if (isText(entries[i]!, name)) return entries[i + 1]
  }
  return undefined
}

/** Keys and values alternating, for a dict and every known or visible subclass. */
export function dictEntries(node: PickleNode): readonly PickleNode[] | undefined {
  if (node.kind === 'dict') return node.entries
  if (node.kind !== 'object') return undefined
  if (node.entries.length > 0) return node.entries
  if (!DICT_CLASSES.has(classNameOf(node))) return undefined
  return entriesOfArguments(node)
}

/** `Counter({…})` and `OrderedDict([[k, v], …])` bring their entries as an argument. */
function entriesOfArguments(node: PickleObject): readonly PickleNode[] {
  const last = node.args.at(-1)
  if (last?.kind === 'dict') return last.entries
  if (last?.kind !== 'list') return node.entries
  return last.items.flatMap((pair) => asList(pair) ?? [])
}

/** Compares bytes, since a lookup asks this of every key it passes. */
export function isText(node: PickleNode, text: string): boolean {
  if (node.kind !== 'text') return false
  const { source, start, end } = node
  if (end - start !== text.length) return end - start > text.length && asText(node) === text
  for (let i = 0; i < text.length; i++) if (source[start + i] !== text.charCodeAt(i)) return false
  return true
}
