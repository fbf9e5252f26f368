/** What a rollback has to undo, read from the ledger: the runs of its plan, and of each thread what these runs did to it. */

import { qualified, type SqlSession } from '../connection/session.js'
import { type LedgerScope, type RunRow, type RunThread, readRuns, readRunThreads } from '../ledger/read.js'

/** Where: runs of every source count, because they share the target's rows. */
export type TargetScope = Pick<LedgerScope, 'ledgerSchema' | 'targetSchema'>

/** One thread and everything that is on record of it. */
export interface ThreadToUndo {
  readonly threadId: string
  /** What the runs of the plan did to it, newest first; at least one. */
  readonly undone: readonly RunThread[]
  /** What runs outside of the plan did to it and still stands, newest first. */
  readonly kept: readonly RunThread[]
}

/** No row of it was there before the oldest of these runs: it goes as a whole. */
export const isWhole = ({ undone, kept }: ThreadToUndo): boolean =>
  kept.length === 0 && undone.at(-1)!.hadRowsBefore === false

/** Runs that have rows in this target, newest first: those that were rolled back or forgotten have none. */
export async function undoableRuns(session: SqlSession, scope: TargetScope): Promise<RunRow[]> {
  const runs = await readRuns(session, scope.ledgerSchema, { targetSchema: scope.targetSchema })
  return runs.filter(({ state }) => state !== 'rolled_back' && state !== 'forgotten')
}

/** Threads that these runs have on record, by id, after `after`. */
export async function pageOfThreads(
  session: SqlSession,
  { ledgerSchema }: TargetScope,
  runIds: readonly number[],
  page: { readonly after: string | null; readonly size: number },
): Promise<string[]> {
  const { rows } = await session.query<{ thread_id: string }>(
    `SELECT DISTINCT thread_id FROM ${qualified(ledgerSchema, 'threads')}
     WHERE run_id = ANY($1::int[]) AND progress <> 'rolled_back' AND ($2::text IS NULL OR thread_id > $2)
     ORDER BY thread_id LIMIT $3`,
    [runIds, page.after, page.size],
  )
  return rows.map((row) => row.thread_id)
}

export async function readThreadsToUndo(
  session: SqlSession,
  scope: TargetScope,
  { runIds, threadIds }: { readonly runIds: ReadonlySet<number>; readonly threadIds: readonly string[] },
): Promise<ThreadToUndo[]> {
  const ofTarget = new Set((await undoableRuns(session, scope)).map(({ id }) => id))
  const rows = await readRunThreads(session, scope.ledgerSchema, { threadIds })
  const standing = rows.filter(({ runId, progress }) => progress !== 'rolled_back' && ofTarget.has(runId))
  return threadIds.flatMap((threadId) => {
    const own = standing.filter((row) => row.threadId === threadId)
    const undone = own.filter(({ runId }) => runIds.has(runId))
    const kept = own.filter(({ runId }) => !runIds.has(runId))
    return undone.length === 0 ? [] : [{ threadId, undone, kept }]
  })
}

/** How many threads of each run are still on record. */
export async function standingThreads(
  session: SqlSession,
  { ledgerSchema }: TargetScope,
  runIds: readonly number[],
): Promise<Map<number, number>> {
  const { rows } = await session.query<{ run_id: number; n: bigint }>(
    `SELECT run_id, count(*) AS n FROM ${qualified(ledgerSchema, 'threads')}
     WHERE run_id = ANY($1::int[]) AND progress <> 'rolled_back' GROUP BY run_id`,
    [runIds],
  )
  return new Map(rows.map(({ run_id, n }) => [run_id, Number(n)]))
}
