/** Values as documents of the Python saver hold them: the same text whether a list has grown or is new. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { redisFloat } from '../../../src/codec/json/redis-float.js'
import { redisText } from '../../../src/codec/json/redis-text.js'
import { MsgpackWriter } from '../../../src/codec/msgpack/write.js'
import { emitTree } from '../../../src/codec/tree.js'
import type { ValueText } from '../../../src/convert/redis/dialect.js'
import { DEFAULT_REDIS_PREFIXES } from '../../../src/convert/redis/options.js'
import { PythonKeys } from '../../../src/convert/redis/python.js'
import type { Tree } from '../../../src/model/value.js'

const item = fc.oneof(
  fc.string({ maxLength: 300 }).map((text): Tree => ({ kind: 'text', utf8: Buffer.from(text) })),
  fc.integer().map((value): Tree => ({ kind: 'int', value })),
  fc.uint8Array({ maxLength: 300 }).map((bytes): Tree => ({ kind: 'bytes', bytes: Buffer.from(bytes) })),
  fc.constant<Tree>({
    kind: 'map',
    entries: [
      [
        { kind: 'int', value: 1 },
        { kind: 'list', items: [] },
      ],
    ],
  }),
)

function msgpackOf(items: readonly Tree[]): Buffer {
  const writer = new MsgpackWriter()
  writer.reset()
  emitTree({ kind: 'list', items }, writer)
  return Buffer.from(writer.view())
}

const whole = ({ text, close = '' }: ValueText): string => text.toString() + close

it('writes each version of a list as if it were alone, and leaves the texts of older ones as they were', () => {
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 40 }),
      fc.array(fc.nat({ max: 40 }), { maxLength: 8 }),
      (items, cuts) => {
        const keys = new PythonKeys(DEFAULT_REDIS_PREFIXES)
        const versions = cuts.map((cut) => msgpackOf(items.slice(0, cut)))
        const found = versions.map((blob) => keys.valueText({ type: 'msgpack', blob }, 'thread')!)
        for (const [at, blob] of versions.entries()) {
          const alone = new PythonKeys(DEFAULT_REDIS_PREFIXES).valueText({ type: 'msgpack', blob })!
          expect(whole(found[at]!)).toBe(whole(alone))
          expect([found[at]!.depth, found[at]!.losses]).toEqual([alone.depth, alone.losses])
        }
      },
    ),
    { numRuns: 200, seed: 9 },
  )
})

it('spells floats as what they are', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = redisFloat(value)
      expect(text).toMatch(/[.e]/)
      // Itself, or its neighbour where RedisJSON would round twice.
      expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -51)
    }),
    { numRuns: 1000, seed: 9 },
  )
})

it('leaves JSON as it is but for floats that RedisJSON would read wrong, and refuses half a pair', () => {
  const text = Buffer.from(
    '{"a":[1,12345678901234567890,"0.30000000000000004\\\\\\"",-1.5e3],"b":-0.123456789012345678}',
  )
  const { text: written, depth, longIntegers } = redisText(text)
  expect(JSON.parse(written.toString())).toEqual(JSON.parse(text.toString()))
  expect({ depth, longIntegers }).toEqual({ depth: 2, longIntegers: 0 })
  expect(redisText(Buffer.from('[18446744073709551616]')).longIntegers).toBe(1)
  const plain = Buffer.from('["\\ud83e\\udde0", "\\\\ud83e"]')
  expect(redisText(plain).text).toBe(plain)
  for (const half of ['"\\ud83e"', '"\\udde0\\ud83e"', '"a\\uDDE0"'])
    expect(() => redisText(Buffer.from(half))).toThrow('half a surrogate pair')
})
