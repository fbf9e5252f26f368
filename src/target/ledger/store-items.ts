/** What the ledger remembers of store items: recorded with their rows, judged by verify, marked by purge and rollback. */
import { qualified, type SqlSession } from '../connection/session.js'
import type { LedgerScope } from './read.js'

export interface StoreRecord {
  readonly id: Buffer
  readonly runId: number
  readonly progress: 'migrated' | 'differs' | 'verified' | 'purging' | 'purged'
  readonly isOurs: boolean
  readonly sourceKey: Buffer
  readonly sourceDigest: Buffer
  readonly vectorKey: Buffer | null
  readonly vectorDigest: Buffer | null
  readonly rowDigest: Buffer
  /** By a verification that came to its end. */
  readonly isVerified: boolean
}

export interface NewStoreRecord
  extends Pick<
    StoreRecord,
    'id' | 'isOurs' | 'sourceKey' | 'sourceDigest' | 'vectorKey' | 'vectorDigest' | 'rowDigest'
  > {
  readonly namespace: string
  readonly key: string
  /** This run wrote the row. */
  readonly isWritten: boolean
  /** The row that was there before, as `takeStoreRows` gives it; null where there was none. */
  readonly replaced: string | null
}

const COLUMNS = `l.id, l.run_id AS "runId", l.progress, l.is_ours AS "isOurs", l.source_key AS "sourceKey",
  l.source_digest AS "sourceDigest", l.vector_key AS "vectorKey", l.vector_digest AS "vectorDigest",
  l.row_digest AS "rowDigest", l.progress = 'verified' AND v.finished_at IS NOT NULL AS "isVerified"`

const text = (id: Buffer): string => id.toString('latin1')

/** What the newest run says of each, by its id. */
export async function readStoreRecords(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  ids: readonly Buffer[],
): Promise<Map<string, StoreRecord>> {
  const { rows } = await session.query<StoreRecord>(
    `SELECT DISTINCT ON (l.id) ${COLUMNS} FROM ${qualified(ledgerSchema, 'store_items')} l
     LEFT JOIN ${qualified(ledgerSchema, 'verifications')} v ON v.id = l.verification_id
     WHERE l.id = ANY ($1::bytea[]) AND l.source_name = $2 AND l.target_schema = $3 AND l.progress <> 'rolled_back'
     ORDER BY l.id, l.run_id DESC`,
    [ids, sourceName, targetSchema],
  )
  return new Map(rows.map((row) => [text(row.id), row]))
}

export const recordOf = (records: ReadonlyMap<string, StoreRecord>, id: Buffer): StoreRecord | undefined =>
  records.get(text(id))

/** Inside the transaction that writes the rows. What this run had replaced before stays what it was before the run. */
export async function recordStoreItems(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  runId: number,
  records: readonly NewStoreRecord[],
): Promise<void> {
  if (records.length === 0) return
  const of = <T>(column: (record: NewStoreRecord) => T): T[] => records.map(column)
  await session.query(
    `INSERT INTO ${qualified(ledgerSchema, 'store_items')} AS l (run_id, source_name, target_schema, progress, id, namespace,
       key, is_ours, is_written, source_key, source_digest, vector_key, vector_digest, row_digest, replaced)
     SELECT $1::int, $2::text, $3::text, 'migrated', r.*
     FROM unnest($4::bytea[], $5::text[], $6::text[], $7::bool[], $8::bool[], $9::bytea[], $10::bytea[], $11::bytea[],
       $12::bytea[], $13::bytea[], $14::jsonb[]) AS r
     ON CONFLICT (run_id, id) DO UPDATE SET progress = 'migrated', verification_id = NULL,
       source_key = excluded.source_key, source_digest = excluded.source_digest, vector_key = excluded.vector_key,
       vector_digest = excluded.vector_digest, row_digest = excluded.row_digest, migrated_at = excluded.migrated_at,
       is_ours = excluded.is_ours, is_written = excluded.is_written OR (l.is_written AND l.progress <> 'rolled_back'),
       replaced = CASE WHEN l.progress = 'rolled_back' OR NOT l.is_written THEN excluded.replaced ELSE l.replaced END`,
    [
      runId,
      sourceName,
      targetSchema,
      of((one) => one.id),
      of((one) => one.namespace),
      of((one) => one.key),
      of((one) => one.isOurs),
      of((one) => one.isWritten),
      of((one) => one.sourceKey),
      of((one) => one.sourceDigest),
      of((one) => one.vectorKey),
      of((one) => one.vectorDigest),
      of((one) => one.rowDigest),
      of((one) => one.replaced),
    ],
  )
}

/** Purged items whose keys are back, with what was on record of them; gives how many. */
export async function unpurgeStoreItems(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  keys: readonly { readonly key: Buffer; readonly digest: Buffer }[],
): Promise<number> {
  const { rows } = await session.query(
    `UPDATE ${qualified(ledgerSchema, 'store_items')} l SET progress = 'migrated'
     FROM unnest($1::bytea[], $2::bytea[]) AS k (key, digest)
     WHERE l.source_key = k.key AND l.source_digest = k.digest AND l.progress IN ('purging', 'purged')
       AND l.source_name = $3 AND l.target_schema = $4 RETURNING 1 AS one`,
    [keys.map(({ key }) => key), keys.map(({ digest }) => digest), sourceName, targetSchema],
  )
  return rows.length
}

/** Of the newest run that knows each: what a verification, a purge or a rollback made of it. */
export async function markStoreItems(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  marks: readonly { readonly id: Buffer; readonly runId: number }[],
  to: { readonly progress: StoreRecord['progress']; readonly verificationId?: number },
): Promise<void> {
  if (marks.length === 0) return
  await session.query(
    `UPDATE ${qualified(ledgerSchema, 'store_items')} l
     SET progress = $3::text, verification_id = coalesce($4::int, l.verification_id)
     FROM unnest($1::bytea[], $2::int[]) AS m (id, run_id)
     WHERE l.id = m.id AND l.run_id = m.run_id AND l.source_name = $5 AND l.target_schema = $6 AND l.progress <> 'rolled_back'`,
    [
      marks.map(({ id }) => id),
      marks.map(({ runId }) => runId),
      to.progress,
      to.verificationId ?? null,
      sourceName,
      targetSchema,
    ],
  )
}
