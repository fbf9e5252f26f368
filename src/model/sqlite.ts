/** A SQLite file as a source: how its URL is told, what the ledger calls it, and the names its rows have in place of keys. */
import { printableText } from './printable.js'

export interface SqliteEndpoint {
  readonly engine: 'sqlite'
  /** Absolute. */
  readonly path: string
  /** Nobody logs in to a file. */
  readonly username?: never
  readonly password?: never
  readonly certificates?: never
}

/** `sqlite:/srv/agent/checkpoints.db`: as it may be given again. */
export const sqliteUrl = ({ path }: SqliteEndpoint): string =>
  printableText(`sqlite:${path.replace(/[%?#\u0000-\u001f\u007f]/g, encodeURIComponent)}`)

/** Never the name of a server. */
export const sqliteName = ({ path }: SqliteEndpoint): string => `sqlite:${path}`

/** Both languages' savers make the same tables; which of them wrote a file, its values tell. */
export type SqliteSaver = 'python' | 'js'
/** `store` holds the long-term memory of the Python saver's sibling. */
export type SqliteTable = 'checkpoints' | 'writes' | 'store'

/** A row of the savers' tables. */
export interface SqliteRow {
  readonly table: 'checkpoints' | 'writes'
  readonly rowid: string
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
}

const HEAD: Readonly<Record<SqliteSaver, string>> = { python: 'sqlite:python:', js: 'sqlite:js:' }

/** `sqlite:python:checkpoints:12:["thread","","id"]`: ids may hold anything, so they stand in JSON. */
export const rowKey = (saver: SqliteSaver, row: SqliteRow): Buffer =>
  Buffer.from(
    `${HEAD[saver]}${row.table}:${row.rowid}:${JSON.stringify([row.threadId, row.checkpointNs, row.checkpointId])}`,
  )

/** Named as items of a store in Redis are, and counted with them. */
export const storeKey = (rowid: string): Buffer => Buffer.from(`store:${rowid}`)

/** The row id of an item of the store; null for other keys. */
export const storeRowOfKey = (key: Buffer): string | null =>
  /^store:(-?\d{1,19})$/.exec(key.toString('latin1'))?.[1] ?? null

/** The row of a name; null where it names none. */
export function rowOfKey(saver: SqliteSaver, key: Buffer): SqliteRow | null {
  const head = HEAD[saver]
  if (key.length <= head.length || key.toString('latin1', 0, head.length) !== head) return null
  const [, table, rowid, ids] =
    /^(checkpoints|writes):(-?\d{1,19}):(\[.*\])$/s.exec(key.toString('utf8', head.length)) ?? []
  if (table === undefined || rowid === undefined || ids === undefined) return null
  const parts = idsIn(ids)
  if (parts === null) return null
  const [threadId, checkpointNs, checkpointId] = parts
  return { table: table as SqliteRow['table'], rowid, threadId, checkpointNs, checkpointId }
}

function idsIn(text: string): [string, string, string] | null {
  try {
    const parts: unknown = JSON.parse(text)
    const isIds =
      Array.isArray(parts) && parts.length === 3 && parts.every((part) => typeof part === 'string')
    return isIds ? (parts as [string, string, string]) : null
  } catch {
    return null
  }
}
