/** Generates JSON texts that writers would not make: odd white space, escapes, numbers, keys that come twice. */
import fc from 'fast-check'

const space = fc.constantFrom('', '', '', ' ', '\n', '\t \r')
const escaped = fc.oneof(
  fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t'),
  fc.constantFrom(
    '\\u0000',
    '\\u00e9',
    '\\u20AC',
    '\\uD83C\\uDF89',
    '\\ud800',
    '\\udfff',
    '\\ud83c\\u0041',
    '\\ud83c\\ud83c\\udf89',
  ),
)
const plain = fc
  .string({ unit: 'binary', maxLength: 90 })
  .map((text) => text.replaceAll(/["\\\p{Surrogate}\0-\x1f]/gu, '.'))
export const anyJsonString = fc
  .array(fc.oneof({ weight: 3, arbitrary: plain }, escaped), { maxLength: 4 })
  .map((parts) => `"${parts.join('')}"`)

export const anyJsonNumber = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc
    .double({ noDefaultInfinity: true, noNaN: true })
    .map((value) => (Object.is(value, -0) ? '-0.0' : String(value))),
  fc.constantFrom(
    '-0',
    '0',
    '1.0',
    '-0.0',
    '1e5',
    '1E+2',
    '1.50e-3',
    '1e400',
    '123456789012345678',
    '9007199254740993',
  ),
  fc.constantFrom(
    '9007199254740991',
    '-9007199254740991',
    '9007199254740992',
    '999999999999999',
    '1000000000000000',
  ),
)

const scalar = fc.oneof(
  anyJsonString,
  anyJsonNumber,
  fc.constantFrom('null', 'true', 'false', 'NaN', 'Infinity', '-Infinity'),
)
const key = fc.oneof(fc.constantFrom('"a"', '"b"', '"\\u0061"', '"lc"', '"__x__"'), anyJsonString)

export const anyJson: fc.Arbitrary<string> = fc.letrec<{ text: string }>((tie) => ({
  text: fc
    .tuple(
      space,
      fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        scalar,
        fc
          .array(tie('text'), { maxLength: 6 })
          .chain((items) => space.map((inside) => `[${items.join(',') || inside}]`)),
        fc
          .array(fc.tuple(space, key, space, tie('text')), { maxLength: 16 })
          .map(
            (members) => `{${members.map(([a, name, b, value]) => `${a}${name}${b}:${value}`).join(',')}}`,
          ),
      ),
      space,
    )
    .map((parts) => parts.join('')),
})).text
