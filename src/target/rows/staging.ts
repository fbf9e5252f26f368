/** Temporary tables of one session: rows wait there until it is known which of them the target already holds. */

import type { TableName } from '../../model/rows.js'
import { qualified, type SqlSession } from '../connection/session.js'

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

/** Emptied at every commit. No index: they are read by whole-table joins and hold one batch. */
const CREATE_STAGING = `
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

/**
 * What has been compressed stays so on its way from one table to the other: it is compressed in the first as the last wants it. Before
 * Postgres 14 there is nothing to choose, and no such column of the catalog.
 */
const COMPRESS_ALIKE = `
  SELECT set_config('default_toast_compression', CASE method WHEN 'l' THEN 'lz4' ELSE 'pglz' END, false)
  FROM (
    SELECT to_jsonb(a) ->> 'attcompression' AS method FROM pg_attribute a
    WHERE a.attrelid = to_regclass($1) AND a.attname = 'blob'
  ) AS wanted
  WHERE method IN ('l', 'p')`

/** Once a session of the writer's own. */
export async function prepareStaging(session: SqlSession, schema: string): Promise<void> {
  await session.query(CREATE_STAGING)
  await session.query(COMPRESS_ALIKE, [qualified(schema, 'checkpoint_blobs')])
}

/** A session that takes COPY: Postgres over the wire streams it, Postgres in the process takes it whole. */
export interface CopySession extends SqlSession {
  /** Runs `COPY … FROM STDIN (FORMAT binary)` with these bytes, header and trailer included. Throws the driver's error. */
  copyIn(sql: string, chunks: Iterable<Buffer>): Promise<void>
}

/** A session of the caller's own, which may break. */
export interface OwnSession extends CopySession {
  /** Set once the connection is gone; it never comes back. */
  readonly brokenBy: Error | undefined
  /** Never throws. */
  close(): Promise<void>
}
