/** What the application wrote while its thread was being cut: seen before the cut is committed, so that it can be taken back. */
import { qualified, type SqlSession } from '../connection/session.js'
import type { KeptNamespace } from './rows.js'

/**
 * True where a checkpoint has come since the statement that removed the others, and leans on what that took: any of a thread or of a
 * namespace that goes whole, otherwise one whose parent is gone. A saver puts only the values that are new; the others are its parent's.
 */
export async function hasLateCheckpoint(
  session: SqlSession,
  {
    schema,
    threadIds,
    kept,
  }: {
    readonly schema: string
    readonly threadIds: readonly string[]
    readonly kept: readonly KeptNamespace[] | null
  },
): Promise<boolean> {
  const table = qualified(schema, 'checkpoints')
  const ofThreads = `FROM ${table} x WHERE x.thread_id = ANY($1::text[])`
  if (kept === null) return isThere(session, ofThreads, [threadIds])
  const calls = kept.filter(({ ids }) => ids === null)
  const staying = kept.flatMap(({ ids, threadId, checkpointNs }) =>
    [...(ids ?? [])].map((checkpointId) => ({ threadId, checkpointNs, checkpointId })),
  )
  // One that stays may have lost its parent long ago.
  const leansOn = `(x.thread_id, x.checkpoint_ns) IN (SELECT * FROM unnest($2::text[], $3::text[]))
    OR (x.parent_checkpoint_id IS NOT NULL
      AND (x.thread_id, x.checkpoint_ns, x.checkpoint_id) NOT IN (SELECT * FROM unnest($4::text[], $5::text[], $6::text[]))
      AND NOT EXISTS (SELECT FROM ${table} p WHERE p.thread_id = ANY($1::text[]) AND p.thread_id = x.thread_id AND p.checkpoint_ns = x.checkpoint_ns
        AND p.checkpoint_id = x.parent_checkpoint_id))`
  return isThere(session, `${ofThreads} AND (${leansOn})`, [
    threadIds,
    calls.map(({ threadId }) => threadId),
    calls.map(({ checkpointNs }) => checkpointNs),
    staying.map(({ threadId }) => threadId),
    staying.map(({ checkpointNs }) => checkpointNs),
    staying.map(({ checkpointId }) => checkpointId),
  ])
}

async function isThere(session: SqlSession, from: string, parameters: readonly unknown[]): Promise<boolean> {
  const { rows } = await session.query<{ late: boolean }>(
    `SELECT EXISTS (SELECT ${from}) AS late`,
    parameters,
  )
  return rows[0]!.late
}
