/** Numbers of their own for forks that come to one number with different values. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JS_NUMBERING, renumbered } from '../../src/convert/js-versions.js'

function first<T>(count: number, from: Iterable<T>): T[] {
  const items: T[] = []
  for (const item of from) {
    items.push(item)
    if (items.length === count) break
  }
  return items
}

describe('numbers beside a number', () => {
  it('are halves, quarters, eighths', () => {
    expect(first(7, renumbered(4))).toEqual([4.5, 4.25, 4.75, 4.125, 4.625, 4.375, 4.875])
    expect(first(2, renumbered(2.5))).toEqual([2.75, 2.625])
  })

  it('are as many as anybody needs, each once, between it and the next, in the same text everywhere', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (version) => {
        const numbers = first(1000, renumbered(version)) as number[]
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
    for (const number of first(20, renumbered(4))) {
      expect(JS_NUMBERING.isSame(number, 4)).toBe(true)
      expect(JS_NUMBERING.isSame(number, 3)).toBe(false)
      expect(JS_NUMBERING.isSame(number, 5)).toBe(false)
    }
  })
})

describe('texts beside a text', () => {
  it('sort above it and below the next, and stand for it alone', () => {
    const [a, b] = ['00000000000000000000000000000002.0.7312', '00000000000000000000000000000003.0.1']
    for (const text of first(20, renumbered(a)) as string[]) {
      expect([b, text, a].sort()).toEqual([a, text, b])
      expect(a.localeCompare(text)).toBeLessThan(0)
      expect(text.localeCompare(b)).toBeLessThan(0)
      expect(JS_NUMBERING.isSame(text, a)).toBe(true)
      expect(JS_NUMBERING.isSame(text, b)).toBe(false)
    }
  })
})
