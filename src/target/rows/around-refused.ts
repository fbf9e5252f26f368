/** Finds the threads whose rows Postgres refuses: what was sent together is sent again in halves, until each of them is alone. */
import { isRowRefused, sqlstateOf } from '../connection/errors.js'
import { type Committed, joined, type ThreadCommit } from './commit.js'

/** After this error of all of them; any other than a refused row is thrown again. */
export async function aroundRefused(
  error: unknown,
  threads: readonly ThreadCommit[],
  {
    some,
    refused,
  }: {
    some(threads: readonly ThreadCommit[]): Promise<Committed>
    refused(thread: ThreadCommit, sqlstate: string): Promise<Committed>
  },
): Promise<Committed> {
  if (!isRowRefused(error)) throw error
  if (threads.length === 1) return refused(threads[0]!, sqlstateOf(error)!)
  const middle = threads.length >> 1
  const first = await some(threads.slice(0, middle))
  return joined(first, await some(threads.slice(middle)))
}
