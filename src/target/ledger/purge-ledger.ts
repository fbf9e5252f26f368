/** The ledger's part in a purge: which threads' rows still stand in Postgres, and how far the deletion of their keys has come. */

import { inTransaction, qualified, type SqlSession } from '../connection/session.js'
import type { Lease } from './lease.js'
import { checkpointName } from './pack.js'
import type { CurrentThread, LedgerScope } from './read.js'

/** Which rows of ours are no longer there, in words, by thread; threads of which all are there are left out. */
export async function missingRows(
  session: SqlSession,
  schema: string,
  threads: readonly CurrentThread[],
): Promise<Map<string, string>> {
  const ids = threads.map(({ threadId }) => threadId)
  const { rows } = await session.query<Record<'thread_id' | 'checkpoint_ns' | 'checkpoint_id', string>>(
    `SELECT thread_id, checkpoint_ns, checkpoint_id FROM ${qualified(schema, 'checkpoints')}
     WHERE thread_id = ANY($1::text[])`,
    [ids],
  )
  const ours = new Map(threads.map(({ threadId, rowDigests }) => [threadId, rowDigests]))
  const standing = rows.filter((row) =>
    ours.get(row.thread_id)?.has(checkpointName(row.checkpoint_ns, row.checkpoint_id)),
  )
  const counts = await countRows(session, schema, standing)
  const missing = new Map<string, string>()
  for (const { threadId, rowDigests, blobs, writes } of threads) {
    const there = counts.get(threadId) ?? { checkpoints: 0, blobs: 0, writes: 0 }
    const lost = [
      [rowDigests.size - there.checkpoints, 'checkpoints'],
      [blobs - there.blobs, 'values'],
      [writes - there.writes, 'writes'],
    ] as const
    const parts = lost.filter(([count]) => count > 0).map(([count, noun]) => `${count} ${noun}`)
    if (parts.length > 0) missing.set(threadId, `${parts.join(', ')} deleted`)
  }
  return missing
}

interface RowCounts {
  readonly checkpoints: number
  readonly blobs: number
  readonly writes: number
}

/** Of these checkpoints, what they name and what is pending on them: what the application has added elsewhere does not count. */
async function countRows(
  session: SqlSession,
  schema: string,
  checkpoints: readonly Record<'thread_id' | 'checkpoint_ns' | 'checkpoint_id', string>[],
): Promise<Map<string, RowCounts>> {
  const { rows } = await session.query<
    { thread_id: string } & Record<'checkpoints' | 'blobs' | 'writes', bigint>
  >(
    `WITH ours AS (
       SELECT c.thread_id, c.checkpoint_ns, c.checkpoint_id, c.checkpoint -> 'channel_versions' AS versions
       FROM ${qualified(schema, 'checkpoints')} c
       JOIN unnest($1::text[], $2::text[], $3::text[]) AS k(thread_id, checkpoint_ns, checkpoint_id)
         USING (thread_id, checkpoint_ns, checkpoint_id)),
     named AS (
       SELECT DISTINCT thread_id, checkpoint_ns, v.key AS channel, v.value AS version
       FROM ours, jsonb_each_text(CASE jsonb_typeof(versions) WHEN 'object' THEN versions ELSE '{}' END) v),
     blobs AS (
       SELECT thread_id, count(*) AS n FROM ${qualified(schema, 'checkpoint_blobs')}
       JOIN named USING (thread_id, checkpoint_ns, channel, version) GROUP BY thread_id),
     writes AS (
       SELECT thread_id, count(*) AS n FROM ${qualified(schema, 'checkpoint_writes')}
       JOIN ours USING (thread_id, checkpoint_ns, checkpoint_id) GROUP BY thread_id)
     SELECT o.thread_id, o.n AS checkpoints, coalesce(b.n, 0) AS blobs, coalesce(w.n, 0) AS writes
     FROM (SELECT thread_id, count(*) AS n FROM ours GROUP BY thread_id) o
     LEFT JOIN blobs b USING (thread_id) LEFT JOIN writes w USING (thread_id)`,
    [
      checkpoints.map((row) => row.thread_id),
      checkpoints.map((row) => row.checkpoint_ns),
      checkpoints.map((row) => row.checkpoint_id),
    ],
  )
  return new Map(
    rows.map((row) => [
      row.thread_id,
      { checkpoints: Number(row.checkpoints), blobs: Number(row.blobs), writes: Number(row.writes) },
    ]),
  )
}

/** Which of these threads any run has ever told of, undone or not. */
export async function recordedEver(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  threadIds: readonly string[],
): Promise<Set<string>> {
  const { rows } = await session.query<{ thread_id: string }>(
    `SELECT DISTINCT thread_id FROM ${qualified(ledgerSchema, 'threads')}
     WHERE thread_id = ANY($1::text[]) AND source_name = $2 AND target_schema = $3`,
    [threadIds, sourceName, targetSchema],
  )
  return new Set(rows.map((row) => row.thread_id))
}

/** Ids of the checkpoints that stand of each thread, whoever wrote them. */
export async function standingCheckpoints(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<Map<string, Set<string>>> {
  const { rows } = await session.query<Record<'thread_id' | 'checkpoint_id', string>>(
    `SELECT DISTINCT thread_id, checkpoint_id FROM ${qualified(schema, 'checkpoints')} WHERE thread_id = ANY($1::text[])`,
    [threadIds],
  )
  const standing = new Map<string, Set<string>>()
  for (const { thread_id, checkpoint_id } of rows) {
    standing.set(thread_id, (standing.get(thread_id) ?? new Set()).add(checkpoint_id))
  }
  return standing
}

/**
 * `begun`: some keys may be gone from now on. `untouched`: none is, whatever was said before. `done`: all are. `restored`: all are back,
 * and the thread has to be verified again before they may go.
 */
export type PurgeStep = 'begun' | 'untouched' | 'done' | 'restored'

const SETS: Readonly<Record<PurgeStep, string>> = {
  begun: `progress = 'purging', purged_at = coalesce(purged_at, clock_timestamp())`,
  untouched: `progress = CASE WHEN verification_id IS NULL THEN 'migrated' ELSE 'verified' END, purged_at = NULL`,
  done: `progress = 'purged', purged_at = clock_timestamp()`,
  restored: `progress = 'migrated', purged_at = NULL, verified_at = NULL, verification_id = NULL`,
}

/** All runs of a thread are told, on disk before this returns: no rollback of any of them may take its rows. */
export async function recordPurge(
  session: SqlSession,
  lease: Lease,
  scope: LedgerScope,
  steps: Partial<Record<PurgeStep, readonly string[]>>,
): Promise<void> {
  await inTransaction(session, async () => {
    await lease.fence(session)
    await session.query('SET LOCAL synchronous_commit = on')
    for (const step of Object.keys(steps) as PurgeStep[]) {
      const threadIds = steps[step] ?? []
      if (threadIds.length === 0) continue
      await session.query(
        `UPDATE ${qualified(scope.ledgerSchema, 'threads')} SET ${SETS[step]}
         WHERE thread_id = ANY($1::text[]) AND source_name = $2 AND target_schema = $3 AND progress <> 'rolled_back'`,
        [threadIds, scope.sourceName, scope.targetSchema],
      )
    }
  })
}

/**
 * Threads that a purge may have to do with although no key bears their name, by id, after `after`. Those whose keys have all expired are
 * left out.
 */
export async function pageOfPurgeable(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  page: { readonly after: string | null; readonly size: number },
): Promise<string[]> {
  const { rows } = await session.query<{ thread_id: string }>(
    `SELECT DISTINCT thread_id FROM ${qualified(ledgerSchema, 'threads')}
     WHERE source_name = $1 AND target_schema = $2 AND ($3::text IS NULL OR thread_id > $3)
       AND (progress = 'purging' OR (progress = 'verified' AND (latest_expiry IS NULL OR latest_expiry > clock_timestamp())))
     ORDER BY thread_id LIMIT $4`,
    [sourceName, targetSchema, page.after, page.size],
  )
  return rows.map((row) => row.thread_id)
}
