/** A short slice of the migration beside a live application: see live.ts. */
import { expect, test } from 'vitest'
import { run } from './live.js'

test('an application that writes the same rows at the same time is never ended by a deadlock, and nothing is lost', async () => {
  const { violations, counts } = await run({ seed: 1, count: 1, log: () => {} })
  // How long it waits is a matter of the machine: the suite itself looks at that.
  expect(violations.filter(({ what }) => !what.startsWith('the application waited'))).toEqual([])
  expect(counts['migrations that met it']).toBe(1)
})
