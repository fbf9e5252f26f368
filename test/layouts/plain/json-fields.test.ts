/** Tests of finding members: they stand where the text has them, and are those that Python's `json.loads` would keep. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import { fieldsAt } from '../../../src/layouts/plain/json-fields.js'

const name = fc.oneof(fc.constantFrom('a', 'inside', 'thread_id'), fc.string({ maxLength: 4 }))
/** An object as pairs, so that a name can come twice. */
const value = fc.jsonValue({ maxDepth: 2 }).map((made): unknown => JSON.parse(JSON.stringify(made)))
const pairs = fc.array(fc.tuple(name, value), { maxLength: 50 })
const textOf = (all: readonly (readonly [string, unknown])[], inside?: string): string =>
  `{${all
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .concat(inside === undefined ? [] : [`"inside":${inside}`])
    .join(' ,\n')}}`

test('every member is where its value stands; of a name that comes twice the last counts, in the place of the first', () => {
  fc.assert(
    fc.property(pairs, pairs, (outer, inner) => {
      const text = Buffer.from(textOf(outer, textOf(inner)))
      const fields = fieldsAt(text, 0, { inside: {} })
      const expected = new Map<string, unknown>(outer)
      expected.set('inside', Object.fromEntries(inner))
      const found: [string, unknown][] = []
      fields.forEach(({ start, end }, key) => {
        found.push([key, JSON.parse(text.toString('utf8', start, end))])
      })
      expect(found.map(([key]) => key)).toEqual([...expected.keys()])
      for (const [key, value] of found) {
        if (key !== 'inside') expect(value).toEqual(expected.get(key))
        expect(fields.has(key)).toBe(true)
      }
      expect(fields.size).toBe(expected.size)
      expect(fields.end).toBe(text.length)
      const within = fields.get('inside')!.members!
      const kept = new Map(inner)
      expect(within.size).toBe(kept.size)
      for (const [key, value] of kept) {
        const { start, end } = within.get(key)!
        expect(JSON.parse(text.toString('utf8', start, end))).toEqual(value)
      }
      expect(fields.get('no such name')).toBeUndefined()
    }),
  )
})

test('a text that breaks off anywhere is refused, and the next one is read as if nothing had happened', () => {
  const whole = textOf([['a', [1, { b: 'c' }]]], textOf([['x', 1]]))
  for (let length = 1; length < whole.length; length++) {
    expect(() => fieldsAt(Buffer.from(whole.slice(0, length)), 0, { inside: {} })).toThrow(DecodeError)
    expect(fieldsAt(Buffer.from('{"a":1}'), 0).size).toBe(1)
  }
})
