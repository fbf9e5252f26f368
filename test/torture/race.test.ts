/** A short slice of the races: see race.ts. */
import { expect, test } from 'vitest'
import { run } from './race.js'

test('an application that writes while it is purged loses nothing, and goes on to its end from where it stands', async () => {
  const { violations, counts } = await run({ seed: 7, count: 24, log: () => {} })
  expect(violations).toEqual([])
  // Both have to win some of the races, or they were none.
  expect(counts).toMatchObject({ purged: expect.any(Number), 'left alone': expect.any(Number) })
  expect(counts['a write between plan and delete']).toBeGreaterThanOrEqual(24)
})
