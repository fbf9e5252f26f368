/** Asks CPython for pickles (oracle.py), once a test file, and shows trees as text that a test can state. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { digestOf } from '../../../src/codec/digest.js'
import { readPickle } from '../../../src/codec/pickle/read.js'
import { pickleValue } from '../../../src/codec/pickle/value.js'
import { treeOf, treeValue } from '../../../src/codec/tree.js'
import type { Tree } from '../../../src/model/value.js'

/** For each value its pickles by protocol 0–5; absent where Python cannot pickle it with that protocol. */
export type Pickles = readonly (Buffer | undefined)[]

export function cpythonPickles(
  expressions: readonly string[],
  trees: readonly Tree[],
): { expressions: readonly Pickles[]; trees: readonly Pickles[] } {
  const script = fileURLToPath(new URL('oracle.py', import.meta.url))
  const input = JSON.stringify({ expressions, trees: trees.map(oracleForm) })
  const output = execFileSync('python3', [script], { input, maxBuffer: 1 << 28 }).toString()
  const answer = JSON.parse(output) as Record<'expressions' | 'trees', (string | null)[][]>
  const decoded = (all: (string | null)[][]) =>
    all.map((pickles) => pickles.map((text) => (text === null ? undefined : Buffer.from(text, 'base64'))))
  return { expressions: decoded(answer.expressions), trees: decoded(answer.trees) }
}

function oracleForm(tree: Tree): unknown {
  switch (tree.kind) {
    case 'null':
      return ['null']
    case 'bool':
      return [tree.value ? 'true' : 'false']
    case 'int':
      return ['int', String(tree.value)]
    case 'float':
      return ['float', Object.is(tree.value, -0) ? '-0.0' : String(tree.value)]
    case 'text':
      return ['text', tree.utf8.toString('base64')]
    case 'bytes':
    case 'bytearray':
      return [tree.kind, tree.bytes.toString('base64')]
    case 'map':
      return ['map', tree.entries.map(([key, value]) => [oracleForm(key), oracleForm(value)])]
    case 'object':
      throw new Error('objects are asked for by expression')
    default:
      return [tree.kind, tree.items.map(oracleForm)]
  }
}

export const treeOfPickle = (bytes: Buffer): Tree => treeOf(pickleValue(readPickle(bytes)))

/** Members of sets in one order, since Python's depends on the process. */
export function inOneOrder(tree: Tree): Tree {
  switch (tree.kind) {
    case 'map':
      return { kind: 'map', entries: tree.entries.map(([k, v]) => [inOneOrder(k), inOneOrder(v)] as const) }
    case 'object':
      return { ...tree, body: inOneOrder(tree.body) }
    case 'list':
    case 'tuple':
      return { kind: tree.kind, items: tree.items.map(inOneOrder) }
    case 'set':
    case 'frozenset':
      return { kind: tree.kind, items: tree.items.map(inOneOrder).sort(byDigest) }
    default:
      return tree
  }
}

const byDigest = (a: Tree, b: Tree) => Buffer.compare(digestOf(treeValue(a)), digestOf(treeValue(b)))

/** `uuid.UUID <single-argument "…">`, `[1, 1.0f]`, `(…)`, `{"key": value}`, `set[…]`, `b"00ff"`. */
export function shown(tree: Tree): string {
  switch (tree.kind) {
    case 'null':
      return 'null'
    case 'bool':
    case 'int':
      return String(tree.value)
    case 'float':
      return `${Object.is(tree.value, -0) ? '-0' : tree.value}f`
    case 'text':
      return JSON.stringify(tree.utf8.toString())
    case 'bytes':
      return `b"${tree.bytes.toString('hex')}"`
    case 'bytearray':
      return `bytearray"${tree.bytes.toString('hex')}"`
    case 'map':
      return `{${tree.entries.map(([key, value]) => `${shown(key)}: ${shown(value)}`).join(', ')}}`
    case 'tuple':
      return `(${tree.items.map(shown).join(', ')})`
    case 'object': {
      const { form, module, name, method } = tree.head
      const called = form === 'method' ? `.${method}` : ''
      return `${module}.${name}${called} <${form} ${shown(tree.body)}>`
    }
    default:
      return `${tree.kind === 'list' ? '' : tree.kind}[${tree.items.map(shown).join(', ')}]`
  }
}
