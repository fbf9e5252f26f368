/** Takes back what runs did to the table store: only rows that still are what was written, each batch with its ledger rows. */
import type { StoreRolledBack } from '../../model/rollback-report.js'
import { type StoreRowName, storeRowKey } from '../../model/store-row.js'
import { inTransaction, qualified, type SqlSession } from '../connection/session.js'
import type { Lease } from '../ledger/lease.js'
import { restoreStoreRows, rowDigest, type StoreTarget, takeStoreRows } from '../store/rows.js'
import { dialectOfStore, namespaceColumn, readStoreTables } from '../store/tables.js'
import type { TargetScope } from './threads.js'

export interface StoreUndo {
  readonly scope: TargetScope
  readonly runIds: readonly number[]
  /** Null: a plan, which changes nothing. */
  readonly lease: Lease | null
  /** Also what the application changed since. */
  readonly discardContinued: boolean
  readonly signal: AbortSignal
}

/** What the runs on record did to one item, newest first. */
interface ItemToUndo extends StoreRowName {
  readonly id: Buffer
  readonly records: readonly {
    readonly runId: number
    readonly isWritten: boolean
    readonly isPurged: boolean
    readonly rowDigest: Buffer
    readonly replaced: string | null
    /** Of that row. */
    readonly replacedDigest: Buffer | null
  }[]
}

const PAGE_ITEMS = 500

/** Null where these runs moved no item. What was done stays done: it can be called again. */
export async function rollbackStore(session: SqlSession, undo: StoreUndo): Promise<StoreRolledBack | null> {
  const { scope, runIds, lease, signal } = undo
  if ((await runsWithItems(session, scope, runIds)).length === 0) return null
  const tables = await readStoreTables(session, scope.targetSchema)
  const { columns, embedding } = tables
  const target = columns.has('store')
    ? { schema: scope.targetSchema, dialect: dialectOfStore(tables), embedding }
    : null
  const report: StoreRolledBack = { removed: 0, restored: 0, refused: 0 }
  let after: Buffer = Buffer.alloc(0)
  for (;;) {
    signal.throwIfAborted()
    const items = await pageOfItems(session, scope, runIds, after)
    const batch = { target, items, undo, report }
    if (lease === null) await undoBatch(session, batch)
    else {
      await inTransaction(session, async () => {
        await session.query(`SET LOCAL lock_timeout = '800ms'`)
        await lease.fence(session)
        await undoBatch(session, batch)
      })
    }
    if (items.length < PAGE_ITEMS) return report
    after = items.at(-1)!.id
  }
}

/** Those of these runs that still have items on record. */
export async function runsWithItems(
  session: SqlSession,
  { ledgerSchema }: TargetScope,
  runIds: readonly number[],
): Promise<number[]> {
  const { rows } = await session.query<{ run_id: number }>(
    `SELECT DISTINCT run_id FROM ${qualified(ledgerSchema, 'store_items')}
     WHERE run_id = ANY ($1::int[]) AND progress <> 'rolled_back'`,
    [runIds],
  )
  return rows.map(({ run_id }) => run_id)
}

async function pageOfItems(
  session: SqlSession,
  { ledgerSchema, targetSchema }: TargetScope,
  runIds: readonly number[],
  after: Buffer,
): Promise<ItemToUndo[]> {
  const items = qualified(ledgerSchema, 'store_items')
  const { rows } = await session.query<Omit<ItemToUndo, 'records'> & ItemToUndo['records'][number]>(
    `SELECT l.id, l.namespace, l.key, l.run_id AS "runId", l.is_written AS "isWritten",
       l.progress IN ('purging', 'purged') AS "isPurged", l.row_digest AS "rowDigest", l.replaced::text AS replaced,
       CASE WHEN l.replaced IS NOT NULL THEN ${rowDigest('r')} END AS "replacedDigest"
     FROM ${items} l
     LEFT JOIN LATERAL jsonb_to_record(l.replaced::jsonb -> 'row')
       AS r (value jsonb, created_at timestamptz, updated_at timestamptz) ON true
     JOIN (SELECT DISTINCT id FROM ${items} WHERE run_id = ANY ($1::int[]) AND id > $2 AND progress <> 'rolled_back'
           ORDER BY id LIMIT ${PAGE_ITEMS}) p ON p.id = l.id
     WHERE l.target_schema = $3 AND l.progress <> 'rolled_back' ORDER BY l.id, l.run_id DESC`,
    [runIds, after, targetSchema],
  )
  const found: (Omit<ItemToUndo, 'records'> & { records: ItemToUndo['records'][number][] })[] = []
  for (const { id, namespace, key, ...record } of rows) {
    const last = found.at(-1)
    if (last?.id.equals(id)) last.records.push(record)
    else found.push({ id, namespace, key, records: [record] })
  }
  return found
}

async function undoBatch(
  session: SqlSession,
  {
    target,
    items,
    undo,
    report,
  }: {
    /** Null where the table is gone. */
    readonly target: StoreTarget | null
    readonly items: readonly ItemToUndo[]
    readonly undo: StoreUndo
    readonly report: StoreRolledBack
  },
): Promise<void> {
  const { lease, scope, runIds, discardContinued } = undo
  const digests =
    target === null ? new Map<string, Buffer>() : await digestsOf(session, target, items, lease !== null)
  const gone: ItemToUndo[] = []
  const back: string[] = []
  const done: ItemToUndo[] = []
  for (const item of items) {
    const undone = item.records.filter(({ runId }) => runIds.includes(runId))
    const written = undone.filter(({ isWritten }) => isWritten)
    const standing = digests.get(storeRowKey(item))
    const isBuiltOn = item.records.some(
      ({ runId }) => !runIds.includes(runId) && runId > undone.at(-1)!.runId,
    )
    const isContinued =
      written.length > 0 &&
      standing !== undefined &&
      !standing.equals(undone[0]!.rowDigest) &&
      !discardContinued
    if (undone.some(({ isPurged }) => isPurged) || isBuiltOn || isContinued) {
      report.refused++
      continue
    }
    done.push(item)
    // What the application has deleted since stays deleted.
    if (written.length === 0 || standing === undefined) continue
    const { replaced } = discardContinued ? written.at(-1)! : lowestOf(written)
    if (replaced !== null) {
      report.restored++
      back.push(replaced)
    } else report.removed++
    gone.push(item)
  }
  if (lease === null || done.length === 0) return
  if (target !== null) {
    await takeStoreRows(session, target, gone)
    await restoreStoreRows(session, target, back)
  }
  await session.query(
    `UPDATE ${qualified(scope.ledgerSchema, 'store_items')} SET progress = 'rolled_back'
     WHERE id = ANY ($1::bytea[]) AND run_id = ANY ($2::int[]) AND target_schema = $3`,
    [done.map(({ id }) => id), runIds, scope.targetSchema],
  )
}

/** Down to where the application had changed the row between two of the runs: what it wrote then is what comes back. */
function lowestOf(written: ItemToUndo['records']): ItemToUndo['records'][number] {
  const at = written.findIndex(({ replacedDigest }, index) => {
    const before = written[index + 1]
    return replacedDigest !== null && before !== undefined && !replacedDigest.equals(before.rowDigest)
  })
  return written.at(at)!
}

async function digestsOf(
  session: SqlSession,
  { schema, dialect }: StoreTarget,
  items: readonly ItemToUndo[],
  lock: boolean,
): Promise<Map<string, Buffer>> {
  const column = namespaceColumn(dialect)
  const { rows } = await session.query<StoreRowName & { digest: Buffer }>(
    `SELECT s.${column} AS namespace, s.key, ${rowDigest('s')} AS digest FROM ${qualified(schema, 'store')} s
     WHERE (s.${column}, s.key) IN (SELECT * FROM unnest($1::text[], $2::text[]))${lock ? ' FOR UPDATE OF s' : ''}`,
    [items.map(({ namespace }) => namespace), items.map(({ key }) => key)],
  )
  return new Map(rows.map((row) => [storeRowKey(row), row.digest]))
}
