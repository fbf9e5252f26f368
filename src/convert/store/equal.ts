/** Whether the value of an item and that of its row are the same, by what each decodes to (pure). */
import { plainJsonValue } from '../../codec/json/read.js'
import { treeOf, treeValue } from '../../codec/tree.js'
import type { StoreDialect } from '../../model/store.js'
import type { Tree } from '../../model/value.js'
import { jsonbDigest } from '../compare/jsonb.js'

/** Equal for equal values, with what JSONB cannot keep apart taken for the same. Throws `DecodeError`. */
export function storeValueDigest(json: Buffer, dialect: StoreDialect): string {
  return jsonbDigest(treeValue(asNumeric(treeOf(plainJsonValue(json, 0, json.length)))), dialect)
}

/** JSONB spells numbers out: what was written with an exponent comes back as an integer. */
function asNumeric(tree: Tree): Tree {
  switch (tree.kind) {
    case 'float':
      return Number.isInteger(tree.value) && Math.abs(tree.value) >= 1e16 ? whole(tree.value) : tree
    case 'list':
      return { ...tree, items: tree.items.map(asNumeric) }
    case 'map':
      return { kind: 'map', entries: tree.entries.map(([key, value]) => [key, asNumeric(value)]) }
    default:
      return tree
  }
}

/** Of its shortest spelling, not of its binary digits. */
function whole(value: number): Tree {
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const [head = '', fraction = ''] = digits.split('.')
  const int = BigInt(head + fraction.padEnd(Number(exponent), '0'))
  return { kind: 'int', value: Number.isSafeInteger(Number(int)) ? Number(int) : int }
}

/** Bit by bit, as the 32-bit floats of a `vector`; or rounded to the 16 bits of a `halfvec`. */
export function sameEmbedding(wanted: readonly number[], there: readonly number[], type: string): boolean {
  const same = type.startsWith('halfvec') ? isRounded : Object.is
  return (
    wanted.length === there.length &&
    wanted.every((one, at) => same(Math.fround(one), Math.fround(there[at]!)))
  )
}

/** To 11 significant bits; the smallest numbers to multiples of 2^-24. */
const isRounded = (one: number, half: number): boolean =>
  Math.abs(one - half) <= Math.max(Math.abs(one) * 2 ** -11, 2 ** -25)
