/** Reads the rows of threads out of Postgres piece by piece, all from one state of the tables. */
import type { BlobRow, CheckpointRow, WriteRow } from '../../model/rows.js'
import type { BlobKey, CheckpointKey, ThreadRows } from '../../model/thread-rows.js'
import { qualified } from '../connection/session.js'
import { type Tuple, tuplesOf } from './copy-tuples.js'
import type { CopyOutSession } from './read-rows.js'
import type { Dialect } from './read-rows-values.js'

export interface ThreadsToRead {
  readonly schema: string
  readonly dialect: Dialect
  readonly threadIds: readonly string[]
  readonly signal?: AbortSignal
}

/** A piece ends with the row that makes it so large. */
const PIECE_BYTES = 4 * 1024 * 1024
const FIRST_ROWS = 64
const MAX_ROWS = 1000

/** What `read` makes of the rows; the transaction they are read in ends with it. */
export async function* withThreadRows<T>(
  session: CopyOutSession,
  request: ThreadsToRead,
  read: (rows: ThreadRows) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  let isRead = false
  try {
    const reader = new ThreadReader(session, request)
    await reader.begin()
    yield* read(reader)
    isRead = true
  } finally {
    // A lost connection has rolled back by itself; the first error is the one that tells.
    const end = session.query('ROLLBACK')
    await (isRead ? end : end.catch(() => {}))
  }
}

class ThreadReader implements ThreadRows {
  private readonly tables: Readonly<Record<'checkpoints' | 'blobs' | 'writes', string>>
  private readonly isPython: boolean

  constructor(
    private readonly session: CopyOutSession,
    private readonly request: ThreadsToRead,
  ) {
    const { schema, dialect } = request
    this.isPython = dialect === 'python'
    this.tables = {
      checkpoints: qualified(schema, 'checkpoints'),
      blobs: qualified(schema, 'checkpoint_blobs'),
      writes: qualified(schema, 'checkpoint_writes'),
    }
  }

  begin(): Promise<void> {
    // Postgres' text has no NUL, so no thread is named with one.
    return this.set(
      THREADS,
      this.request.threadIds.filter((id) => !id.includes('\0')),
    )
  }

  heads(): AsyncIterable<readonly CheckpointRow[]> {
    return this.pages(
      'cp_migrate_heads',
      `SELECT DISTINCT ON (w.ord, checkpoint_ns COLLATE "C") w.ord, c.*
       FROM ${WANTED_THREADS} JOIN ${this.tables.checkpoints} c ON c.thread_id = w.id
       ORDER BY w.ord, checkpoint_ns COLLATE "C", checkpoint_id COLLATE "C" DESC`,
    )
  }

  checkpoints(): AsyncIterable<readonly CheckpointRow[]> {
    return this.pages(
      'cp_migrate_checkpoints',
      `SELECT w.ord, c.* FROM ${WANTED_THREADS} JOIN ${this.tables.checkpoints} c ON c.thread_id = w.id
       ORDER BY w.ord, checkpoint_ns COLLATE "C", checkpoint_id COLLATE "C"`,
    )
  }

  async blobs(
    keys: readonly BlobKey[],
  ): Promise<{ readonly rows: readonly BlobRow[]; readonly next: number }> {
    await this.set(
      KEYS,
      keys.map(({ threadId, checkpointNs, channel, version }) => [threadId, checkpointNs, channel, version]),
    )
    const tuples = await this.copy(`
      SELECT (ord - 1)::int4, type, blob FROM (
        SELECT w.ord, b.type, b.blob, sum(coalesce(octet_length(b.blob), 0)) OVER (ORDER BY w.ord) AS upto
        FROM ${WANTED_KEYS} JOIN ${this.tables.blobs} b ON b.thread_id = w.key ->> 0 AND b.checkpoint_ns = w.key ->> 1
          AND b.channel = w.key ->> 2 AND b.version = w.key ->> 3
      ) AS found WHERE upto - coalesce(octet_length(blob), 0) < ${PIECE_BYTES} ORDER BY ord`)
    const rows = tuples.map(([at, type, blob]) => ({
      ...keys[at!.readInt32BE()]!,
      type: type!.toString(),
      blob: blob ?? null,
    }))
    const isCut = rows.reduce((sum, { blob }) => sum + (blob?.length ?? 0), 0) >= PIECE_BYTES
    return { rows, next: isCut ? tuples.at(-1)![0]!.readInt32BE() + 1 : keys.length }
  }

  async *writes(keys: readonly CheckpointKey[], channel?: string): AsyncGenerator<readonly WriteRow[]> {
    const wanted = keys.map(({ threadId, checkpointNs, checkpointId }) => [
      threadId,
      checkpointNs,
      checkpointId,
    ])
    const path = this.isPython ? 'task_path' : "''"
    const order = ['ord', ...(this.isPython ? ['task_path', 'task_id'] : ['task_id'])]
    // The reader of Python sorts writes by itself; Sends come in the order of the database.
    const collation = this.isPython && channel === undefined ? ' COLLATE "C"' : ''
    const window = [...order.map((column) => (column === 'ord' ? column : column + collation)), 'idx'].join(
      ', ',
    )
    for (let done = 0, doneBytes = 0, isCut = true; isCut; ) {
      await this.set(KEYS, wanted)
      if (channel !== undefined) await this.set(CHANNEL, channel)
      const tuples = await this.copy(`
        SELECT (ord - 1)::int4, task_id, task_path, idx, channel, type, blob FROM (
          SELECT w.ord, r.task_id, ${path} AS task_path, r.idx, r.channel, r.type, r.blob,
            row_number() OVER o AS place, sum(octet_length(r.blob)) OVER o AS upto
          FROM ${WANTED_KEYS} JOIN ${this.tables.writes} r ON r.thread_id = w.key ->> 0
            AND r.checkpoint_ns = w.key ->> 1 AND r.checkpoint_id = w.key ->> 2
          ${channel === undefined ? '' : `WHERE r.channel = current_setting('${CHANNEL}')::jsonb #>> '{}'`}
          WINDOW o AS (ORDER BY ${window})
        ) AS found WHERE place > ${done} AND upto - octet_length(blob) < ${doneBytes + PIECE_BYTES} ORDER BY place`)
      const rows = tuples.map((tuple) => writeRow(keys[tuple[0]!.readInt32BE()]!, tuple))
      const bytes = rows.reduce((sum, { blob }) => sum + blob.length, 0)
      done += rows.length
      doneBytes += bytes
      isCut = bytes >= PIECE_BYTES
      if (rows.length > 0) yield rows
    }
  }

  async orphans(): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.session.query<{ id: string; writes: number }>(
      `SELECT r.thread_id AS id, count(*)::int4 AS writes FROM ${WANTED_THREADS}
       JOIN ${this.tables.writes} r ON r.thread_id = w.id
       WHERE NOT EXISTS (SELECT 1 FROM ${this.tables.checkpoints} c WHERE c.thread_id = r.thread_id
         AND c.checkpoint_ns = r.checkpoint_ns AND c.checkpoint_id = r.checkpoint_id) GROUP BY 1`,
    )
    return new Map(rows.map(({ id, writes }) => [id, writes]))
  }

  /** Sorted as they are stored and only then made text, so that the server sorts no large values. */
  private async *pages(cursor: string, sorted: string): AsyncGenerator<readonly CheckpointRow[]> {
    await this.session.query(
      `DECLARE ${cursor} NO SCROLL CURSOR FOR SELECT thread_id, checkpoint_ns, checkpoint_id,
         parent_checkpoint_id, checkpoint::text, metadata::text FROM (${sorted}) AS sorted`,
    )
    for (let wanted = FIRST_ROWS; ; ) {
      this.request.signal?.throwIfAborted()
      const { rows } = await this.session.query<CheckpointColumns>(`FETCH ${wanted} FROM ${cursor}`)
      if (rows.length > 0) yield rows.map(checkpointRow)
      if (rows.length < wanted) break
      const bytes = rows.reduce((sum, row) => sum + row.checkpoint.length + row.metadata.length, 0)
      wanted = Math.max(1, Math.min(MAX_ROWS, Math.floor((PIECE_BYTES * rows.length) / bytes)))
    }
    await this.session.query(`CLOSE ${cursor}`)
  }

  /** COPY and cursors take no parameters: a setting of the transaction stands in for one. */
  private async set(name: string, value: unknown): Promise<void> {
    await this.session.query('SELECT set_config($1, $2, true)', [name, JSON.stringify(value)])
  }

  private async copy(select: string): Promise<Tuple[]> {
    this.request.signal?.throwIfAborted()
    const all: Tuple[] = []
    for await (const tuples of tuplesOf(this.session.copyOut(`COPY (${select}) TO STDOUT (FORMAT binary)`)))
      for (const tuple of tuples) all.push(tuple)
    return all
  }
}

const THREADS = 'cp_migrate.threads'
const KEYS = 'cp_migrate.keys'
const CHANNEL = 'cp_migrate.channel'
const WANTED_THREADS = `jsonb_array_elements_text(current_setting('${THREADS}')::jsonb) WITH ORDINALITY AS w (id, ord)`
const WANTED_KEYS = `jsonb_array_elements(current_setting('${KEYS}')::jsonb) WITH ORDINALITY AS w (key, ord)`

interface CheckpointColumns {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id: string
  readonly parent_checkpoint_id: string | null
  readonly checkpoint: string
  readonly metadata: string
}

const checkpointRow = (row: CheckpointColumns): CheckpointRow => ({
  threadId: row.thread_id,
  checkpointNs: row.checkpoint_ns,
  checkpointId: row.checkpoint_id,
  parentCheckpointId: row.parent_checkpoint_id,
  checkpoint: Buffer.from(row.checkpoint),
  metadata: Buffer.from(row.metadata),
})

const writeRow = ({ threadId, checkpointNs, checkpointId }: CheckpointKey, tuple: Tuple): WriteRow => ({
  threadId,
  checkpointNs,
  checkpointId,
  taskId: tuple[1]!.toString(),
  taskPath: tuple[2]?.toString() ?? '',
  idx: tuple[3]!.readInt32BE(),
  channel: tuple[4]!.toString(),
  type: tuple[5]?.toString() ?? '',
  blob: tuple[6] ?? Buffer.alloc(0),
})
