/** The port for whole threads as rows: Postgres, or in a dry run a counter; and what a writer needs of its surroundings. */
import type { KnownThread } from '../../model/rows.js'
import type { Batch } from './batch.js'
import type { Committed, LeftOut, ThreadCommit, ThreadState } from './commit.js'
import type { CopySession, OwnSession } from './staging.js'

export interface BatchSink {
  /** What the target and the ledger know of these threads; those that neither knows are left out. */
  lookUp(threadIds: readonly string[]): Promise<ReadonlyMap<string, ThreadState>>
  /** What a thread's conversion starts from. */
  known(threadId: string, state: ThreadState): Promise<KnownThread>
  /** Commits neighbouring threads of a batch, again and again where something stands in the way for a moment. */
  commit(batch: Batch, threads: readonly ThreadCommit[]): Promise<Committed>
  /** Sends what the open thread has so far to the target; nothing is committed before `commitStaged`. */
  stage(batch: Batch, state: ThreadState): Promise<void>
  readonly isStaging: boolean
  /** The last rows of a staged thread, then all of it into the tables. A lost connection is thrown: the thread is to be read again. */
  commitStaged(batch: Batch, thread: ThreadCommit): Promise<Committed>
  /** Leaves nothing of a staged thread behind. */
  abandonStaged(): Promise<void>
  /** Threads of which nothing is migrated: what was found of them goes on record. */
  leftOut(threads: readonly LeftOut[]): Promise<void>
}

/** What the target's connections offer the writer: sessions of its own, and others for look-ups beside them. */
export interface TargetSessions {
  open(): Promise<OwnSession>
  use<T>(work: (session: CopySession) => Promise<T>): Promise<T>
}

/**
 * Waits after an error that another try may cure, until the server is there again; throws what ends the run for any other.
 * `attempt` counts from 1.
 */
export type Recover = (error: unknown, attempt: number) => Promise<void>
