/** What is remembered of a thread that a run has moved: the ledger stores it, reports count it. */
import type { RowAmounts, ThreadBound } from './bounds.js'
import type { Finding } from './finding.js'
import type { ThreadSeen } from './survey.js'

/** A key that was read, with the digest of what was read (12 bytes, see pipeline/source-digest.ts). */
export interface SourceKey {
  readonly key: Buffer
  readonly digest: Buffer
}

/** A thread of which older checkpoints were left out on purpose. */
export interface ThreadCut extends ThreadBound {
  /** Rows that were not written. */
  readonly leftOut: RowAmounts
  /** Of the source keys, those that hold something of what was left out. */
  readonly skippedKeys: readonly Buffer[]
}

export type Completeness = 'whole' | 'partial' | 'rejected'

export interface ThreadFacts {
  readonly threadId: string
  readonly layouts: readonly string[]
  readonly completeness: Completeness
  readonly checkpoints: number
  readonly writes: number
  readonly blobs: number
  /** Bytes of the values read, and of the rows made. */
  readonly sourceBytes: number
  readonly targetBytes: number
  readonly sourceKeys: readonly SourceKey[]
  /** Index and pointer keys that were not read; they go with their thread. */
  readonly unreadKeys: readonly Buffer[]
  /** Milliseconds that the longest-lived key still has; −1: for ever; null: unknown. */
  readonly longestPttlMs: number | null
  /** namespace → newest checkpoint id migrated. */
  readonly heads: ReadonlyMap<string, string>
  /** The latest time that a checkpoint or a write notes, where its id is none; milliseconds since 1970. */
  readonly notedMs?: number | null
  readonly findings: readonly Finding[]
  /** Only keys that their names gave to another thread: the rest of the thread was moved before, by the same run. */
  readonly isPart: boolean
  /** What a bound inside the thread left out; absent where it left nothing out. */
  readonly cut?: ThreadCut
  /** What a report tells of it; absent where it was not converted. */
  readonly seen?: ThreadSeen
}

/** The same for who only counts: of keys, how many there are. */
export type ThreadTold = Omit<ThreadFacts, 'sourceKeys' | 'unreadKeys' | 'cut'> & {
  readonly sourceKeys: Counted
  readonly unreadKeys: Counted
  readonly cut?: Pick<ThreadCut, 'leftOut'>
}
interface Counted {
  readonly length: number
}
