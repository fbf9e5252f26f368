/** Rows of threads as they stand in Postgres, asked for piece by piece: memory holds one piece, however large a thread is. */
import type { BlobRow, CheckpointRow, WriteRow } from './rows.js'

export type CheckpointKey = Pick<CheckpointRow, 'threadId' | 'checkpointNs' | 'checkpointId'>
export type BlobKey = Pick<BlobRow, 'threadId' | 'checkpointNs' | 'channel' | 'version'>

/** One state of the tables: what is asked for later was there from the beginning. Only one question at a time. */
export interface ThreadRows {
  /** The newest checkpoint of every namespace, in the order of `checkpoints`. */
  heads(): AsyncIterable<readonly CheckpointRow[]>
  /** All of a thread one after the other, by namespace, then by id as bytes. */
  checkpoints(): AsyncIterable<readonly CheckpointRow[]>
  /** The rows of these keys that exist, in the order of the keys, as many as fit into a piece; `next` is the first key not looked at. */
  blobs(keys: readonly BlobKey[]): Promise<{ readonly rows: readonly BlobRow[]; readonly next: number }>
  /** The writes of these checkpoints (of one channel, if told), in their order; of each by task path, task id and index. */
  writes(keys: readonly CheckpointKey[], channel?: string): AsyncIterable<readonly WriteRow[]>
  /** How many writes belong to checkpoints that do not exist, by thread. */
  orphans(): Promise<ReadonlyMap<string, number>>
}
