/** Values as a Python program can hold them, for the tests beside the official serializer: keys and members are unique and hashable. */
import fc from 'fast-check'
import type { ObjectHead, Tree } from '../../../src/model/value.js'

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 64n - 1n

/** Both sides of every form's border, and anything between. */
const borders = [5n, 7n, 8n, 15n, 16n, 31n, 32n, 53n, 63n]
  .flatMap((bits) => [2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n])
  .concat([MAX_INT, 0n])
const int: fc.Arbitrary<Tree> = fc
  .oneof(
    fc.constantFrom(...borders, ...borders.map((border) => -border).filter((border) => border >= MIN_INT)),
    fc.bigInt({ min: MIN_INT, max: MAX_INT }),
    fc.integer({ min: -40, max: 300 }).map(BigInt),
  )
  .map((value) => ({
    kind: 'int',
    value: value <= MAX_SAFE && value >= -MAX_SAFE ? Number(value) : value,
  }))
/** A NaN's sign and payload do not survive JavaScript. */
const float: fc.Arbitrary<Tree> = fc
  .double()
  .map((value) => ({ kind: 'float', value: Number.isNaN(value) ? Number.NaN : value }))

/** Lengths up to both borders of a text's header. */
const chars = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.nat(70_000).map((length) => 'x'.repeat(length)),
  fc.constantFrom('한국어 텍스트', '\ud7ff\ue000'.repeat(40)),
)
const plainText: fc.Arbitrary<Tree> = chars.map((value) => ({ kind: 'text', utf8: Buffer.from(value) }))
const surrogate = fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => {
  return Buffer.from([0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)])
})
const brokenText: fc.Arbitrary<Tree> = fc
  .array(fc.oneof(surrogate, chars.map(Buffer.from)), { maxLength: 5 })
  .map((parts) => ({ kind: 'text', utf8: Buffer.concat(parts) }))

const bytes = fc
  .oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.nat(70_000).map((length) => new Uint8Array(length)),
  )
  .map((array) => Buffer.from(array))
const bin: fc.Arbitrary<Tree> = bytes.map((value) => ({ kind: 'bytes', bytes: value }))
const tupleOf = (items: readonly Tree[]): Tree => ({ kind: 'tuple', items })
const constant: fc.Arbitrary<Tree> = fc.constantFrom<Tree>(
  { kind: 'null' },
  { kind: 'bool', value: true },
  { kind: 'bool', value: false },
)

/** No tuples: of a set that holds one the official reader makes a list, because lists cannot be members. */
const member: fc.Arbitrary<Tree> = fc.oneof(constant, int, float, plainText, bin)
const key: fc.Arbitrary<Tree> = fc.oneof(
  member,
  fc.array(fc.oneof(member, fc.array(member, { maxLength: 2 }).map(tupleOf)), { maxLength: 3 }).map(tupleOf),
)

/** What Python's `==` and `hash` see: 1, 1.0 and True are one key. */
function identity(tree: Tree): string {
  switch (tree.kind) {
    case 'null':
      return 'none'
    case 'bool':
      return `n${Number(tree.value)}`
    case 'int':
      return `n${tree.value}`
    case 'float':
      return `n${Number.isInteger(tree.value) ? BigInt(tree.value) : tree.value}`
    case 'text':
      return `t${tree.utf8.toString('hex')}`
    case 'bytes':
    case 'bytearray':
      return `b${tree.bytes.toString('hex')}`
    case 'tuple':
      return `(${tree.items.map(identity).join()})`
    default:
      throw new Error(`${tree.kind} is not hashable`)
  }
}

const object = (
  form: ObjectHead['form'],
  module: string,
  name: string,
  body: fc.Arbitrary<Tree>,
  method?: string,
): fc.Arbitrary<Tree> =>
  body.map((tree) => ({
    kind: 'object',
    head: { form, module, name, ...(method === undefined ? {} : { method }) },
    body: tree,
  }))
const textOf = (arbitrary: fc.Arbitrary<string>): fc.Arbitrary<Tree> =>
  arbitrary.map((value) => ({ kind: 'text', utf8: Buffer.from(value) }))
const listOf = (...items: fc.Arbitrary<Tree>[]): fc.Arbitrary<Tree> =>
  fc.tuple(...items).map((all) => ({ kind: 'list', items: all }))
const intIn = (min: number, max: number): fc.Arbitrary<Tree> =>
  fc.integer({ min, max }).map((value) => ({ kind: 'int', value }))

const isoMoment = fc
  .date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T00:00:00Z'),
    noInvalidDate: true,
  })
  .map((date) =>
    date
      .toISOString()
      .replace(/\.000Z$/, '+00:00')
      .replace(/Z$/, '000+00:00'),
  )
const known = fc.oneof(
  object('single-argument', 'uuid', 'UUID', textOf(fc.uuid().map((id) => id.replaceAll('-', '')))),
  object('single-argument', 'decimal', 'Decimal', textOf(fc.bigInt().map((n) => `${n}.50`))),
  object('method', 'datetime', 'datetime', textOf(isoMoment), 'fromisoformat'),
  object('positional', 'datetime', 'date', listOf(intIn(1, 9999), intIn(1, 12), intIn(1, 28))),
  object('positional', 'datetime', 'timedelta', listOf(intIn(-999, 999), intIn(0, 86399), intIn(0, 999_999))),
)

const unique = { selector: identity }

export const anyPythonTree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    constant,
    int,
    float,
    fc.oneof(plainText, brokenText),
    bin,
    bytes.map<Tree>((value) => ({ kind: 'bytearray', bytes: value })),
    fc
      .tuple(
        fc.constantFrom('list' as const, 'tuple' as const),
        fc.oneof(fc.array(tie('tree'), { maxLength: 5 }), fc.array(int, { maxLength: 300 })),
      )
      .map<Tree>(([kind, items]) => ({ kind, items })),
    fc
      .tuple(
        fc.constantFrom('set' as const, 'frozenset' as const),
        fc.uniqueArray(member, { ...unique, maxLength: 6 }),
      )
      .map<Tree>(([kind, items]) => ({ kind, items })),
    fc
      .tuple(fc.uniqueArray(key, { ...unique, maxLength: 20 }), fc.infiniteStream(tie('tree')))
      .map<Tree>(([keys, values]) => ({
        kind: 'map',
        entries: keys.map((key) => [key, values.next().value as Tree] as const),
      })),
    known,
    object(
      'single-argument',
      'collections',
      'deque',
      fc.array(tie('tree'), { maxLength: 4 }).map((items) => ({ kind: 'list', items })),
    ),
    object('positional', 'langgraph.types', 'Send', listOf(textOf(fc.string()), tie('tree'))),
    object('delta-snapshot', '', '', tie('tree')),
  ),
})).tree

/** Whether a set in it has an order that another process may not repeat. */
export function hasManyInSet(tree: Tree): boolean {
  switch (tree.kind) {
    case 'set':
    case 'frozenset':
      return tree.items.length > 1
    case 'list':
    case 'tuple':
      return tree.items.some(hasManyInSet)
    case 'map':
      return tree.entries.some(([, value]) => hasManyInSet(value))
    case 'object':
      return hasManyInSet(tree.body)
    default:
      return false
  }
}

/** Objects that Python can hash, of which ormsgpack takes some as keys and refuses others. */
export const keyObject: fc.Arbitrary<Tree> = fc.oneof(
  known,
  object(
    'single-argument',
    '__main__',
    'Colour',
    fc.constant<Tree>({ kind: 'text', utf8: Buffer.from('red') }),
  ),
  object('single-argument', '__main__', 'Grade', fc.constant<Tree>({ kind: 'int', value: 1 })),
  object(
    'single-argument',
    '__main__',
    'Spot',
    fc.constant<Tree>(
      tupleOf([
        { kind: 'int', value: 1 },
        { kind: 'text', utf8: Buffer.from('a') },
      ]),
    ),
  ),
  object(
    'method',
    'datetime',
    'datetime',
    textOf(
      fc.constantFrom(
        '2024-01-02T03:04:05+05:30',
        '2024-01-02T03:04:05.000678-03:00:15',
        '2024-01-02T00:00:00',
      ),
    ),
    'fromisoformat',
  ),
  fc
    .record({
      hour: fc.nat(23),
      minute: fc.nat(59),
      second: fc.nat(59),
      microsecond: fc.oneof(fc.constant(0), fc.nat(999_999)),
    })
    .map<Tree>((time) => ({
      kind: 'object',
      head: { form: 'keywords', module: 'datetime', name: 'time' },
      body: {
        kind: 'map',
        entries: [
          ...Object.entries(time).map(
            ([name, value]) =>
              [
                { kind: 'text', utf8: Buffer.from(name) },
                { kind: 'int', value },
              ] as const,
          ),
          [{ kind: 'text', utf8: Buffer.from('tzinfo') }, { kind: 'null' }] as const,
        ],
      },
    })),
  object('single-argument', 'ipaddress', 'IPv4Address', textOf(fc.ipV4())),
)
