/** Rows of the savers' tables in place of keys with their values: each row is a hash of its columns. */
import type { ReadResult } from '../../model/redis-value.js'
import { rowKey, rowOfKey, type SqliteRow, storeKey, storeRowOfKey } from '../../model/sqlite.js'
import { sizeOf } from '../redis/value-commands.js'
import type { KeyOfType } from '../source.js'
import type { Cell, Database, Holdings } from './database.js'

const PAGE_ROWS = 1000
/** Ids are read as the bytes they are: a NUL in a text would end it in the library. */
const IDS = ['thread_id', 'checkpoint_ns', 'checkpoint_id']
  .map((id) => `CAST(${id} AS BLOB) AS ${id}`)
  .join(', ')

/** The columns of a row that are its value, sorted as hashes are. */
const columnsOf = ({ table }: Pick<SqliteRow, 'table'>, { hasTaskPath }: Holdings): readonly string[] =>
  table === 'checkpoints'
    ? ['checkpoint', 'metadata', 'parent_checkpoint_id', 'type']
    : ['channel', 'idx', 'task_id', ...(hasTaskPath ? ['task_path'] : []), 'type', 'value']

/** Every row of every table, a page at a time. */
export function* scanRows(database: Database, holdings: Holdings): Generator<KeyOfType[], void, undefined> {
  for (const table of holdings.tables) {
    // A name of its own: ORDER BY would take a column named `rowid` for the text it is, and pages would pass over rows.
    const ids = table === 'store' ? '' : `, ${IDS}`
    const sql = `SELECT CAST(rowid AS TEXT) AS row${ids} FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${PAGE_ROWS}`
    const first = `SELECT CAST(rowid AS TEXT) AS row${ids} FROM ${table} ORDER BY rowid LIMIT ${PAGE_ROWS}`
    for (let last: string | null = null; ; ) {
      const rows: readonly Record<string, Cell>[] =
        last === null ? database.all(first) : database.all(sql, [BigInt(last)])
      if (rows.length === 0) break
      yield rows.map((row) => {
        const rowid = String(row.row)
        const key =
          table === 'store'
            ? storeKey(rowid)
            : rowKey(holdings.saver, {
                table,
                rowid,
                threadId: textOf(row.thread_id),
                checkpointNs: textOf(row.checkpoint_ns),
                checkpointId: textOf(row.checkpoint_id),
              })
        return { key, type: 'hash' }
      })
      last = String(rows.at(-1)?.row)
    }
  }
}

const textOf = (cell: Cell | undefined): string =>
  cell instanceof Uint8Array ? Buffer.from(cell.buffer, cell.byteOffset, cell.length).toString('utf8') : ''

/** Where a key's row stands, and the columns that are its value; null where it names none. */
function placeOf(
  holdings: Holdings,
  key: Buffer,
): { readonly table: string; readonly rowid: string; readonly columns: readonly string[] } | null {
  const row = rowOfKey(holdings.saver, key)
  if (row !== null) return { ...row, columns: columnsOf(row, holdings) }
  const rowid = holdings.tables.includes('store') ? storeRowOfKey(key) : null
  return rowid === null ? null : { table: 'store', rowid, columns: holdings.storeColumns }
}

/** What its columns take; 0 where there is no such row. */
export function sizeOfRow(database: Database, holdings: Holdings, key: Buffer): number {
  const row = placeOf(holdings, key)
  if (row === null) return 0
  const sizes = row.columns.filter(isColumn).map((column) => `coalesce(octet_length(${column}), 0)`)
  const [found] = database.all(`SELECT ${sizes.join(' + ')} AS bytes FROM ${row.table} WHERE rowid = ?`, [
    BigInt(row.rowid),
  ])
  return Number(found?.bytes ?? 0)
}

/** NULL is a field that is not there. */
export function readRow(database: Database, holdings: Holdings, { key, type }: KeyOfType): ReadResult {
  const row = placeOf(holdings, key)
  if (row === null) return { state: 'gone' }
  if (type !== 'hash') return { state: 'type-changed', type: 'hash' }
  const casts = row.columns
    .map((column) => (isColumn(column) ? `CAST(${column} AS BLOB) AS ${column}` : column))
    .join(', ')
  const [found] = database.all(`SELECT ${casts} FROM ${row.table} WHERE rowid = ?`, [BigInt(row.rowid)])
  if (found === undefined) return { state: 'gone' }
  const fields: [Buffer, Buffer][] = []
  for (const [column, cell] of Object.entries(found)) {
    if (cell instanceof Uint8Array) fields.push([Buffer.from(column), bytesOf(cell)])
    else if (cell !== null) fields.push([Buffer.from(column), Buffer.from(String(cell))])
  }
  const value = { type: 'hash', fields } as const
  return { state: 'read', value, pttlMs: -1, sizeBytes: sizeOf(value) }
}

/** Others are worked out. */
const isColumn = (column: string): boolean => !column.includes(' ')

const bytesOf = (cell: Uint8Array): Buffer => Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength)
