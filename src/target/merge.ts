/** Brings staged rows into tables that hold rows of the same threads already: adds what is missing, names what differs, overwrites nothing that is not ours. */
import { digestOf } from '../codec/digest.js'
import { typedValue } from '../codec/serde.js'
import { TABLES, type TableName } from '../model/rows.js'
import { CHECKPOINT_DIGESTS } from './row-digests.js'
import { qualified, type SqlSession } from './session.js'
import { COLUMNS, staged } from './staging.js'

/** A row by its primary key. */
export interface RowKey {
  readonly table: TableName
  /** Values of the primary key, in the order of `TABLES`. */
  readonly key: readonly string[]
}

export interface Merged {
  readonly inserted: readonly RowKey[]
  /** Rows of ours that followed their source. */
  readonly updated: readonly RowKey[]
  /** Rows that are there and differ, and are not ours to change. */
  readonly conflicts: readonly RowKey[]
  /** Rows that stand there already as they would be written. */
  readonly unchanged: number
}

/** What the ledger knows about rows that differ. */
export interface Ownership {
  /** True when the ledger shows this checkpoint (its row and its writes) as ours with exactly this digest. */
  isOurs(threadId: string, checkpointNs: string, checkpointId: string, digest: string): boolean
  /** Keeps the old rows, so that a rollback can restore them. Called before they change, in the same transaction. */
  keepReplaced(session: SqlSession, rows: readonly RowKey[]): Promise<void>
}

const TABLE_ORDER: readonly TableName[] = ['checkpoint_blobs', 'checkpoint_writes', 'checkpoints']

/** Merges all staged rows; runs inside the caller's transaction. */
export async function mergeStaged(
  session: SqlSession,
  schema: string,
  ownership?: Ownership,
): Promise<Merged> {
  const differing = await differingRows(session, schema)
  const ours = ownership === undefined ? [] : await rowsOfOurs(session, schema, differing, ownership)
  const oursSet = new Set(ours)
  if (ours.length > 0 && ownership !== undefined) {
    await ownership.keepReplaced(session, ours)
    for (const table of TABLE_ORDER) await updateRows(session, schema, table, ours)
  }
  const inserted: RowKey[] = []
  let stagedRows = 0
  for (const table of TABLE_ORDER) {
    const { rows } = await session.query<{ n: string }>(`SELECT count(*) AS n FROM ${staged(table)}`)
    stagedRows += Number(rows[0]!.n)
    inserted.push(...(await insertMissing(session, schema, table)))
  }
  return {
    inserted,
    updated: ours,
    conflicts: differing.filter((row) => !oursSet.has(row)),
    unchanged: stagedRows - inserted.length - differing.length,
  }
}

/** Everything staged, into tables that hold nothing of these threads. */
export async function insertStaged(session: SqlSession, schema: string): Promise<void> {
  for (const table of TABLE_ORDER) {
    const columns = COLUMNS[table].join(', ')
    await session.query(
      `INSERT INTO ${qualified(schema, table)} (${columns}) SELECT ${columns} FROM ${staged(table)}`,
    )
  }
}

async function insertMissing(session: SqlSession, schema: string, table: TableName): Promise<RowKey[]> {
  const columns = COLUMNS[table].join(', ')
  const key = TABLES[table].join(', ')
  const { rows } = await session.query(
    `INSERT INTO ${qualified(schema, table)} (${columns})
     SELECT ${columns} FROM ${staged(table)} ORDER BY ${key} ON CONFLICT DO NOTHING RETURNING ${key}`,
  )
  return rows.map((row) => rowKey(table, row))
}

const rowKey = (table: TableName, row: Record<string, unknown>): RowKey => ({
  table,
  key: TABLES[table].map((column) => String(row[column])),
})

/** `type`, an empty `pending_sends` and `metadata.writes` are left-overs of older writers and do not count. */
const CHECKPOINTS_DIFFER = `
  (x.checkpoint - 'type' - CASE WHEN x.checkpoint->'pending_sends' = '[]' THEN 'pending_sends' ELSE '' END) <> t.checkpoint
  OR (x.metadata - 'writes') <> t.metadata
  OR x.parent_checkpoint_id IS DISTINCT FROM t.parent_checkpoint_id`
const BLOBS_DIFFER = `x.type <> t.type OR x.blob IS DISTINCT FROM t.blob`
/** A task path that the target does not have does not count: older writers left it empty. */
const WRITES_DIFFER = `x.type IS DISTINCT FROM t.type OR x.blob <> t.blob OR x.channel <> t.channel
  OR (x.task_path <> t.task_path AND x.task_path <> '')`

async function differingRows(session: SqlSession, schema: string): Promise<RowKey[]> {
  const join = <Row>(table: TableName, columns: string, where: string) =>
    session.query<Row & Record<string, unknown>>(
      `SELECT ${TABLES[table].map((column) => `t.${column}`).join(', ')}${columns}
       FROM ${staged(table)} t JOIN ${qualified(schema, table)} x USING (${TABLES[table].join(', ')}) WHERE ${where}`,
    )
  const checkpoints = await join('checkpoints', '', CHECKPOINTS_DIFFER)
  const blobs = await join<TwoBlobs>('checkpoint_blobs', `, ${TWO_BLOBS}`, BLOBS_DIFFER)
  const rest = `t.channel = x.channel AND (t.task_path = x.task_path OR x.task_path = '') AS rest_equal`
  const writes = await join<TwoBlobs & { rest_equal: boolean }>(
    'checkpoint_writes',
    `, ${TWO_BLOBS}, ${rest}`,
    WRITES_DIFFER,
  )
  return [
    ...checkpoints.rows.map((row) => rowKey('checkpoints', row)),
    ...blobs.rows.filter((row) => !sameDecoded(row)).map((row) => rowKey('checkpoint_blobs', row)),
    ...writes.rows
      .filter((row) => !row.rest_equal || !sameDecoded(row))
      .map((row) => rowKey('checkpoint_writes', row)),
  ]
}

interface TwoBlobs {
  readonly type: string
  readonly blob: Buffer | null
  readonly other_type: string
  readonly other_blob: Buffer | null
}
const TWO_BLOBS = 't.type, t.blob, x.type AS other_type, x.blob AS other_blob'

/** Bytes that differ may still be one value: set order, a default field written out. Undecodable bytes are different. */
function sameDecoded({ type, blob, other_type, other_blob }: TwoBlobs): boolean {
  if (blob === null || other_blob === null) return blob === other_blob && type === other_type
  try {
    return digestOf(typedValue(type, blob)).equals(digestOf(typedValue(other_type, other_blob)))
  } catch {
    return false
  }
}

/** Of the differing rows, those of checkpoints that still are exactly what we wrote. Blobs are never rewritten: their version names one value. */
async function rowsOfOurs(
  session: SqlSession,
  schema: string,
  differing: readonly RowKey[],
  ownership: Ownership,
): Promise<RowKey[]> {
  const candidates = differing.filter((row) => row.table !== 'checkpoint_blobs')
  if (candidates.length === 0) return []
  const ids = new Map(candidates.map(({ key }) => [key.slice(0, 3).join('\0'), key.slice(0, 3)]))
  const [threads, namespaces, checkpoints] = [0, 1, 2].map((at) => [...ids.values()].map((key) => key[at]!))
  const { rows } = await session.query<{
    thread_id: string
    checkpoint_ns: string
    checkpoint_id: string
    digest: string
  }>(CHECKPOINT_DIGESTS(schema, 'of'), [threads, namespaces, checkpoints])
  const ours = new Set<string>()
  for (const { thread_id, checkpoint_ns, checkpoint_id, digest } of rows) {
    if (ownership.isOurs(thread_id, checkpoint_ns, checkpoint_id, digest)) {
      ours.add([thread_id, checkpoint_ns, checkpoint_id].join('\0'))
    }
  }
  return candidates.filter(({ key }) => ours.has(key.slice(0, 3).join('\0')))
}

async function updateRows(
  session: SqlSession,
  schema: string,
  table: TableName,
  rows: readonly RowKey[],
): Promise<void> {
  const keys = rows.filter((row) => row.table === table).map((row) => row.key)
  if (keys.length === 0) return
  const primary = TABLES[table]
  const set = COLUMNS[table].filter((column) => !(primary as readonly string[]).includes(column))
  const arrays = primary.map((column, at) => `$${at + 1}::${column === 'idx' ? 'int' : 'text'}[]`)
  await session.query(
    `UPDATE ${qualified(schema, table)} x SET ${set.map((column) => `${column} = t.${column}`).join(', ')}
     FROM ${staged(table)} t JOIN unnest(${arrays.join(', ')}) AS k(${primary.join(', ')}) USING (${primary.join(', ')})
     WHERE ${primary.map((column) => `x.${column} = t.${column}`).join(' AND ')}`,
    primary.map((_, at) => keys.map((key) => key[at]!)),
  )
}
