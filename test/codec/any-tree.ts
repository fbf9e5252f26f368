/** Generates trees of every kind, nested; for the property tests of the codecs. */
import fc from 'fast-check'
import { OBJECT_FORMS, type ObjectHead, type Tree } from '../../src/model/value.js'

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((value) => Buffer.from(value))
/** `number` within ±(2^53 − 1), `bigint` beyond, as a sink is promised. */
const integer = fc
  .oneof(fc.maxSafeInteger().map(BigInt), fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }))
  .map((value) => (value <= MAX_SAFE && value >= -MAX_SAFE ? Number(value) : value))

const head: fc.Arbitrary<ObjectHead> = fc.record({
  form: fc.constantFrom(...OBJECT_FORMS),
  module: fc.constantFrom('app.state', 'langgraph.types'),
  name: fc.constantFrom('State', 'Send'),
})

export const anyTree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<Tree>({ kind: 'null' }),
    fc.boolean().map<Tree>((value) => ({ kind: 'bool', value })),
    integer.map<Tree>((value) => ({ kind: 'int', value })),
    fc.double().map<Tree>((value) => ({ kind: 'float', value })),
    text.map<Tree>((utf8) => ({ kind: 'text', utf8 })),
    bytes.map<Tree>((value) => ({ kind: 'bytes', bytes: value })),
    bytes.map<Tree>((value) => ({ kind: 'bytearray', bytes: value })),
    fc
      .tuple(
        fc.constantFrom('list' as const, 'tuple' as const, 'set' as const, 'frozenset' as const),
        fc.array(tie('tree'), { maxLength: 5 }),
      )
      .map<Tree>(([kind, items]) => ({ kind, items })),
    fc
      .array(fc.tuple(tie('tree'), tie('tree')), { maxLength: 5 })
      .map<Tree>((entries) => ({ kind: 'map', entries })),
    fc
      .tuple(head, tie('tree'))
      .map<Tree>(([objectHead, body]) => ({ kind: 'object', head: objectHead, body })),
  ),
})).tree
