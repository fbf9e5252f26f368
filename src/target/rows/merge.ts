/** Brings staged rows into tables that hold rows of the same threads already: adds what is missing, names what differs, overwrites nothing that is not ours. */
import { TABLES, type TableName } from '../../model/rows.js'
import { qualified, type SqlSession } from '../connection/session.js'
import type { LeftAlone, Merged, MergePolicy, Ownership, RowKey, ThreadCommit } from './commit.js'
import { differingRows, digestsOf } from './merge-compare.js'
import { threadsLeftAlone } from './merge-diverged.js'
import { sharedIds } from './merge-shared-ids.js'
import { checkpointOf, columnsOf, rowKey, TABLE_ORDER, textOf, unnested } from './row-keys.js'
import { type Columns, staged } from './staging.js'

/** Without a ledger nothing is ours. */
const NOBODYS: Ownership = {
  isOurs: () => false,
  wrote: () => false,
  otherSources: async () => new Map(),
  keepReplaced: async () => {},
}

export interface MergeRequest {
  readonly schema: string
  /** Of the rows that were staged. */
  readonly columns: Columns
  readonly threads: readonly ThreadCommit[]
  readonly policy: MergePolicy
  readonly ownership: Ownership | undefined
  /** Nothing of the target is touched, nor locked: what would be done is only found out. */
  readonly rehearses?: boolean
}

/** Merges all staged rows; runs inside the caller's transaction. */
export async function mergeStaged(session: SqlSession, request: MergeRequest): Promise<Merged> {
  const { schema, policy, ownership = NOBODYS, rehearses = false } = request
  const leftAlone = await threadsLeftAlone(session, { ...request, ownership })
  await unstageThreads(session, leftAlone)
  const shared = await sharedIds(session, { ...request, ownership })
  const deleted = policy.restoreDeleted ? [] : await unstageDeleted(session, request, ownership)
  const differing = await differingRows(session, schema, ownership)
  const touched = await checkpointsOfOurs(session, request, ownership, differing)
  const isRewritten = (row: RowKey) =>
    policy.onExisting === 'replace' ||
    (row.table !== 'checkpoint_blobs' && touched.has(textOf(checkpointOf(row))))
  const updated = differing.filter(isRewritten)
  const conflicts = differing.filter((row) => !isRewritten(row))
  if (updated.length > 0 && !rehearses) {
    await ownership.keepReplaced(session, updated)
    for (const table of TABLE_ORDER) await updateRows(session, request, table, updated)
  }
  if (conflicts.length + deleted.length > 0) await unstageBlobsOf(session, schema, [...conflicts, ...deleted])
  const stagedRows = await countStaged(session)
  const inserted: RowKey[] = []
  const insert = rehearses ? findMissing : insertMissing
  for (const table of TABLE_ORDER) inserted.push(...(await insert(session, request, table)))
  const owned = new Map(touched)
  for (const row of [...updated, ...inserted.filter(({ table }) => table === 'checkpoints')]) {
    if (row.table !== 'checkpoint_blobs') owned.set(textOf(checkpointOf(row)), checkpointOf(row))
  }
  return {
    inserted,
    updated,
    conflicts,
    deleted,
    leftAlone,
    sharedIds: shared,
    owned: [...owned.values()],
    unchanged: Math.max(0, stagedRows - inserted.length - differing.length),
  }
}

/** Everything staged, into tables that hold nothing of these threads. */
export async function insertStaged(
  session: SqlSession,
  { schema, columns: all }: Pick<MergeRequest, 'schema' | 'columns'>,
): Promise<void> {
  for (const table of TABLE_ORDER) {
    const columns = all[table].join(', ')
    await session.query(
      `INSERT INTO ${qualified(schema, table)} (${columns}) SELECT ${columns} FROM ${staged(table)}`,
    )
  }
}

async function unstageThreads(session: SqlSession, leftAlone: readonly LeftAlone[]): Promise<void> {
  if (leftAlone.length === 0) return
  const ids = leftAlone.map(({ threadId }) => threadId)
  for (const table of TABLE_ORDER) {
    await session.query(`DELETE FROM ${staged(table)} WHERE thread_id = ANY($1::text[])`, [ids])
  }
}

/** Checkpoints that we wrote once and that are gone: whoever deleted them meant it. Their writes stay away with them. */
async function unstageDeleted(
  session: SqlSession,
  { schema, threads }: MergeRequest,
  ownership: Ownership,
): Promise<RowKey[]> {
  const recorded = threads.filter(({ state }) => (state.recorded?.rowDigests.size ?? 0) > 0)
  if (recorded.length === 0) return []
  const { rows } = await session.query<Record<string, unknown>>(
    `SELECT thread_id, checkpoint_ns, checkpoint_id FROM ${staged('checkpoints')} t
     WHERE thread_id = ANY($1::text[]) AND NOT EXISTS (
       SELECT FROM ${qualified(schema, 'checkpoints')} x
       WHERE x.thread_id = t.thread_id AND x.checkpoint_ns = t.checkpoint_ns AND x.checkpoint_id = t.checkpoint_id)`,
    [recorded.map(({ facts }) => facts.threadId)],
  )
  const deleted = rows
    .map((row) => rowKey('checkpoints', row))
    .filter(({ key }) => ownership.wrote(key[0]!, key[1]!, key[2]!))
  if (deleted.length === 0) return []
  for (const table of ['checkpoints', 'checkpoint_writes'] as const) {
    await session.query(
      `DELETE FROM ${staged(table)} t USING ${unnested(['thread_id', 'checkpoint_ns', 'checkpoint_id'])}
       WHERE t.thread_id = k.thread_id AND t.checkpoint_ns = k.checkpoint_ns AND t.checkpoint_id = k.checkpoint_id`,
      columnsOf(deleted, 3),
    )
  }
  return deleted
}

/** Values that only checkpoints which are not written would name have no place either. */
async function unstageBlobsOf(session: SqlSession, schema: string, rows: readonly RowKey[]): Promise<void> {
  const conflicting = rows.filter(({ table }) => table === 'checkpoints')
  if (conflicting.length === 0) return
  const names = (alias: string) =>
    `${alias}.thread_id = b.thread_id AND ${alias}.checkpoint_ns = b.checkpoint_ns
     AND ${alias}.checkpoint -> 'channel_versions' ->> b.channel = b.version`
  await session.query(
    `DELETE FROM ${staged('checkpoint_blobs')} b WHERE thread_id = ANY($4::text[])
     AND NOT EXISTS (
       SELECT FROM ${staged('checkpoints')} c WHERE ${names('c')} AND NOT EXISTS (
         SELECT FROM ${unnested(['thread_id', 'checkpoint_ns', 'checkpoint_id'])}
         WHERE k.thread_id = c.thread_id AND k.checkpoint_ns = c.checkpoint_ns AND k.checkpoint_id = c.checkpoint_id))
     AND NOT EXISTS (SELECT FROM ${qualified(schema, 'checkpoints')} x WHERE ${names('x')})`,
    [...columnsOf(conflicting, 3), [...new Set(conflicting.map(({ key }) => key[0]))]],
  )
}

/**
 * Checkpoints about to change that still are exactly what we wrote. Their rows are locked first: what the digest says holds until the
 * transaction ends.
 */
async function checkpointsOfOurs(
  session: SqlSession,
  { schema, threads, rehearses = false }: MergeRequest,
  ownership: Ownership,
  differing: readonly RowKey[],
): Promise<Map<string, RowKey>> {
  const recorded = new Set(
    threads.filter(({ state }) => state.recorded !== undefined).map(({ facts }) => facts.threadId),
  )
  if (recorded.size === 0) return new Map()
  const candidates = new Map<string, RowKey>()
  const missingWrites = await session.query<Record<string, unknown>>(
    `SELECT DISTINCT t.thread_id, t.checkpoint_ns, t.checkpoint_id FROM ${staged('checkpoint_writes')} t
     JOIN ${qualified(schema, 'checkpoints')} x USING (thread_id, checkpoint_ns, checkpoint_id)
     WHERE t.thread_id = ANY($1::text[]) AND NOT EXISTS (
       SELECT FROM ${qualified(schema, 'checkpoint_writes')} w
       WHERE w.thread_id = t.thread_id AND w.checkpoint_ns = t.checkpoint_ns AND w.checkpoint_id = t.checkpoint_id
         AND w.task_id = t.task_id AND w.idx = t.idx)`,
    [[...recorded]],
  )
  const touched = [
    ...missingWrites.rows.map((row) => rowKey('checkpoints', row)),
    ...differing.filter(({ table }) => table !== 'checkpoint_blobs').map(checkpointOf),
  ]
  for (const row of touched) {
    const [threadId, ns, id] = row.key
    if (recorded.has(threadId!) && ownership.wrote(threadId!, ns!, id!)) candidates.set(textOf(row), row)
  }
  if (candidates.size === 0) return candidates
  const rows = [...candidates.values()]
  if (!rehearses) await lockRows(session, schema, rows)
  for (const { key, digest } of await digestsOf(session, schema, rows)) {
    if (!ownership.isOurs(key[0]!, key[1]!, key[2]!, digest))
      candidates.delete(textOf({ table: 'checkpoints', key }))
  }
  return candidates
}

async function lockRows(session: SqlSession, schema: string, checkpoints: readonly RowKey[]): Promise<void> {
  for (const table of ['checkpoint_writes', 'checkpoints'] as const) {
    await session.query(
      `SELECT FROM ${qualified(schema, table)} x JOIN ${unnested(['thread_id', 'checkpoint_ns', 'checkpoint_id'])}
         USING (thread_id, checkpoint_ns, checkpoint_id)
       ORDER BY ${TABLES[table].join(', ')} FOR UPDATE OF x`,
      columnsOf(checkpoints, 3),
    )
  }
}

async function countStaged(session: SqlSession): Promise<number> {
  const { rows } = await session.query<{ n: bigint }>(
    `SELECT ${TABLE_ORDER.map((table) => `(SELECT count(*) FROM ${staged(table)})`).join(' + ')} AS n`,
  )
  return Number(rows[0]!.n)
}

async function insertMissing(
  session: SqlSession,
  { schema, columns: all }: MergeRequest,
  table: TableName,
): Promise<RowKey[]> {
  const columns = all[table].join(', ')
  const key = TABLES[table].join(', ')
  const { rows } = await session.query<Record<string, unknown>>(
    `INSERT INTO ${qualified(schema, table)} (${columns})
     SELECT ${columns} FROM ${staged(table)} ORDER BY ${key} ON CONFLICT DO NOTHING RETURNING ${key}`,
  )
  return rows.map((row) => rowKey(table, row))
}

/** What `insertMissing` would insert. */
async function findMissing(
  session: SqlSession,
  { schema }: MergeRequest,
  table: TableName,
): Promise<RowKey[]> {
  const key = TABLES[table].map((column) => `t.${column}`).join(', ')
  const { rows } = await session.query<Record<string, unknown>>(
    `SELECT DISTINCT ${key} FROM ${staged(table)} t WHERE NOT EXISTS (
       SELECT FROM ${qualified(schema, table)} x WHERE ${TABLES[table].map((column) => `x.${column} = t.${column}`).join(' AND ')})`,
  )
  return rows.map((row) => rowKey(table, row))
}

async function updateRows(
  session: SqlSession,
  { schema, columns }: MergeRequest,
  table: TableName,
  rows: readonly RowKey[],
): Promise<void> {
  const ofTable = rows.filter((row) => row.table === table)
  if (ofTable.length === 0) return
  const primary = TABLES[table]
  const set = columns[table].filter((column) => !(primary as readonly string[]).includes(column))
  await session.query(
    `UPDATE ${qualified(schema, table)} x SET ${set.map((column) => `${column} = t.${column}`).join(', ')}
     FROM ${staged(table)} t JOIN ${unnested(primary)} USING (${primary.join(', ')})
     WHERE ${primary.map((column) => `x.${column} = t.${column}`).join(' AND ')}`,
    columnsOf(ofTable, primary.length),
  )
}
