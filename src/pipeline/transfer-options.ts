/** What a transfer is told to do, and whom it tells what it has done. */
import type { ConvertOptions, Dialect, OpenConverter } from '../convert/converter.js'
import type { ThreadBound } from '../model/bounds.js'
import type { ThreadTold } from '../model/run.js'
import type { Recover } from '../target/rows/batch-sink.js'
import type { Committed, ThreadState } from '../target/rows/commit.js'
import type { Task } from './open-thread.js'

export interface TransferOptions {
  readonly convert: ConvertOptions
  readonly dialect: Dialect
  readonly openConverter: OpenConverter
  /** What is kept of each thread; null: all of it. */
  readonly bound: ThreadBound | null
  /** Bytes of source values asked for at once. */
  readonly readBytes: number
  /** Bytes of a thread's values held until it is known whether they have changed. */
  readonly holdBytes: number
  /** Bytes of rows in one transaction. */
  readonly batchBytes: number
  /** Bytes of one thread's rows beyond which they are staged. */
  readonly stageBytes: number
  readonly signal: AbortSignal
  /** Waits where a server is away; throws what ends the run. */
  readonly recover: Recover
}

/** What is told of each batch once it is committed, and of each thread that was left out. */
export interface TransferListener {
  /** Of one key, or of several. */
  read(bytes: number, keys?: number): void
  /** A thread of which only indexes and pointers are left. */
  nothingToRead(facts: ThreadTold): void
  /** A thread that is as the ledger recorded it. */
  unchanged(thread: UnchangedTold, bytes: number): void
  threadLeftOut(facts: ThreadTold): void
  committed(threads: readonly CommitTold[], committed: Committed): void
}

export type UnchangedTold = Pick<Task, 'threadId' | 'keys' | 'isPart'> & {
  readonly state: Pick<ThreadState, 'rows'>
}

export interface CommitTold {
  readonly facts: ThreadTold
  readonly state: Pick<ThreadState, 'hasRows'> & { readonly sameRun?: unknown }
}
