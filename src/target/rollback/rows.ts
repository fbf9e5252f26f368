/** Takes rows out of LangGraph's tables again, or puts back what they held before: what one rollback transaction does for its threads. */
import { TABLES, type TableName } from '../../model/rows.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { COLUMNS } from '../rows/staging.js'
import type { CheckedThread } from './check.js'
import { isWhole, type TargetScope, type ThreadToUndo } from './threads.js'

export interface Removed {
  checkpoints: number
  writes: number
  blobs: number
  restored: number
}

const TABLE_NAMES = Object.keys(TABLES) as TableName[]
const COUNT_OF: Readonly<Record<TableName, 'checkpoints' | 'writes' | 'blobs'>> = {
  checkpoints: 'checkpoints',
  checkpoint_writes: 'writes',
  checkpoint_blobs: 'blobs',
}

/** Rows that stand now stay as they are until the transaction ends; always in the order of their keys, so that two of us cannot cross. */
export async function lockThreads(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<void> {
  for (const table of TABLE_NAMES) {
    await session.query(
      `SELECT FROM ${qualified(schema, table)} WHERE thread_id = ANY($1::text[])
       ORDER BY ${TABLES[table].join(', ')} FOR UPDATE`,
      [threadIds],
    )
  }
}

/**
 * Undoes what the runs of the plan did to these threads, and says so in the ledger. None of them may be refused. With `discardContinued`
 * a checkpoint that goes takes all its writes along, whoever wrote them.
 */
export async function undoThreads(
  session: SqlSession,
  scope: TargetScope,
  {
    threads,
    discardContinued,
  }: { readonly threads: readonly CheckedThread[]; readonly discardContinued: boolean },
): Promise<Removed> {
  const removed: Removed = { checkpoints: 0, writes: 0, blobs: 0, restored: 0 }
  const whole = threads.filter(isWhole).map(({ threadId }) => threadId)
  for (const table of TABLE_NAMES) {
    if (whole.length === 0) break
    removed[COUNT_OF[table]] += await count(
      session,
      `DELETE FROM ${qualified(scope.targetSchema, table)} WHERE thread_id = ANY($1::text[])`,
      [whole],
    )
  }
  const listed = threads.filter((thread) => !isWhole(thread))
  await removeContinuations(session, scope, listed, removed)
  const runIds = [...new Set(listed.flatMap(({ undone }) => undone.map(({ runId }) => runId)))]
  for (const runId of runIds.sort((a, b) => b - a)) {
    const ofRun = listed.filter(({ undone }) => undone.some((run) => run.runId === runId))
    const threadIds = ofRun.map(({ threadId }) => threadId)
    await undoListed(session, scope, { runId, threadIds, discardContinued }, removed)
  }
  await record(session, scope, threads)
  return removed
}

/** Checkpoints that the application put on top, with their writes and the values that only they name. */
async function removeContinuations(
  session: SqlSession,
  { targetSchema: schema }: TargetScope,
  threads: readonly CheckedThread[],
  removed: Removed,
): Promise<void> {
  const rows = threads.flatMap(({ threadId, continuation }) =>
    continuation.map(([ns, id]) => ({ threadId, ns, id })),
  )
  if (rows.length === 0) return
  const keys = [rows.map(({ threadId }) => threadId), rows.map(({ ns }) => ns), rows.map(({ id }) => id)]
  const going = 'unnest($1::text[], $2::text[], $3::text[]) AS k(thread_id, checkpoint_ns, checkpoint_id)'
  const same = 'x.thread_id = k.thread_id AND x.checkpoint_ns = k.checkpoint_ns'
  removed.blobs += await count(
    session,
    `DELETE FROM ${qualified(schema, 'checkpoint_blobs')} x USING (
       SELECT DISTINCT c.thread_id, c.checkpoint_ns, v.key AS channel, v.value AS version
       FROM ${qualified(schema, 'checkpoints')} c JOIN ${going} USING (thread_id, checkpoint_ns, checkpoint_id),
         jsonb_each_text(CASE jsonb_typeof(c.checkpoint -> 'channel_versions')
           WHEN 'object' THEN c.checkpoint -> 'channel_versions' ELSE '{}' END) AS v) k
     WHERE ${same} AND x.channel = k.channel AND x.version = k.version AND NOT EXISTS (
       SELECT FROM ${qualified(schema, 'checkpoints')} c WHERE ${NAMES_BLOB}
         AND NOT EXISTS (SELECT FROM ${going} WHERE c.thread_id = k.thread_id AND c.checkpoint_ns = k.checkpoint_ns
           AND c.checkpoint_id = k.checkpoint_id))`,
    keys,
  )
  for (const table of ['checkpoint_writes', 'checkpoints'] as const) {
    removed[COUNT_OF[table]] += await count(
      session,
      `DELETE FROM ${qualified(schema, table)} x USING ${going} WHERE ${same} AND x.checkpoint_id = k.checkpoint_id`,
      keys,
    )
  }
}

/** A checkpoint `c` names the blob `x`. */
const NAMES_BLOB = `c.thread_id = x.thread_id AND c.checkpoint_ns = x.checkpoint_ns
  AND c.checkpoint -> 'channel_versions' ->> x.channel = x.version`

/** One run and threads that had rows before it: its list says what goes, what it replaced comes back. */
async function undoListed(
  session: SqlSession,
  { ledgerSchema, targetSchema: schema }: TargetScope,
  run: { readonly runId: number; readonly threadIds: readonly string[]; readonly discardContinued: boolean },
  removed: Removed,
): Promise<void> {
  const of = [run.runId, run.threadIds]
  const inserted = `SELECT * FROM ${qualified(ledgerSchema, 'inserted')} WHERE run_id = $1 AND thread_id = ANY($2::text[])`
  const sameKey = (table: TableName) =>
    TABLES[table].map((column) => `x.${column} = k.${column}`).join(' AND ')
  removed.writes += await count(
    session,
    `DELETE FROM ${qualified(schema, 'checkpoint_writes')} x USING (${inserted}) k
     WHERE (k.tbl = 'checkpoint_writes' AND ${sameKey('checkpoint_writes')})
        ${run.discardContinued ? `OR (k.tbl = 'checkpoints' AND ${sameKey('checkpoints')})` : ''}`,
    of,
  )
  removed.checkpoints += await count(
    session,
    `DELETE FROM ${qualified(schema, 'checkpoints')} x USING (${inserted}) k
     WHERE k.tbl = 'checkpoints' AND ${sameKey('checkpoints')}`,
    of,
  )
  // Before the blobs: a checkpoint that comes back may name one.
  for (const table of TABLE_NAMES) {
    const primary: readonly string[] = TABLES[table]
    const columns = (await columnsOf(session, schema, table)).filter((column) => !primary.includes(column))
    removed.restored += await count(
      session,
      `UPDATE ${qualified(schema, table)} x SET ${columns.map((column) => `${column} = k.${column}`).join(', ')}
       FROM ${qualified(ledgerSchema, 'replaced')} k
       WHERE k.run_id = $1 AND k.thread_id = ANY($2::text[]) AND k.tbl = '${table}' AND ${sameKey(table)}`,
      of,
    )
  }
  removed.blobs += await count(
    session,
    `DELETE FROM ${qualified(schema, 'checkpoint_blobs')} x USING (${inserted}) k
     WHERE k.tbl = 'checkpoint_blobs' AND ${sameKey('checkpoint_blobs')}
       AND NOT EXISTS (SELECT FROM ${qualified(schema, 'checkpoints')} c WHERE ${NAMES_BLOB})`,
    of,
  )
}

/** Tables of the JavaScript saver have no task_path. */
async function columnsOf(session: SqlSession, schema: string, table: TableName): Promise<string[]> {
  const { rows } = await session.query<{ name: string }>(
    `SELECT attname::text AS name FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
    [qualified(schema, table)],
  )
  const there = new Set(rows.map(({ name }) => name))
  return COLUMNS[table].filter((column) => there.has(column))
}

async function record(
  session: SqlSession,
  { ledgerSchema }: TargetScope,
  threads: readonly ThreadToUndo[],
): Promise<void> {
  const rows = threads.flatMap(({ undone }) => undone)
  const keys = [rows.map(({ runId }) => runId), rows.map(({ threadId }) => threadId)]
  const going = 'unnest($1::int[], $2::text[]) AS k(run_id, thread_id)'
  const same = 't.run_id = k.run_id AND t.thread_id = k.thread_id'
  await session.query(
    `UPDATE ${qualified(ledgerSchema, 'threads')} t SET progress = 'rolled_back' FROM ${going} WHERE ${same}`,
    keys,
  )
  for (const list of ['inserted', 'replaced']) {
    await session.query(`DELETE FROM ${qualified(ledgerSchema, list)} t USING ${going} WHERE ${same}`, keys)
  }
}

async function count(session: SqlSession, sql: string, parameters: readonly unknown[]): Promise<number> {
  const { rows } = await session.query<{ n: bigint }>(
    `WITH done AS (${sql} RETURNING 1) SELECT count(*) AS n FROM done`,
    parameters,
  )
  return Number(rows[0]!.n)
}
