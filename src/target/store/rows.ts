/** Rows of the table store and what stands beside them: looked at, inserted, rewritten. All of it inside the caller's transaction. */
import { createHash } from 'node:crypto'
import type { StoreDialect } from '../../model/store.js'
import {
  type StandingStoreRow,
  type StoreRow,
  type StoreRowName,
  storeRowKey,
} from '../../model/store-row.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { namespaceColumn } from './tables.js'

export interface StoreTarget {
  readonly schema: string
  readonly dialect: StoreDialect
  /** Null where there is no table for embeddings. */
  readonly embedding: { readonly type: string; readonly dims: number } | null
}

/** The name of an item in the ledger. */
export const storeItemId = ({ namespace, key }: StoreRowName): Buffer =>
  createHash('sha256').update(`${namespace.length}:${namespace}${key.length}:${key}`).digest()

/** In two steps: an interval is multiplied as a double. */
const moment = (column: string): string =>
  `timestamptz 'epoch' + ${column} / 1000000 * interval '1 second' + ${column} % 1000000 * interval '1 microsecond'`
const iso = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')`
/** TTLs are no part of it: readers renew them. */
export const rowDigest = (row: string): string =>
  `sha256(convert_to(${row}.value::text || coalesce(${iso(`${row}.created_at`)}, '') || coalesce(${iso(`${row}.updated_at`)}, ''), 'UTF8'))`

const WANTED = `unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::int[])
  WITH ORDINALITY AS w (namespace, key, value, created_at, updated_at, remaining_ms, ttl_minutes, at)`

function parametersOf(rows: readonly StoreRow[]): unknown[] {
  const of = <T>(column: (row: StoreRow) => T): T[] => rows.map(column)
  return [
    of((row) => row.namespace),
    of((row) => row.key),
    of((row) => row.value),
    of((row) => String(row.createdAt)),
    of((row) => String(row.updatedAt)),
    of((row) => (row.remainingMs === null ? null : Math.round(row.remainingMs))),
    of((row) => row.ttlMinutes),
  ]
}

const EXPIRES = `now() + w.remaining_ms * interval '1 millisecond'`

/** In the order of `rows`. `lock`: nobody changes them before the transaction ends. */
export async function standingRows(
  session: SqlSession,
  { schema, dialect }: StoreTarget,
  rows: readonly StoreRow[],
  lock: boolean,
): Promise<StandingStoreRow[]> {
  const namespace = namespaceColumn(dialect)
  const store = qualified(schema, 'store')
  if (lock) {
    await session.query(
      `SELECT FROM ${store} s JOIN unnest($1::text[], $2::text[]) AS w (namespace, key)
         ON s.${namespace} = w.namespace AND s.key = w.key ORDER BY s.${namespace}, s.key FOR UPDATE OF s`,
      parametersOf(rows).slice(0, 2),
    )
  }
  const { rows: standing } = await session.query<StandingStoreRow>(
    `SELECT s.key IS NOT NULL AS found,
       coalesce(s.value::text = w.value::jsonb::text AND s.created_at = ${moment('w.created_at')}
         AND s.updated_at = ${moment('w.updated_at')}, false) AS same,
       coalesce(s.updated_at > ${moment('w.updated_at')}, false) AS newer,
       CASE WHEN w.remaining_ms IS NULL THEN s.expires_at IS NOT NULL
         ELSE coalesce(s.expires_at < ${EXPIRES} - interval '1 minute', true) END AS "expiryDiffers",
       ${rowDigest('s')} AS digest
     FROM ${WANTED} LEFT JOIN ${store} s ON s.${namespace} = w.namespace AND s.key = w.key ORDER BY w.at`,
    parametersOf(rows),
  )
  return standing
}

/** Only INSERTs: an UPDATE would set off the JavaScript store's trigger, and lose updated_at. Gives each row's digest; null: somebody was faster. */
export async function insertStoreRows(
  session: SqlSession,
  { schema, dialect }: StoreTarget,
  rows: readonly StoreRow[],
): Promise<(Buffer | null)[]> {
  if (rows.length === 0) return []
  const namespace = namespaceColumn(dialect)
  const [minutes, value] = dialect === 'js' ? ['', ''] : [', ttl_minutes', ', w.ttl_minutes']
  const { rows: written } = await session.query<StoreRowName & { digest: Buffer }>(
    `INSERT INTO ${qualified(schema, 'store')} AS s (${namespace}, key, value, created_at, updated_at, expires_at${minutes})
     SELECT w.namespace, w.key, w.value::jsonb, ${moment('w.created_at')}, ${moment('w.updated_at')}, ${EXPIRES}${value}
     FROM ${WANTED} ORDER BY w.namespace, w.key ON CONFLICT DO NOTHING
     RETURNING s.${namespace} AS namespace, s.key, ${rowDigest('s')} AS digest`,
    parametersOf(rows),
  )
  const digests = new Map(written.map((row) => [storeRowKey(row), row.digest]))
  return rows.map((row) => digests.get(storeRowKey(row)) ?? null)
}

/** Takes rows out, whole, with their vectors; gives by `storeRowKey` what they were, as JSON. */
export async function takeStoreRows(
  session: SqlSession,
  target: StoreTarget,
  names: readonly StoreRowName[],
): Promise<Map<string, string>> {
  if (names.length === 0) return new Map()
  const column = namespaceColumn(target.dialect)
  const parameters = [names.map(({ namespace }) => namespace), names.map(({ key }) => key)]
  const vectors =
    target.embedding === null
      ? `'[]'::jsonb`
      : `(SELECT coalesce(jsonb_agg(to_jsonb(v)), '[]') FROM ${qualified(target.schema, 'store_vectors')} v
          WHERE v.${column} = s.${column} AND v.key = s.key)`
  const where = `FROM ${qualified(target.schema, 'store')} s
    WHERE (s.${column}, s.key) IN (SELECT * FROM unnest($1::text[], $2::text[]))`
  const { rows } = await session.query<StoreRowName & { row: string }>(
    `SELECT s.${column} AS namespace, s.key, jsonb_build_object('row', to_jsonb(s), 'vectors', ${vectors})::text AS row ${where}`,
    parameters,
  )
  await session.query(`DELETE ${where}`, parameters)
  return new Map(rows.map((taken) => [storeRowKey(taken), taken.row]))
}

/** Puts back what `takeStoreRows` gave. */
export async function restoreStoreRows(
  session: SqlSession,
  { schema, embedding }: StoreTarget,
  taken: readonly string[],
): Promise<void> {
  const store = qualified(schema, 'store')
  const vectors = qualified(schema, 'store_vectors')
  const from = 'FROM unnest($1::text[]) AS t (taken)'
  await session.query(
    `INSERT INTO ${store} SELECT r.* ${from}, jsonb_populate_record(NULL::${store}, t.taken::jsonb -> 'row') r`,
    [taken],
  )
  if (embedding === null) return
  await session.query(
    `INSERT INTO ${vectors} SELECT r.* ${from}, jsonb_populate_recordset(NULL::${vectors}, t.taken::jsonb -> 'vectors') r`,
    [taken],
  )
}

const spelled = (one: number): string => (Object.is(one, -0) ? '-0' : String(one))

/** The embeddings of those that have one; gives how many are new. Their times are those of their items. */
export async function insertVectors(
  session: SqlSession,
  { schema, dialect, embedding }: StoreTarget,
  all: readonly StoreRow[],
): Promise<number> {
  const rows = all.flatMap(({ vector, ...row }) => (vector === null ? [] : [{ ...row, ...vector }]))
  if (rows.length === 0 || embedding === null) return 0
  const column = namespaceColumn(dialect)
  const [names, values] =
    dialect === 'js'
      ? ['field_path, text_content, embedding, created_at', 'w.field, w.text, w.embedding, s.updated_at']
      : ['field_name, embedding, created_at, updated_at', 'w.field, w.embedding, s.updated_at, s.updated_at']
  const { rows: written } = await session.query(
    `INSERT INTO ${qualified(schema, 'store_vectors')} (${column}, key, ${names})
     SELECT w.namespace, w.key, ${values.replace('w.embedding', `w.embedding::${embedding.type}`)}
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS w (namespace, key, field, text, embedding)
     JOIN ${qualified(schema, 'store')} s ON s.${column} = w.namespace AND s.key = w.key
     ON CONFLICT DO NOTHING RETURNING 1 AS new`,
    [
      rows.map((row) => row.namespace),
      rows.map((row) => row.key),
      rows.map((row) => row.field),
      rows.map((row) => row.text),
      rows.map((row) => `[${row.embedding.map(spelled).join(',')}]`),
    ],
  )
  return written.length
}
