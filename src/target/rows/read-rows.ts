/** Reads the rows of many threads out of Postgres, as a stream: memory holds one row at a time, however large the threads are. */
import type { StoredRows } from '../../model/stored-thread.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { type Tuple, tuplesOf } from './copy-tuples.js'
import { type Dialect, storedBlob, storedCheckpoint, storedWrite } from './read-rows-values.js'

/** A session that can send rows as COPY does. */
export interface CopyOutSession extends SqlSession {
  /** The bytes of one `COPY … TO STDOUT`. Whoever stops reading before the end must close the session. */
  copyOut(sql: string): AsyncIterable<Buffer>
}

export interface RowsToRead {
  readonly schema: string
  readonly dialect: Dialect
  readonly threadIds: readonly string[]
  /** Rows stay valid after they were handed over. */
  readonly keeps?: boolean
  /** Told of the bytes of rows as they come. */
  onBytes?(bytes: number): void
  readonly signal?: AbortSignal
}

/** Hands over every row of these threads: checkpoints, then blobs, then writes; in each table in no order. */
export async function readRows(
  session: CopyOutSession,
  request: RowsToRead,
  rows: StoredRows,
): Promise<void> {
  // Postgres' text has no NUL, so no thread is named with one.
  const threadIds = request.threadIds.filter((id) => !id.includes('\0'))
  if (threadIds.length === 0) return
  const { schema, dialect, keeps = false, onBytes, signal } = request
  // COPY takes no parameters: a setting of the session stands in for one.
  await session.query(`SELECT set_config('${WANTED}', $1, false)`, [JSON.stringify(threadIds)])
  for (const { table, columns, take } of TABLES_TO_READ) {
    const copy = `COPY (SELECT ${columns(dialect)} FROM ${qualified(schema, table)} WHERE thread_id = ANY (${WANTED_IDS}))
      TO STDOUT (FORMAT binary)`
    for await (const tuples of tuplesOf(session.copyOut(copy), { isPassing: true })) {
      signal?.throwIfAborted()
      for (const tuple of tuples) take(keeps ? copyOf(tuple) : tuple, dialect, rows)
      onBytes?.(tuples.reduce((sum, tuple) => sum + bytesOf(tuple), 0))
    }
  }
}

const WANTED = 'cp_migrate.wanted'
const WANTED_IDS = `ARRAY(SELECT jsonb_array_elements_text(current_setting('${WANTED}')::jsonb))`

interface TableToRead {
  readonly table: string
  columns(dialect: Dialect): string
  take(tuple: Tuple, dialect: Dialect, rows: StoredRows): void
}

const TABLES_TO_READ: readonly TableToRead[] = [
  {
    table: 'checkpoints',
    columns: () =>
      'thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint::text, metadata::text',
    take: (tuple, _, rows) => rows.checkpoint(storedCheckpoint(tuple)),
  },
  {
    table: 'checkpoint_blobs',
    columns: () => 'thread_id, checkpoint_ns, channel, version, type, blob',
    take: (tuple, dialect, rows) => rows.blob(storedBlob(tuple, dialect)),
  },
  {
    // Tables of the JavaScript saver have no task_path.
    table: 'checkpoint_writes',
    columns: (dialect) =>
      `thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, ${dialect === 'js' ? "''" : 'task_path'}`,
    take: (tuple, dialect, rows) => rows.write(storedWrite(tuple, dialect)),
  },
]

const copyOf = (tuple: Tuple): Tuple => tuple.map((field) => field && Buffer.from(field))

const bytesOf = (tuple: Tuple): number => tuple.reduce((sum, field) => sum + (field?.length ?? 0), 0)
