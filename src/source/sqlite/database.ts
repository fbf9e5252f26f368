/** Opens a copy of a SQLite file, and finds out whose it is. */
import { createRequire } from 'node:module'
import type { Database as Connection, Statement } from 'node-sqlite3-wasm'
import { Failure } from '../../model/failure.js'
import type { SqliteSaver, SqliteTable } from '../../model/sqlite.js'
import type { DatabaseCopy } from './copy.js'
import { sqliteFailure } from './errors.js'

/** Statements over the copy, made once each. */
export class Database {
  readonly #connection: Connection
  readonly #statements = new Map<string, Statement>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  all(sql: string, values: readonly (string | number | bigint)[] = []): readonly Record<string, Cell>[] {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement.all([...values]) as Record<string, Cell>[]
  }

  close(): void {
    for (const statement of this.#statements.values()) statement.finalize()
    this.#statements.clear()
    this.#connection.close()
  }
}

/** What a column may hold. */
export type Cell = number | bigint | string | Uint8Array | null

/**
 * Throws `sqlite-missing` where the optional package is not installed, `sqlite-unreadable` where the file is no database, and
 * `sqlite-truncated` where it was cut off within its last page, of which SQLite itself would read the rest as zeros.
 */
export function openDatabase({ path, bytes, walBytes }: DatabaseCopy, endpoint: string): Database {
  const { Database: Library } = load(endpoint)
  try {
    const connection = new Library(path, { fileMustExist: true })
    // With the file to itself SQLite keeps the WAL's index in memory: shared memory is what the library does not have.
    connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    const database = new Database(connection)
    database.all('SELECT count(*) FROM sqlite_schema')
    // What the WAL holds need not be in the file.
    const wanted = walBytes > 0 ? 0 : numberOf(database, 'page_count') * numberOf(database, 'page_size')
    if (bytes < wanted) {
      database.close()
      throw new Failure('sqlite-truncated', { endpoint, bytes, wanted })
    }
    return database
  } catch (error) {
    throw sqliteFailure(error, endpoint)
  }
}

const numberOf = (database: Database, pragma: string): number =>
  Number(database.all(`PRAGMA ${pragma}`)[0]?.[pragma] ?? 0)

/** The package is large, optional, and loaded only now. */
function load(endpoint: string): typeof import('node-sqlite3-wasm') {
  try {
    return createRequire(import.meta.url)('node-sqlite3-wasm')
  } catch (error) {
    throw new Failure('sqlite-missing', { endpoint }, error)
  }
}

/** What the file holds of the savers. */
export interface Holdings {
  readonly saver: SqliteSaver
  readonly tables: readonly SqliteTable[]
  /** Only since langgraph-checkpoint-sqlite 3.1.2. */
  readonly hasTaskPath: boolean
  /** Of the table store, those that are read, sorted; with the number of embeddings, which are not. */
  readonly storeColumns: readonly string[]
  readonly rows: number
}

/** Throws `sqlite-no-saver` where it lacks the savers' tables, or has those of 2024, which had other columns. A store may have a file of its own. */
export function holdingsOf(database: Database, endpoint: string): Holdings {
  const columnsOf = (table: string): ReadonlySet<string> =>
    new Set(database.all(`PRAGMA table_info(${table})`).map(({ name }) => String(name)))
  const checkpoints = columnsOf('checkpoints')
  const writes = columnsOf('writes')
  if (checkpoints.has('thread_ts'))
    throw new Failure('sqlite-no-saver', {
      endpoint,
      problem: 'its checkpoints are those of langgraph 0.1 (2024)',
    })
  const store = columnsOf('store')
  const hasStore = store.has('prefix') && store.has('key') && store.has('value')
  const hasSaver = !hasStore || checkpoints.size + writes.size > 0
  const lacking = [
    ...CHECKPOINT_COLUMNS.filter((name) => !checkpoints.has(name)).map((name) => `checkpoints.${name}`),
    ...WRITE_COLUMNS.filter((name) => !writes.has(name)).map((name) => `writes.${name}`),
  ]
  if (hasSaver && lacking.length > 0)
    throw new Failure('sqlite-no-saver', { endpoint, problem: `it has no ${lacking[0]}` })
  const tables: SqliteTable[] = [
    ...(hasSaver ? (['checkpoints', 'writes'] as const) : []),
    ...(hasStore ? (['store'] as const) : []),
  ]
  const counts = tables.map((table) => Number(database.all(`SELECT count(*) AS n FROM ${table}`)[0]?.n ?? 0))
  return {
    // Only Python has a store.
    saver: hasSaver ? saverOf(database) : 'python',
    tables,
    hasTaskPath: writes.has('task_path'),
    storeColumns: [
      ...STORE_COLUMNS.filter((name) => store.has(name)),
      ...(columnsOf('store_vectors').has('field_name') ? [EMBEDDINGS] : []),
    ],
    rows: counts.reduce((sum, rows) => sum + rows, 0),
  }
}

const IDS = ['thread_id', 'checkpoint_ns', 'checkpoint_id'] as const
const CHECKPOINT_COLUMNS = [...IDS, 'parent_checkpoint_id', 'type', 'checkpoint', 'metadata'] as const
const WRITE_COLUMNS = [...IDS, 'task_id', 'idx', 'channel', 'type', 'value'] as const

const STORE_COLUMNS = ['created_at', 'expires_at', 'key', 'prefix', 'ttl_minutes', 'updated_at', 'value']
const EMBEDDINGS =
  '(SELECT nullif(count(*), 0) FROM store_vectors v WHERE v.prefix = store.prefix AND v.key = store.key) AS vectors'

/** JavaScript writes JSON only, and no space behind a colon; Python writes one. */
function saverOf(database: Database): SqliteSaver {
  if (database.all(`SELECT 1 FROM checkpoints WHERE type IS NOT 'json' LIMIT 1`).length > 0) return 'python'
  const [first] = database.all(
    'SELECT CAST(substr(checkpoint, 1, 64) AS TEXT) AS text FROM checkpoints LIMIT 1',
  )
  return first !== undefined && /^\{"\w+":[^ ]/.test(String(first.text)) ? 'js' : 'python'
}
