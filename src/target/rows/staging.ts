/** Temporary tables of one session: rows wait there until it is known which of them the target already holds. */

import type { TableName } from '../../model/rows.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { COPY_HEADER, COPY_TRAILER } from './copy-buffer.js'

export type Columns = Readonly<Record<TableName, readonly string[]>>

/** Every column that rows can have. */
export const COLUMNS: Columns = {
  checkpoints: [
    'thread_id',
    'checkpoint_ns',
    'checkpoint_id',
    'parent_checkpoint_id',
    'checkpoint',
    'metadata',
  ],
  checkpoint_blobs: ['thread_id', 'checkpoint_ns', 'channel', 'version', 'type', 'blob'],
  checkpoint_writes: [
    'thread_id',
    'checkpoint_ns',
    'checkpoint_id',
    'task_id',
    'idx',
    'channel',
    'type',
    'blob',
    'task_path',
  ],
}

/** Columns in the order of the COPY tuples (batch.ts). The tables of the JavaScript saver have no `task_path`. */
export const columnsFor = (dialect: 'python' | 'js'): Columns =>
  dialect === 'python'
    ? COLUMNS
    : {
        ...COLUMNS,
        checkpoint_writes: COLUMNS.checkpoint_writes.filter((column) => column !== 'task_path'),
      }

/**
 * One of LangGraph's tables, to read all of `COLUMNS` from: `task_path` is empty where the table has none, because a name that the innermost
 * table does not know is looked for further out.
 */
export const readable = (schema: string, table: TableName): string =>
  table === 'checkpoint_writes'
    ? `(SELECT w.* FROM (SELECT ''::text AS task_path) AS none
        CROSS JOIN LATERAL (SELECT ${COLUMNS[table].join(', ')} FROM ${qualified(schema, table)}) AS w)`
    : qualified(schema, table)

/** The temporary table that stands for one of LangGraph's. */
export const staged = (table: TableName): string => `pg_temp.cp_migrate_${table}`

/** Once a session; emptied at every commit. No index: they are read by whole-table joins and hold one batch. */
export const CREATE_STAGING = `
  CREATE TEMP TABLE IF NOT EXISTS cp_migrate_checkpoints (
    thread_id text, checkpoint_ns text, checkpoint_id text, parent_checkpoint_id text, checkpoint jsonb, metadata jsonb
  ) ON COMMIT DELETE ROWS;
  CREATE TEMP TABLE IF NOT EXISTS cp_migrate_checkpoint_blobs (
    thread_id text, checkpoint_ns text, channel text, version text, type text, blob bytea
  ) ON COMMIT DELETE ROWS;
  CREATE TEMP TABLE IF NOT EXISTS cp_migrate_checkpoint_writes (
    thread_id text, checkpoint_ns text, checkpoint_id text, task_id text, idx integer, channel text, type text, blob bytea,
    task_path text DEFAULT ''
  ) ON COMMIT DELETE ROWS;
`

/** A session that takes COPY: Postgres over the wire streams it, Postgres in the process takes it whole. */
export interface CopySession extends SqlSession {
  /** Runs `COPY … FROM STDIN (FORMAT binary)` with these bytes, header and trailer included. Throws the driver's error. */
  copyIn(sql: string, chunks: Iterable<Buffer>): Promise<void>
}

/** COPY BINARY of ready tuples into a table (already quoted). */
export async function copyTuples(
  session: CopySession,
  target: string,
  table: TableName,
  { tuples, columns }: { readonly tuples: Buffer; readonly columns: Columns },
): Promise<void> {
  if (tuples.length === 0) return
  await session.copyIn(
    `COPY ${target} (${columns[table].join(', ')}) FROM STDIN (FORMAT binary)`,
    chunksOf(tuples),
  )
}

/** Chunks keep the socket's memory small: the client library holds what it has not sent. */
const CHUNK_BYTES = 256 * 1024

function* chunksOf(tuples: Buffer): Generator<Buffer> {
  yield COPY_HEADER
  for (let at = 0; at < tuples.length; at += CHUNK_BYTES) yield tuples.subarray(at, at + CHUNK_BYTES)
  yield COPY_TRAILER
}

/** A session of the caller's own, which may break. */
export interface OwnSession extends CopySession {
  /** Set once the connection is gone; it never comes back. */
  readonly brokenBy: Error | undefined
  /** Never throws. */
  close(): Promise<void>
}
