/** A short slice of the random sequences: see model.ts. */
import { expect, test } from 'vitest'
import { run } from './model.js'

test('whatever an application, time and an operator do, killed or not, no checkpoint is nowhere', async () => {
  const { violations, counts } = await run({ seed: 10, count: 1, log: () => {} })
  expect(violations).toEqual([])
  expect(counts).toMatchObject({
    put: expect.any(Number),
    migrate: expect.any(Number),
    purge: expect.any(Number),
  })
})
