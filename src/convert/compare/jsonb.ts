/**
 * Metadata and the other members of a checkpoint's JSONB for a comparison: the source side after the documented repairs (no NUL, no
 * NaN, `?` for a lone surrogate, keys as text), both sides with LangChain's envelopes read as the objects they stand for.
 */
import { DecodeError } from '../../codec/bytes.js'
import { digestText } from '../../codec/digest.js'
import { floatKey } from '../../codec/json/python-float.js'
import { pythonJsonValue } from '../../codec/json/python-json.js'
import { BACKSLASH, QUOTE } from '../../codec/json/scan.js'
import { surrogateAt } from '../../codec/lone-surrogates.js'
import { treeOf, treeValue } from '../../codec/tree.js'
import type { ObjectHead, Tree, Value } from '../../model/value.js'
import type { Dialect } from '../converter.js'
import type { Digest } from './values.js'

/** Left over from older savers in either place; nothing reads them. */
const LEFT_OVERS: ReadonlySet<string> = new Set(['writes'])

/** Top-level member → digest of its value. Throws `DecodeError`. */
export const metadataDigests = (metadata: Value, dialect: Dialect): ReadonlyMap<string, Digest> =>
  METADATA.of(metadata, dialect, () => digestsOfMembers(metadata, dialect))

function digestsOfMembers(metadata: Value, dialect: Dialect): ReadonlyMap<string, Digest> {
  const digests = new Map<string, Digest>()
  const tree = jsonbTree(revivedTree(metadata), dialect)
  if (tree.kind !== 'map') return digests.set('', digestOfTree(tree))
  for (const [key, value] of tree.entries) {
    const name = key.kind === 'text' ? key.utf8.toString() : ''
    if (!LEFT_OVERS.has(name)) digests.set(name, digestOfTree(value))
  }
  return digests
}

/** Digest of one member of a checkpoint. Throws `DecodeError`. */
export function jsonbDigest(value: Value, dialect: Dialect): Digest {
  const { bytes, encoding } = value
  // Ids and times are texts, each of which comes once.
  const isText = encoding === 'json' && bytes !== undefined && isPlainText(bytes)
  if (isText) return textDigest(bytes, 1, bytes.length - 1)
  return MEMBERS.of(value, dialect, () => digestOfTree(jsonbTree(revivedTree(value), dialect)))
}

/** Digest of an id as the member of a checkpoint. */
export const idDigest = (id: string): Digest =>
  digestOfTree({ kind: 'text', utf8: jsonbText(Buffer.from(id)) })

const textDigest = (utf8: Buffer, start: number, end: number): Digest =>
  digestText({ encoding: 'tree', emit: (sink) => sink.text(utf8, start, end) })

/** A JSON string that stands for its bytes: printable ASCII, and neither a quote nor a backslash among it. */
function isPlainText(bytes: Buffer): boolean {
  const last = bytes.length - 1
  if (last < 1 || bytes[0] !== QUOTE || bytes[last] !== QUOTE) return false
  for (let at = 1; at < last; at++) {
    const byte = bytes[at]!
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) return false
  }
  return true
}

/** What came of short texts: the format's version, the names of channels, a step's metadata come again in every thread. */
class Remembered<Result> {
  /** By dialect and encoding, then by text. */
  private readonly results = new Map<string, Map<string, Result>>()

  of({ bytes, encoding }: Value, dialect: Dialect, make: () => Result): Result {
    if (bytes === undefined || bytes.length > MAX_REMEMBERED_BYTES) return make()
    const results = this.resultsOf(`${dialect} ${encoding}`)
    const text = bytes.toString('latin1')
    const known = results.get(text)
    if (known !== undefined) return known
    const result = make()
    if (results.size >= MAX_REMEMBERED) results.clear()
    results.set(text, result)
    return result
  }

  private resultsOf(kind: string): Map<string, Result> {
    const known = this.results.get(kind)
    if (known !== undefined) return known
    const results = new Map<string, Result>()
    this.results.set(kind, results)
    return results
  }
}
const MAX_REMEMBERED_BYTES = 256
const MAX_REMEMBERED = 2000
const METADATA = new Remembered<ReadonlyMap<string, Digest>>()
const MEMBERS = new Remembered<Digest>()

const digestOfTree = (tree: Tree): Digest => digestText(treeValue(tree))

/** JSON of either side is read in one way, so that an envelope and the object it was made of are equal. */
function revivedTree(value: Value): Tree {
  const { bytes, encoding } = value
  if (bytes === undefined || encoding === 'msgpack') return treeOf(value)
  try {
    return treeOf(pythonJsonValue(bytes, 0, bytes.length))
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return treeOf(value)
  }
}

/** A value as JSONB can hold it. */
function jsonbTree(tree: Tree, dialect: Dialect): Tree {
  switch (tree.kind) {
    case 'float':
      if (!Number.isFinite(tree.value)) return { kind: 'null' }
      // JSONB has no −0.0.
      return { kind: 'float', value: tree.value === 0 ? 0 : tree.value }
    case 'int':
      // JavaScript has one kind of number.
      return dialect === 'js' ? { kind: 'float', value: Number(tree.value) } : tree
    case 'text':
      return { kind: 'text', utf8: jsonbText(tree.utf8) }
    case 'bytearray':
      return { kind: 'bytes', bytes: tree.bytes }
    case 'list':
    case 'tuple':
      return { kind: 'list', items: tree.items.map((item) => jsonbTree(item, dialect)) }
    case 'set':
    case 'frozenset':
      return { kind: tree.kind, items: tree.items.map((item) => jsonbTree(item, dialect)) }
    case 'map':
      return mapTree(tree.entries, dialect)
    case 'object':
      return objectTree(tree.head, jsonbTree(tree.body, dialect))
    default:
      return tree
  }
}

/** Keys that become equal are one: the later one counts, as in JSONB. */
function mapTree(entries: readonly (readonly [Tree, Tree])[], dialect: Dialect): Tree {
  const members = new Map<string, Tree>()
  for (const [key, value] of entries) members.set(keyText(key), jsonbTree(value, dialect))
  return {
    kind: 'map',
    entries: Array.from(members, ([key, value]) => [
      { kind: 'text', utf8: Buffer.from(key, 'latin1') },
      value,
    ]),
  }
}

/** The bytes of a key's text, one character each. */
function keyText(key: Tree): string {
  switch (key.kind) {
    case 'text':
      return keyTextOf(jsonbText(key.utf8))
    case 'float':
      return floatKey(key.value)
    case 'int':
    case 'bool':
      return String(key.value)
    case 'null':
      return 'null'
    default:
      return digestOfTree(jsonbTree(key, 'python'))
  }
}

/** A container that is a key becomes its JSON: whatever looks like one is told apart by its value, not by its spelling. */
function keyTextOf(utf8: Buffer): string {
  if (utf8[0] !== 0x5b && utf8[0] !== 0x7b) return utf8.toString('latin1')
  try {
    return digestOfTree(jsonbTree(treeOf(pythonJsonValue(utf8, 0, utf8.length)), 'python'))
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return utf8.toString('latin1')
  }
}

/** In JSON an object keeps its class and its arguments, not the way in which it is built. */
function objectTree({ form, module, name }: ObjectHead, body: Tree): Tree {
  const [owner, className] = form === 'numpy' ? ['numpy', 'ndarray'] : [module, name]
  const isOne = form === 'single-argument' || form === 'method'
  const path = Buffer.from(`${owner}.${className}`)
  return {
    kind: 'list',
    items: [{ kind: 'text', utf8: path }, isOne ? { kind: 'list', items: [body] } : body],
  }
}

function jsonbText(utf8: Buffer): Buffer {
  let text = utf8
  if (text.includes(0)) text = text.filter((byte) => byte !== 0) as Buffer
  for (let at = surrogateAt(text, 0, text.length); at >= 0; at = surrogateAt(text, 0, text.length)) {
    text = Buffer.concat([text.subarray(0, at), QUESTION_MARK, text.subarray(at + 3)])
  }
  return text
}

const QUESTION_MARK = Buffer.from('?')
