/** Rows of the table store read back, with their embeddings: those of some names, or all of them a page at a time. */
import { type StoredStoreRow, type StoreRowName, storeRowKey } from '../../model/store-row.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { rowDigest, type StoreTarget } from './rows.js'
import { namespaceColumn } from './tables.js'

/** By `storeRowKey` of their names; those that are not there are left out. */
export async function readStoreRows(
  session: SqlSession,
  { schema, dialect, embedding }: StoreTarget,
  names: readonly StoreRowName[],
): Promise<Map<string, StoredStoreRow>> {
  const column = namespaceColumn(dialect)
  const field = dialect === 'js' ? 'field_path' : 'field_name'
  const vectors =
    embedding === null
      ? 'NULL'
      : `(SELECT json_object_agg(v.${field}, v.embedding::text) FROM ${qualified(schema, 'store_vectors')} v
          WHERE v.${column} = s.${column} AND v.key = s.key)`
  const micros = (time: string): string => `coalesce((extract(epoch from s.${time}) * 1000000)::bigint, 0)`
  const { rows } = await session.query<StoreRowName & Omit<StoredStoreRow, 'value' | 'vectors'> & Texts>(
    `SELECT s.${column} AS namespace, s.key, s.value::text AS value, ${micros('created_at')} AS "createdAt",
       ${micros('updated_at')} AS "updatedAt", s.expires_at IS NOT NULL AS expires, ${rowDigest('s')} AS digest,
       ${vectors}::text AS vectors
     FROM ${qualified(schema, 'store')} s JOIN unnest($1::text[], $2::text[]) AS w (namespace, key)
       ON s.${column} = w.namespace AND s.key = w.key`,
    [names.map(({ namespace }) => namespace), names.map(({ key }) => key)],
  )
  return new Map(
    rows.map(({ value, vectors, ...row }) => [
      storeRowKey(row),
      { ...row, value: Buffer.from(value), vectors: vectorsOf(vectors) },
    ]),
  )
}

interface Texts {
  readonly value: string
  readonly vectors: string | null
}

/** pgvector prints a list of numbers. */
function vectorsOf(text: string | null): Map<string, readonly number[]> {
  const byField: Record<string, string> = text === null ? {} : JSON.parse(text)
  return new Map(Object.entries(byField).map(([field, list]) => [field, JSON.parse(list) as number[]]))
}

/** Every row's name and digest, in the order of names. */
export async function* eachStoreRow(
  use: <T>(work: (session: SqlSession) => Promise<T>) => Promise<T>,
  { schema, dialect }: StoreTarget,
  pageRows = 1000,
): AsyncGenerator<(StoreRowName & { readonly digest: Buffer })[]> {
  const column = namespaceColumn(dialect)
  let last: StoreRowName | null = null
  for (;;) {
    const { rows }: { rows: (StoreRowName & { readonly digest: Buffer })[] } = await use((session) =>
      session.query(
        `SELECT s.${column} AS namespace, s.key, ${rowDigest('s')} AS digest FROM ${qualified(schema, 'store')} s
         WHERE $1::text IS NULL OR (s.${column}, s.key) > ($1, $2::text) ORDER BY s.${column}, s.key LIMIT ${pageRows}`,
        [last?.namespace ?? null, last?.key ?? null],
      ),
    )
    if (rows.length > 0) yield rows
    if (rows.length < pageRows) return
    last = rows.at(-1)!
  }
}
