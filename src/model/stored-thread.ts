/** What stands in Postgres of a thread, row by row, as the official reader would take it: the other side of a comparison. */
import type { ChannelVersion } from './thread.js'
import type { Value } from './value.js'

/** One row of `checkpoints`. Values are views: valid during the call that hands them over; all else stays. */
export interface StoredCheckpoint {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  /** Members of the JSONB that have no place of their own here: `v`, `ts`, `updated_channels`, … */
  readonly fields: ReadonlyMap<string, Value>
  /** A number whose text JavaScript would print differently stays text: blobs are joined by it. */
  readonly channelVersions: ReadonlyMap<string, ChannelVersion>
  readonly versionsSeen: ReadonlyMap<string, ReadonlyMap<string, ChannelVersion>>
  /** `channel_values` of the JSONB; a blob of the same channel wins over it. */
  readonly inlined: ReadonlyMap<string, Value>
  readonly metadata: Value
}

/** One row of `checkpoint_blobs`. */
export interface StoredBlob {
  readonly threadId: string
  readonly checkpointNs: string
  readonly channel: string
  readonly version: string
  /** Absent for type `empty`: the channel has no value. */
  readonly value?: Value
}

/** One row of `checkpoint_writes`. */
export interface StoredWrite {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly taskId: string
  readonly taskPath: string
  readonly idx: number
  readonly channel: string
  readonly value: Value
}

/** Takes rows in whatever order they come. */
export interface StoredRows {
  checkpoint(row: StoredCheckpoint): void
  blob(row: StoredBlob): void
  write(row: StoredWrite): void
}
