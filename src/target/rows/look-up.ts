/** What the target and the ledger know of many threads, asked at once before their values are read. */

import { qualified, type SqlSession } from '../connection/session.js'
import { type CurrentThread, type LedgerScope, readRunThreads, readThreads } from '../ledger/read.js'
import type { ThreadState } from './commit.js'
import { existingThreads } from './known.js'

/** Threads that neither knows are left out. Without a run only the target is asked. */
export async function lookUpThreads(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
  run?: {
    readonly scope: LedgerScope
    readonly runId?: number
    /** Numbers are not enough: rows of others may make up for ours. */
    readonly doubtful?: boolean
  },
): Promise<Map<string, ThreadState>> {
  // A text with NUL cannot even be asked for; the converter reports it.
  const askable = threadIds.filter((threadId) => !threadId.includes('\0'))
  const states = new Map<string, ThreadState>()
  for (const threadId of await existingThreads(session, schema, askable)) {
    states.set(threadId, { hasRows: true, stands: true })
  }
  if (run === undefined) return states
  const recorded = await readThreads(session, run.scope, askable)
  if (recorded.size === 0) return states
  const counts = await rowCounts(session, schema, [...recorded.keys()])
  const { runId } = run
  const sameRun = await readRunThreads(session, run.scope.ledgerSchema, {
    threadIds:
      runId === undefined
        ? []
        : [...recorded.values()]
            .filter(({ runIds }) => runIds.includes(runId))
            .map(({ threadId }) => threadId),
    ...(runId === undefined ? {} : { runId }),
  })
  for (const [threadId, thread] of recorded) {
    const own = sameRun.find((row) => row.threadId === threadId)
    const rows = counts.get(threadId)
    states.set(threadId, {
      hasRows: states.has(threadId),
      stands: run.doubtful !== true && isThere(thread, rows),
      ...(rows && { rows }),
      recorded: thread,
      ...(own && { sameRun: own }),
    })
  }
  return states
}

type Counts = NonNullable<ThreadState['rows']>

async function rowCounts(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<Map<string, Counts>> {
  const count = (table: string) =>
    `(SELECT count(*) FROM ${qualified(schema, table)} r WHERE r.thread_id = wanted.thread_id)`
  const { rows } = await session.query<Record<keyof Counts, bigint> & { thread_id: string }>(
    `SELECT thread_id, ${count('checkpoints')} AS checkpoints, ${count('checkpoint_blobs')} AS blobs,
       ${count('checkpoint_writes')} AS writes
     FROM unnest($1::text[]) AS wanted(thread_id)`,
    [threadIds],
  )
  return new Map(
    rows.map((row) => [
      row.thread_id,
      { checkpoints: Number(row.checkpoints), blobs: Number(row.blobs), writes: Number(row.writes) },
    ]),
  )
}

/**
 * Rows that somebody else added may make up for ours that are gone. That hides no loss: a checkpoint of ours that is gone was deleted
 * on purpose, and lost values of one that is there are found by verify.
 */
const isThere = (recorded: CurrentThread, counts: Counts | undefined): boolean =>
  counts !== undefined &&
  counts.checkpoints >= recorded.checkpoints &&
  counts.blobs >= recorded.blobs &&
  counts.writes >= recorded.writes
