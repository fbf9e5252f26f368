/** The port of a dialect: takes the records of one thread in order and makes the rows that the dialect's official saver would have written. */
import type { RowAmounts } from '../model/bounds.js'
import type { Finding } from '../model/finding.js'
import type { KnownThread, RowSink } from '../model/rows.js'
import type { Checkpoint, PendingWrite, StoredChannelValue } from '../model/thread.js'

export type Dialect = 'python' | 'js'

export interface ConvertOptions {
  /** Migrate a thread around a head that cannot be read, though it then opens at an older state. */
  readonly allowOlderHead: boolean
  /** Bytes of channel values kept at hand to compare with later copies of the same version. */
  readonly copiesBytes: number
  /** Bytes that the official reader can join into one value; Postgres' own limit without. */
  readonly maxJoinedBytes?: number
  /** Decodes every value from its beginning, whatever is known of its first bytes: to compare with. */
  readonly plain?: boolean
}

/** What a bound did to one thread. */
export interface BoundOutcome {
  /** Rows that were not written. */
  readonly leftOut: RowAmounts
  /** Source keys, as latin1 text, that hold something of what was left out. */
  readonly skippedKeys: ReadonlySet<string>
  /** Whether a finding is about what was to be kept. */
  concerns(finding: Finding): boolean
}

/** What became of a thread. */
export interface ConvertedThread {
  readonly threadId: string
  /** `rejected`: no row of it may be written. */
  readonly completeness: 'whole' | 'partial' | 'rejected'
  readonly checkpoints: number
  readonly writes: number
  readonly blobs: number
  /** Channel values seen in the source, repeats included. */
  readonly valuesSeen: number
  /** Threads whose newest root checkpoint has a pending `__interrupt__` write. */
  readonly waitsAtInterrupt: boolean
  /** Newest checkpoint id of each namespace that is migrated. */
  readonly heads: ReadonlyMap<string, string>
  /** `module.Class` of every object that the reader will be asked to build, and that is not LangGraph's or LangChain's own. */
  readonly classes: ReadonlySet<string>
  /** What a bound inside the thread left out. */
  readonly bound?: BoundOutcome
}

/**
 * Takes the records of one thread. Checkpoints come parents before children where the source allows it, then the writes. No call throws
 * for what is in the data.
 */
export interface RecordTaker<Made> {
  checkpoint(checkpoint: Checkpoint): void
  write(write: PendingWrite): void
  /** After the checkpoints, in any order with the writes. */
  channelValue(value: StoredChannelValue): void
  /** A checkpoint of this thread that could not even be read (its ids are from the key), or another key of it: then the id is null. */
  unreadable(checkpointNs: string, checkpointId: string | null): void
  end(): Made
}

/** Converts one thread. What a record cannot keep becomes a finding. */
export type ThreadConverter = RecordTaker<ConvertedThread>

export type OpenConverter = (
  threadId: string,
  known: KnownThread,
  rows: RowSink,
  report: (finding: Finding) => void,
  options: ConvertOptions,
) => ThreadConverter
