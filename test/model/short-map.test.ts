/** Tests of the map for a few names: whatever happens to it, it is what a Map would be. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { eachAs, ShortMap } from '../../src/model/short-map.js'

const name = fc.oneof(fc.constantFrom('a', 'b', 'messages', '__start__', ''), fc.string({ maxLength: 3 }))

test('holds what a Map holds, in the same order, however many names there are and whatever was expected', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.integer()), { maxLength: 60 }), fc.nat(40), (pairs, expected) => {
      const short = new ShortMap<number>(expected)
      const map = new Map<string, number>()
      for (const [key, value] of pairs) {
        short.set(key, value)
        map.set(key, value)
      }
      expect([...short]).toEqual([...map])
      expect([...short.keys()]).toEqual([...map.keys()])
      expect([...short.values()]).toEqual([...map.values()])
      expect(short.size).toBe(map.size)
      const seen: [string, number][] = []
      short.forEach((value, key) => {
        seen.push([key, value])
      })
      expect(seen).toEqual([...map])
      for (const key of [...map.keys(), 'not there', 'undefined']) {
        expect(short.get(key)).toBe(map.get(key))
        expect(short.has(key)).toBe(map.has(key))
      }
    }),
  )
})

test('a map of which nothing changes stays the same one; otherwise each value becomes what it does, and the first map is left as it was', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.integer({ min: 0, max: 5 })), { maxLength: 30 }), (pairs) => {
      const map = new Map(pairs)
      const before = [...map]
      const become = (value: number, key: string) => (key.length > 0 && value > 3 ? value + 1 : value)
      const after = eachAs(map, become)
      expect([...after]).toEqual(before.map(([key, value]) => [key, become(value, key)]))
      expect([...map]).toEqual(before)
      expect(after === map).toBe(before.every(([key, value]) => become(value, key) === value))
    }),
  )
})
