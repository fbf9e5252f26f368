/** The rows of threads that the ledger knows, as digests that the server computes: what is left to compare when Redis is gone. */

import { qualified, type SqlSession } from '../connection/session.js'
import { BLOB_DIGESTS, CHECKPOINT_DIGESTS } from '../rows/row-digests.js'
import { checkpointName } from './pack.js'
import { type CurrentThread, type LedgerScope, readInserted } from './read.js'

export interface RowsOfThread {
  readonly checkpoints: readonly {
    readonly checkpointNs: string
    readonly checkpointId: string
    readonly digest: string
  }[]
  /** Each with the number that stands for it in a sum (ledger-pack.ts). */
  readonly blobs: readonly {
    readonly checkpointNs: string
    readonly channel: string
    readonly version: string
    readonly digest: bigint
  }[]
}

export async function readRowDigests(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<Map<string, RowsOfThread>> {
  const rows = new Map<
    string,
    { checkpoints: RowsOfThread['checkpoints'][number][]; blobs: RowsOfThread['blobs'][number][] }
  >()
  for (const threadId of threadIds) rows.set(threadId, { checkpoints: [], blobs: [] })
  const checkpoints = await session.query<{
    thread_id: string
    checkpoint_ns: string
    checkpoint_id: string
    digest: string
  }>(CHECKPOINT_DIGESTS(schema, 'in'), [threadIds])
  for (const { thread_id, checkpoint_ns, checkpoint_id, digest } of checkpoints.rows) {
    rows
      .get(thread_id)
      ?.checkpoints.push({ checkpointNs: checkpoint_ns, checkpointId: checkpoint_id, digest })
  }
  const blobs = await session.query<{
    thread_id: string
    checkpoint_ns: string
    channel: string
    version: string
    digest: bigint
  }>(BLOB_DIGESTS(schema, 'in'), [threadIds])
  for (const { thread_id, checkpoint_ns, channel, version, digest } of blobs.rows) {
    rows.get(thread_id)?.blobs.push({ checkpointNs: checkpoint_ns, channel, version, digest })
  }
  return rows
}

export interface NamedBlob {
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly channel: string
  readonly version: string
}

/** Which blobs the checkpoints of a thread name. */
export async function readNamedBlobs(
  session: SqlSession,
  schema: string,
  threadId: string,
): Promise<NamedBlob[]> {
  const { rows } = await session.query<NamedBlob>(
    `SELECT c.checkpoint_ns AS "checkpointNs", c.checkpoint_id AS "checkpointId", v.key AS channel, v.value AS version
     FROM ${qualified(schema, 'checkpoints')} c,
       jsonb_each_text(CASE jsonb_typeof(c.checkpoint -> 'channel_versions')
                         WHEN 'object' THEN c.checkpoint -> 'channel_versions' ELSE '{}' END) v
     WHERE c.thread_id = $1`,
    [threadId],
  )
  return rows
}

/** The names (ledger-pack.ts) of each thread's checkpoints without a parent. */
export async function readRoots(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<Map<string, Set<string>>> {
  const { rows } = await session.query<Record<'thread_id' | 'checkpoint_ns' | 'checkpoint_id', string>>(
    `SELECT thread_id, checkpoint_ns, checkpoint_id FROM ${qualified(schema, 'checkpoints')}
     WHERE thread_id = ANY($1::text[]) AND parent_checkpoint_id IS NULL`,
    [threadIds],
  )
  const roots = new Map<string, Set<string>>(threadIds.map((threadId) => [threadId, new Set()]))
  for (const row of rows) roots.get(row.thread_id)?.add(checkpointName(row.checkpoint_ns, row.checkpoint_id))
  return roots
}

/** Blobs that the runs of a thread added beside rows that were there before. */
export async function readInsertedBlobs(
  session: SqlSession,
  scope: LedgerScope,
  { threadId, runIds }: Pick<CurrentThread, 'threadId' | 'runIds'>,
): Promise<Omit<NamedBlob, 'checkpointId'>[]> {
  const blobs: Omit<NamedBlob, 'checkpointId'>[] = []
  for (const runId of runIds) {
    const inserted = await readInserted(session, scope.ledgerSchema, { runId, threadIds: [threadId] })
    for (const { table, checkpointNs, channel, version } of inserted) {
      if (table !== 'checkpoint_blobs' || channel === null || version === null) continue
      blobs.push({ checkpointNs, channel, version })
    }
  }
  return blobs
}

/** Threads that a run from this one on has changed, a page at a time. */
export async function* threadsSince(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  runId: number,
  pageSize = 5000,
): AsyncGenerator<string> {
  let after: string | null = null
  for (;;) {
    const { rows }: { rows: { thread_id: string }[] } = await session.query<{ thread_id: string }>(
      `SELECT DISTINCT thread_id FROM ${qualified(ledgerSchema, 'threads')}
       WHERE source_name = $1 AND target_schema = $2 AND progress <> 'rolled_back' AND run_id >= $3
         AND ($4::text IS NULL OR thread_id > $4)
       ORDER BY thread_id LIMIT $5`,
      [sourceName, targetSchema, runId, after, pageSize],
    )
    for (const { thread_id } of rows) yield thread_id
    if (rows.length < pageSize) return
    after = rows.at(-1)!.thread_id
  }
}

/** Threads that have a checkpoint. */
export async function countThreads(session: SqlSession, schema: string): Promise<number> {
  const { rows } = await session.query<{ n: bigint }>(
    `SELECT count(DISTINCT thread_id) AS n FROM ${qualified(schema, 'checkpoints')}`,
  )
  return Number(rows[0]!.n)
}
