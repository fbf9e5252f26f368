/** Rows of LangGraph's three tables as they will stand in Postgres, and what the target already knows of a thread. */

/** `checkpoint` and `metadata` are the UTF-8 text of their JSONB. */
export interface CheckpointRow {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  readonly checkpoint: Buffer
  readonly metadata: Buffer
}

/** `blob` is null only for type `empty`. */
export interface BlobRow {
  readonly threadId: string
  readonly checkpointNs: string
  readonly channel: string
  readonly version: string
  readonly type: string
  readonly blob: Buffer | null
  /** Of the blob, in hexadecimal digits, where it is known. */
  readonly sha256?: string
}

export interface WriteRow {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly taskId: string
  readonly taskPath: string
  readonly idx: number
  readonly channel: string
  readonly type: string
  readonly blob: Buffer
}

/** Takes rows as they are made; the buffers in a row are valid during the call only. */
export interface RowSink {
  checkpointRow(row: CheckpointRow): void
  blobRow(row: BlobRow): void
  writeRow(row: WriteRow): void
}

/** The tables, with their primary keys. */
export const TABLES = {
  checkpoints: ['thread_id', 'checkpoint_ns', 'checkpoint_id'],
  checkpoint_blobs: ['thread_id', 'checkpoint_ns', 'channel', 'version'],
  checkpoint_writes: ['thread_id', 'checkpoint_ns', 'checkpoint_id', 'task_id', 'idx'],
} as const
export type TableName = keyof typeof TABLES

/** One checkpoint that the target holds already: what a delta pass starts from. */
export interface KnownCheckpoint {
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  /** As the target has them: strings in the Python dialect, numbers in the JavaScript dialect. */
  readonly channelVersions: ReadonlyMap<string, string | number>
  readonly versionsSeen: ReadonlyMap<string, ReadonlyMap<string, string | number>>
}

/** One blob that the target holds already, by its length and the SHA-256 of its bytes. */
export interface KnownBlob {
  readonly checkpointNs: string
  readonly channel: string
  readonly version: string
  readonly type: string
  readonly bytes: number
  readonly sha256: Buffer | null
}

/** What the target knows of a thread before a pass. */
export interface KnownThread {
  readonly checkpoints: readonly KnownCheckpoint[]
  readonly blobs: readonly KnownBlob[]
}
export const UNKNOWN_THREAD: KnownThread = { checkpoints: [], blobs: [] }
