/** Runs around every test file: whatever the file started ends with it. */
import { afterAll } from 'vitest'

type Ending = () => Promise<void>
const endings: Ending[] = []

/** Runs `ending` after the last test of this file, whether the tests pass or not; the latest one first. */
export function atEndOfFile(ending: Ending): void {
  endings.push(ending)
}

afterAll(async () => {
  const problems: unknown[] = []
  for (const ending of endings.splice(0).reverse()) await ending().catch((problem) => problems.push(problem))
  if (problems.length > 0) throw new AggregateError(problems, 'not everything could be stopped')
})
