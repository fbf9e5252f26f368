/** Numbers of their own for forks that come to one number with different values. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JS_NUMBERING, versionAbove, versionBeside } from '../../../src/convert/js/versions.js'
import type { ChannelVersion } from '../../../src/model/thread.js'

const beside = (count: number, version: ChannelVersion) =>
  Array.from({ length: count }, (_, n) => versionBeside(version, n + 1)!)

describe('numbers beside a number', () => {
  it('are halves, quarters, eighths', () => {
    expect(beside(7, 4)).toEqual([4.5, 4.25, 4.75, 4.125, 4.625, 4.375, 4.875])
    expect(beside(2, 2.5)).toEqual([2.75, 2.625])
  })

  it('are as many as anybody needs, each once, between it and the next, in the same text everywhere', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (version) => {
        const numbers = beside(1000, version) as number[]
        expect(new Set(numbers).size).toBe(1000)
        for (const number of numbers) {
          expect(number).toBeGreaterThan(version)
          expect(number).toBeLessThan(version + 1)
          // PostgreSQL keeps a number's digits: the text in JSONB is the text that blobs are found by.
          expect(String(number)).toMatch(/^\d+\.\d+$/)
          expect(JSON.stringify(JSON.parse(String(number)))).toBe(String(number))
        }
      }),
      { numRuns: 20 },
    )
  })

  it('are recognised as standing for it, and for no other', () => {
    for (const number of beside(20, 4)) {
      expect(JS_NUMBERING.isSame(number, 4)).toBe(true)
      expect(JS_NUMBERING.isSame(number, 3)).toBe(false)
      expect(JS_NUMBERING.isSame(number, 5)).toBe(false)
    }
  })
})

describe('numbers above a number', () => {
  it('are a million, and then there are no more', () => {
    let [above, count] = [versionAbove(4.5), 0]
    while (above !== undefined && count < 2 ** 20) [above, count] = [versionAbove(above), count + 1]
    expect(above).toBeUndefined()
    expect(count).toBe(2 ** 19 - 1)
    expect(versionAbove(2 ** 50)).toBeUndefined()
    expect(versionBeside(2 ** 53, 1)).toBeUndefined()
  })
})

describe('texts beside a text', () => {
  it('sort above it and below the next, and stand for it alone', () => {
    const [a, b] = ['00000000000000000000000000000002.0.7312', '00000000000000000000000000000003.0.1']
    const above = versionAbove(versionBeside(a, 7)!)
    for (const text of [...beside(20, a), above] as string[]) {
      expect([b, text, a].sort()).toEqual([a, text, b])
      expect(a.localeCompare(text)).toBeLessThan(0)
      expect(text.localeCompare(b)).toBeLessThan(0)
      expect(JS_NUMBERING.isSame(text, a)).toBe(true)
      expect(JS_NUMBERING.isSame(text, b)).toBe(false)
    }
  })
})
