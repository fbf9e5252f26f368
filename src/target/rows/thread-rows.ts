/** Reads the rows of threads out of Postgres piece by piece, all from one state of the tables. */
import type { ThreadRows } from '../../model/thread-rows.js'
import type { CopyOutSession } from './read-rows.js'
import type { Dialect } from './read-rows-values.js'

export interface ThreadsToRead {
  readonly schema: string
  readonly dialect: Dialect
  readonly threadIds: readonly string[]
  readonly signal?: AbortSignal
}

/** What `read` makes of the rows; the transaction they are read in ends with it. */
export async function* withThreadRows<T>(
  _session: CopyOutSession,
  _request: ThreadsToRead,
  _read: (rows: ThreadRows) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {}
