/** A sample has the size that was asked for, and is the same for the same seed. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Sample } from '../../src/verbs/verify/choice.js'

const chosen = (size: number, total: number, seed: string): number[] => {
  const sample = new Sample(size, total, seed)
  return Array.from({ length: total }, (_, at) => at).filter(() => sample.takes())
}

describe('a sample', () => {
  test('has exactly the size that was asked for', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(200), fc.string(), (size, total, seed) => {
        expect(chosen(size, total, seed)).toHaveLength(Math.min(size, total))
      }),
    )
  })

  test('is the same for the same seed, and another for another', () => {
    expect(chosen(10, 1000, 'a')).toEqual(chosen(10, 1000, 'a'))
    expect(chosen(10, 1000, 'a')).not.toEqual(chosen(10, 1000, 'b'))
  })

  test('takes from everywhere', () => {
    const counts = new Array<number>(20).fill(0)
    for (let seed = 0; seed < 2000; seed++) for (const at of chosen(5, 20, `${seed}`)) counts[at]!++
    for (const count of counts) expect(count).toBeGreaterThan(400)
  })
})
