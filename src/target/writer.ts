/**
 * Commits batches: direct COPY for threads that the target does not know, staging and merge for those it does, and for a thread
 * too large to hold. Each batch is one transaction with its ledger rows.
 */
import type { KnownThread, TableName } from '../model/rows.js'
import type { ThreadFacts } from '../model/run.js'
import type { Batch, ThreadSpan } from './batch.js'
import { hasSqlstate, isRowRefused, sqlstateOf } from './errors.js'
import { existingThreads, knownThread } from './known.js'
import { insertStaged, type Merged, mergeStaged, type Ownership } from './merge.js'
import { qualified } from './session.js'
import { type CopySession, CREATE_STAGING, copyTuples, staged } from './staging.js'

/** One thread of a batch. */
export interface ThreadCommit {
  readonly span: ThreadSpan
  readonly facts: ThreadFacts
  /** It had rows in the target when the pass looked. */
  readonly existed: boolean
}

/** What a transaction has done, told to the ledger before it ends. */
export interface Written {
  readonly threads: readonly ThreadCommit[]
  /** Absent where all rows went in directly. */
  readonly merged?: Merged
}

/** The ledger's part in every transaction. */
export interface LedgerPart {
  /** First statement: fails when another run has taken over. */
  fence(session: CopySession): Promise<void>
  /** Last statements: the ledger rows of this batch. */
  record(session: CopySession, written: Written): Promise<void>
  readonly ownership: Ownership
}

export interface Committed {
  /** Absent where the batch went in by direct COPY. */
  readonly merged?: Merged
  /** Threads that Postgres refused, with the SQLSTATE; nothing of them was written. */
  readonly refused: readonly { readonly threadId: string; readonly sqlstate: string }[]
}

/** Below Postgres' `deadlock_timeout` of a second: in a crossed insert we give way and retry, never the user's app. */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '800ms'; SET LOCAL synchronous_commit = off`
const UNIQUE_VIOLATION = '23505'
const TABLE_ORDER: readonly TableName[] = ['checkpoint_blobs', 'checkpoint_writes', 'checkpoints']

/** Where batches go: Postgres, or in a dry run a counter. */
export interface BatchSink {
  /** Which of these threads have rows in the target. */
  existing(threadIds: readonly string[]): Promise<ReadonlySet<string>>
  known(threadId: string): Promise<KnownThread>
  /**
   * Commits neighbouring threads of a batch. Errors that another try may cure (lost connection, lock time-out, deadlock) are thrown
   * as the driver's; nothing of the batch is committed then.
   */
  commit(batch: Batch, threads: readonly ThreadCommit[]): Promise<Committed>
  /** Sends what the open thread has so far to the target; nothing is committed before `commitStaged`. */
  stage(batch: Batch): Promise<void>
  readonly isStaging: boolean
  /** The last rows of a staged thread, then all of it into the tables. */
  commitStaged(batch: Batch, thread: ThreadCommit): Promise<Committed>
  /** Leaves nothing of a staged thread behind. */
  abandonStaged(): Promise<void>
  /** After the last batch: everything before it is on disk. */
  end(): Promise<void>
}

/** What the target's connections offer the writer: its own session, and others for look-ups beside it. */
export interface TargetSessions {
  readonly writing: CopySession
  use<T>(work: (session: CopySession) => Promise<T>): Promise<T>
}

export class TargetWriter implements BatchSink {
  private hasStaging = false
  private staging = false

  private readonly session: CopySession

  constructor(
    private readonly sessions: TargetSessions,
    private readonly schema: string,
    private readonly ledger?: LedgerPart,
  ) {
    this.session = sessions.writing
  }

  existing(threadIds: readonly string[]): Promise<ReadonlySet<string>> {
    // A text with NUL cannot even be asked for; the converter reports it.
    const askable = threadIds.filter((threadId) => !threadId.includes('\0'))
    return this.sessions.use((session) => existingThreads(session, this.schema, askable))
  }

  known(threadId: string): Promise<KnownThread> {
    return this.sessions.use((session) => knownThread(session, this.schema, threadId))
  }

  async commit(batch: Batch, threads: readonly ThreadCommit[]): Promise<Committed> {
    if (threads.length === 0) return { refused: [] }
    try {
      return await this.attempt(
        batch,
        threads,
        threads.some((thread) => thread.existed),
      )
    } catch (error) {
      // Somebody inserted rows of a thread that was new a moment ago.
      if (hasSqlstate(error, UNIQUE_VIOLATION)) return await this.attempt(batch, threads, true)
      if (!isRowRefused(error)) throw error
      if (threads.length === 1) {
        return { refused: [{ threadId: threads[0]!.span.threadId, sqlstate: sqlstateOf(error)! }] }
      }
      const middle = threads.length >> 1
      const first = await this.commit(batch, threads.slice(0, middle))
      const second = await this.commit(batch, threads.slice(middle))
      return { ...joined(first, second), refused: [...first.refused, ...second.refused] }
    }
  }

  async stage(batch: Batch): Promise<void> {
    if (!this.staging) await this.begin(true)
    this.staging = true
    const tuples = batch.takeOpen()
    for (const table of TABLE_ORDER) await copyTuples(this.session, staged(table), table, tuples[table])
  }

  get isStaging(): boolean {
    return this.staging
  }

  /** The last rows of a staged thread, then all of it into the tables. */
  async commitStaged(batch: Batch, thread: ThreadCommit): Promise<Committed> {
    try {
      await this.copy(batch, [thread.span], staged)
      const merged = thread.existed
        ? await mergeStaged(this.session, this.schema, this.ledger?.ownership)
        : undefined
      if (merged === undefined) await insertStaged(this.session, this.schema)
      await this.ledger?.record(this.session, { threads: [thread], ...(merged && { merged }) })
      await this.session.query('COMMIT')
      return { refused: [], ...(merged && { merged }) }
    } catch (error) {
      await this.abandonStaged()
      if (!isRowRefused(error)) throw error
      return { refused: [{ threadId: thread.span.threadId, sqlstate: sqlstateOf(error)! }] }
    } finally {
      this.staging = false
    }
  }

  /** Leaves nothing of a staged thread behind. */
  async abandonStaged(): Promise<void> {
    this.staging = false
    await this.session.query('ROLLBACK').catch(() => {})
  }

  /** `synchronous_commit` was off until now: one synchronous commit (of a transaction with an id) flushes all before it. */
  async end(): Promise<void> {
    await this.session.query('BEGIN; SET LOCAL synchronous_commit = on; SELECT pg_current_xact_id(); COMMIT')
  }

  private async attempt(batch: Batch, threads: readonly ThreadCommit[], merge: boolean): Promise<Committed> {
    await this.begin(merge)
    try {
      await this.copy(
        batch,
        threads.map((thread) => thread.span),
        merge ? staged : (table) => qualified(this.schema, table),
      )
      const merged = merge ? await mergeStaged(this.session, this.schema, this.ledger?.ownership) : undefined
      await this.ledger?.record(this.session, { threads, ...(merged && { merged }) })
      await this.session.query('COMMIT')
      return { refused: [], ...(merged && { merged }) }
    } catch (error) {
      // A lost connection has rolled back by itself; the first error is the one that tells.
      await this.session.query('ROLLBACK').catch(() => {})
      throw error
    }
  }

  private async begin(needsStaging: boolean): Promise<void> {
    if (needsStaging && !this.hasStaging) {
      await this.session.query(CREATE_STAGING)
      this.hasStaging = true
    }
    await this.session.query(BEGIN)
    await this.ledger?.fence(this.session)
  }

  private async copy(
    batch: Batch,
    spans: readonly ThreadSpan[],
    into: (table: TableName) => string,
  ): Promise<void> {
    for (const table of TABLE_ORDER)
      await copyTuples(this.session, into(table), table, batch.tuples(table, spans))
  }
}

function joined(first: Committed, second: Committed): { merged?: Merged } {
  const parts = [first.merged, second.merged].filter((part) => part !== undefined)
  if (parts.length === 0) return {}
  return {
    merged: {
      inserted: parts.flatMap((part) => part.inserted),
      updated: parts.flatMap((part) => part.updated),
      conflicts: parts.flatMap((part) => part.conflicts),
      unchanged: parts.reduce((sum, part) => sum + part.unchanged, 0),
    },
  }
}
