/** What LangGraph's tables look like once every step is applied: the shape that a target is measured by. */

export const MIGRATIONS_TABLE = 'checkpoint_migrations'
export const CHECKPOINT_TABLES = [
  MIGRATIONS_TABLE,
  'checkpoints',
  'checkpoint_blobs',
  'checkpoint_writes',
] as const
export type CheckpointTable = (typeof CHECKPOINT_TABLES)[number]

/** Tables of the long-term store, in the same schema where an app uses one; touched only with `--include store`. */
export const STORE_TABLES = ['store', 'store_migrations', 'store_vectors', 'vector_migrations'] as const

interface TableShape {
  /** name → type; `task_path` is not here, for older savers have none. */
  readonly columns: Readonly<Record<string, 'text' | 'jsonb' | 'bytea' | 'integer'>>
  readonly primaryKey: readonly string[]
}

/** langgraph-checkpoint-postgres 1.0.0–3.2.0, and the JS saver 0.0.1–1.0.5. */
export const SHAPES: Readonly<Record<CheckpointTable, TableShape>> = {
  checkpoint_migrations: { columns: { v: 'integer' }, primaryKey: ['v'] },
  checkpoints: {
    columns: {
      thread_id: 'text',
      checkpoint_ns: 'text',
      checkpoint_id: 'text',
      parent_checkpoint_id: 'text',
      type: 'text',
      checkpoint: 'jsonb',
      metadata: 'jsonb',
    },
    primaryKey: ['thread_id', 'checkpoint_ns', 'checkpoint_id'],
  },
  checkpoint_blobs: {
    columns: {
      thread_id: 'text',
      checkpoint_ns: 'text',
      channel: 'text',
      version: 'text',
      type: 'text',
      blob: 'bytea',
    },
    primaryKey: ['thread_id', 'checkpoint_ns', 'channel', 'version'],
  },
  checkpoint_writes: {
    columns: {
      thread_id: 'text',
      checkpoint_ns: 'text',
      checkpoint_id: 'text',
      task_id: 'text',
      idx: 'integer',
      channel: 'text',
      type: 'text',
      blob: 'bytea',
    },
    primaryKey: ['thread_id', 'checkpoint_ns', 'checkpoint_id', 'task_id', 'idx'],
  },
}

/** Columns of which the shallow savers have none, though their tables have the same names. */
export const MISSING_IN_SHALLOW = { checkpoints: 'checkpoint_id', checkpoint_blobs: 'version' } as const

/** Step number → what it makes. Steps 0–4 are both savers'; 5 does nothing; 6–9 are the Python saver's. */
export const TABLE_STEPS: Readonly<Record<number, CheckpointTable>> = {
  0: 'checkpoint_migrations',
  1: 'checkpoints',
  2: 'checkpoint_blobs',
  3: 'checkpoint_writes',
}
export const BLOB_NULL_STEP = 4
export const INDEX_STEPS: Readonly<
  Record<number, { readonly index: string; readonly table: CheckpointTable }>
> = {
  6: { index: 'checkpoints_thread_id_idx', table: 'checkpoints' },
  7: { index: 'checkpoint_blobs_thread_id_idx', table: 'checkpoint_blobs' },
  8: { index: 'checkpoint_writes_thread_id_idx', table: 'checkpoint_writes' },
}
export const TASK_PATH_STEP = 9

/** Columns large enough to be worth compressing in another way. */
export const COMPRESSIBLE = {
  checkpoints: ['checkpoint', 'metadata'],
  checkpoint_blobs: ['blob'],
  checkpoint_writes: ['blob'],
} as const

export type Compression = 'lz4' | 'pglz'

/** What an init is to leave behind. */
export interface WantedTables {
  readonly schema: string
  readonly ledgerSchema: string
  readonly dialect: 'python' | 'js'
  /** Leave the three secondary indexes for after the load. */
  readonly deferIndexes: boolean
  readonly compression?: Compression
  /** LangGraph's long-term memory too; with `vectorDims` its table for embeddings of so many dimensions. */
  readonly store?: { readonly vectorDims: number | null }
  /** Who makes them, and where: for the wording of a right that is missing. */
  readonly user: string
  readonly database: string
}

/** Tables of the ledger; a foreign schema must have none of these names free of ours. */
export const LEDGER_TABLES = [
  'ledger_migrations',
  'runs',
  'threads',
  'verifications',
  'inserted',
  'replaced',
  'findings',
  'lease',
  'heartbeats',
  'store_items',
  'current_threads',
] as const
