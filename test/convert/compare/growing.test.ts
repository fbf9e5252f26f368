/** Tests of digests of values that grow: what is reused changes no digest, whatever the values are. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestText } from '../../../src/codec/digest.js'
import { pythonJsonValue } from '../../../src/codec/json/python-json.js'
import { msgpackValue } from '../../../src/codec/msgpack/read.js'
import { MsgpackWriter } from '../../../src/codec/msgpack/write.js'
import { GrowingDigests } from '../../../src/convert/compare/growing.js'
import { sourceList, storedList } from '../../../src/convert/compare/values.js'
import type { Value } from '../../../src/model/value.js'

const item = fc.oneof(
  // Msgpack has no integers over 64 bits.
  fc.jsonValue({ maxDepth: 3 }).filter((value) => !/\d{19}/.test(JSON.stringify(value))),
  // Long ones stand by their hash in the canonical form.
  fc.record({ content: fc.string({ minLength: 400, maxLength: 700 }), id: fc.string({ maxLength: 5 }) }),
)

const jsonOf = (value: unknown): Value => {
  const text = Buffer.from(JSON.stringify(value))
  return pythonJsonValue(text, 0, text.length)
}
const msgpackOf = (value: unknown): Value => {
  const writer = new MsgpackWriter()
  writer.reset()
  jsonOf(value).emit(writer)
  return msgpackValue(Buffer.from(writer.view()))
}

/** Versions of one channel: it grows, stays, changes in the middle, is emptied, becomes something else. */
const history = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ add: fc.array(item, { minLength: 1, maxLength: 20 }) }) },
      { weight: 1, arbitrary: fc.record({ become: item }) },
      { weight: 1, arbitrary: fc.record({ drop: fc.nat(3) }) },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) => {
    let list: unknown[] = []
    return steps.map((step): unknown => {
      if ('become' in step) return step.become
      if ('add' in step) list = [...list, ...step.add]
      else list = list.slice(step.drop)
      return list
    })
  })

test('a digest is the same whether the values before it were seen or not, in the source and in the target', () => {
  fc.assert(
    fc.property(
      fc.array(history, { maxLength: 3 }),
      fc.constantFrom(0, 2000, 1_000_000),
      (channels, budget) => {
        // Threads come one after the other, and use the same memory again.
        for (let thread = 0; thread < 2; thread++) {
          const source = new GrowingDigests(budget, sourceList)
          const stored = new GrowingDigests(budget, storedList)
          const steps = Math.max(0, ...channels.map((values) => values.length))
          for (let at = 0; at < steps; at++) {
            for (const [channel, values] of channels.entries()) {
              const value = values[(at + thread) % values.length]
              const expected = digestText(jsonOf(value))
              expect(source.of(`c${channel}`, jsonOf(value))).toBe(expected)
              expect(stored.of(`c${channel}`, msgpackOf(value))).toBe(expected)
            }
          }
          source.release()
          stored.release()
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('a list that only looks longer is another list', () => {
  const digests = new GrowingDigests(1000, sourceList)
  const of = (value: unknown) => digests.of('c', jsonOf(value))
  expect(new Set([of(['a']), of(['a', 'b']), of(['ab']), of([['a'], 'b']), of([]), of([[]])]).size).toBe(6)
})
