/**
 * Commits batches: direct COPY for threads that the target does not know, staging and merge for those it does, and for a thread
 * too large to hold. Each batch is one transaction with its ledger rows; one that is interrupted is begun again.
 */
import type { KnownThread, TableName } from '../model/rows.js'
import type { ThreadFacts } from '../model/run.js'
import type { Batch, ThreadSpan } from './batch.js'
import {
  type Committed,
  isKnown,
  type Merged,
  type MergePolicy,
  type ThreadCommit,
  type ThreadState,
  USUAL_POLICY,
} from './commit.js'
import { hasSqlstate, IN_THE_WAY, isConnectionLost, isRowRefused, READ_ONLY, sqlstateOf } from './errors.js'
import { existingThreads, knownThread } from './known.js'
import type { RunLedger } from './ledger.js'
import { checkpointName } from './ledger-pack.js'
import { lookUpThreads } from './look-up.js'
import { insertStaged, mergeStaged } from './merge.js'
import { TABLE_ORDER } from './row-keys.js'
import { inTransaction, qualified, transactionOutcome } from './session.js'
import { type CopySession, CREATE_STAGING, copyTuples, type OwnSession, staged } from './staging.js'

/** Where batches go: Postgres, or in a dry run a counter. */
export interface BatchSink {
  /** What the target and the ledger know of these threads; those that neither knows are left out. */
  lookUp(threadIds: readonly string[]): Promise<ReadonlyMap<string, ThreadState>>
  /** What a thread's conversion starts from. */
  known(threadId: string, state: ThreadState): Promise<KnownThread>
  /** Commits neighbouring threads of a batch, again and again where something stands in the way for a moment. */
  commit(batch: Batch, threads: readonly ThreadCommit[]): Promise<Committed>
  /** Sends what the open thread has so far to the target; nothing is committed before `commitStaged`. */
  stage(batch: Batch): Promise<void>
  readonly isStaging: boolean
  /** The last rows of a staged thread, then all of it into the tables. A lost connection is thrown: the thread is to be read again. */
  commitStaged(batch: Batch, thread: ThreadCommit): Promise<Committed>
  /** Leaves nothing of a staged thread behind. */
  abandonStaged(): Promise<void>
  /** A thread of which nothing is migrated: what was found of it goes on record. */
  leftOut(facts: ThreadFacts, state: ThreadState): Promise<void>
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

export interface WriterOptions {
  readonly schema: string
  readonly ledger?: RunLedger
  readonly policy?: MergePolicy
  readonly recover?: Recover
}

/** Below Postgres' `deadlock_timeout` of a second: in a crossed insert we give way and retry, never the user's app. */
const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '800ms'`
const UNIQUE_VIOLATION = '23505'

/** What a transaction did, to be told once it has committed. */
interface Done {
  readonly committed: Committed
  /** New rows in the ledger's `threads`. */
  readonly threadsAdded: number
}

/** The answer to a COMMIT never came. */
class CommitUnanswered extends Error {
  constructor(
    readonly xid: string | undefined,
    readonly done: Done,
    override readonly cause: unknown,
  ) {
    super('no answer to COMMIT')
  }
}

export class TargetWriter implements BatchSink {
  private own: OwnSession | undefined
  private hasStaging = false
  private staging: { readonly xid: string | undefined } | undefined
  private readonly schema: string
  private readonly ledger: RunLedger | undefined
  private readonly policy: MergePolicy
  private readonly recover: Recover

  constructor(
    private readonly sessions: TargetSessions,
    { schema, ledger, policy = USUAL_POLICY, recover = GIVE_UP }: WriterOptions,
  ) {
    this.schema = schema
    this.ledger = ledger
    this.policy = policy
    this.recover = recover
  }

  lookUp(threadIds: readonly string[]): Promise<ReadonlyMap<string, ThreadState>> {
    const run = this.ledger && { scope: this.ledger.scope, runId: this.ledger.runId }
    return this.retried(() =>
      this.sessions.use((session) => lookUpThreads(session, this.schema, threadIds, run)),
    )
  }

  async known(threadId: string, state: ThreadState): Promise<KnownThread> {
    const known = await this.retried(() =>
      this.sessions.use((session) => knownThread(session, this.schema, threadId)),
    )
    // Rows of others that are to be rewritten are nothing to start from.
    return this.policy.onExisting === 'replace' ? knownOfOurs(known, state) : known
  }

  async commit(batch: Batch, threads: readonly ThreadCommit[]): Promise<Committed> {
    if (threads.length === 0) return { refused: [] }
    return this.commitBy(batch, threads, threads.some(isKnown) ? 'merge' : 'copy')
  }

  async stage(batch: Batch): Promise<void> {
    const session = await this.session()
    this.staging ??= { xid: await this.begin(session, true) }
    const tuples = batch.takeOpen()
    const { columns } = batch
    for (const table of TABLE_ORDER)
      await copyTuples(session, staged(table), table, { tuples: tuples[table], columns })
  }

  get isStaging(): boolean {
    return this.staging !== undefined
  }

  async commitStaged(batch: Batch, thread: ThreadCommit): Promise<Committed> {
    const session = await this.session()
    const xid = this.staging?.xid
    try {
      await this.copy(session, batch, [thread.span], staged)
      const done = await this.finishStaged(session, batch, thread)
      await this.commitNow(session, xid, done)
      return this.confirmed(done)
    } catch (error) {
      await this.abandonStaged()
      if (error instanceof CommitUnanswered) {
        return await this.retried(() => this.outcomeOf(error, () => Promise.reject(error.cause)))
      }
      if (!isRowRefused(error)) throw error
      return await this.refused(thread, sqlstateOf(error)!)
    } finally {
      this.staging = undefined
    }
  }

  async abandonStaged(): Promise<void> {
    this.staging = undefined
    await this.own?.query('ROLLBACK').catch(() => {})
  }

  async leftOut(facts: ThreadFacts, state: ThreadState): Promise<void> {
    const { ledger } = this
    if (ledger === undefined) return
    await this.retried(async () => {
      const threadsAdded = await this.sessions.use((session) =>
        inTransaction(session, async () => {
          await ledger.fence(session)
          return ledger.recordLeftOut(session, facts, state)
        }),
      )
      ledger.threadsAdded += threadsAdded
    })
  }

  private async commitBy(
    batch: Batch,
    threads: readonly ThreadCommit[],
    way: 'copy' | 'merge',
  ): Promise<Committed> {
    try {
      return await this.retried(() => this.attempt(batch, threads, way))
    } catch (error) {
      // Somebody inserted rows of a thread that was new a moment ago.
      if (hasSqlstate(error, UNIQUE_VIOLATION) && way === 'copy') {
        return this.commitBy(batch, await this.withTheirRows(threads), 'merge')
      }
      if (!isRowRefused(error)) throw error
      if (threads.length === 1) return this.refused(threads[0]!, sqlstateOf(error)!)
      const middle = threads.length >> 1
      const first = await this.commitBy(batch, threads.slice(0, middle), way)
      return joined(first, await this.commitBy(batch, threads.slice(middle), way))
    }
  }

  private async attempt(
    batch: Batch,
    threads: readonly ThreadCommit[],
    way: 'copy' | 'merge',
  ): Promise<Committed> {
    const session = await this.session()
    const xid = await this.begin(session, way === 'merge')
    let done: Done
    try {
      const into = way === 'merge' ? staged : (table: TableName) => qualified(this.schema, table)
      await this.copy(
        session,
        batch,
        threads.map((thread) => thread.span),
        into,
      )
      done = await this.finish(session, batch, threads, way)
    } catch (error) {
      // A lost connection has rolled back by itself; the first error is the one that tells.
      await session.query('ROLLBACK').catch(() => {})
      throw error
    }
    await this.commitNow(session, xid, done)
    return this.confirmed(done)
  }

  /** All that follows the rows: from the temporary tables into LangGraph's, and the ledger's part. */
  private async finish(
    session: CopySession,
    { columns }: Batch,
    threads: readonly ThreadCommit[],
    way: 'copy' | 'merge',
  ): Promise<Done> {
    const { schema, policy, ledger } = this
    const ownership = ledger?.ownership(threads)
    const merged =
      way === 'merge'
        ? await mergeStaged(session, { schema, columns, threads, policy, ownership })
        : undefined
    const written = { threads, ...(merged && { merged }) }
    const threadsAdded = (await ledger?.record(session, written)) ?? 0
    return { committed: { refused: [], ...(merged && { merged }) }, threadsAdded }
  }

  /** A staged thread keeps what was sent of it while it waits for others. */
  private async finishStaged(session: CopySession, batch: Batch, thread: ThreadCommit): Promise<Done> {
    await session.query('SAVEPOINT staged')
    let way: 'copy' | 'merge' = isKnown(thread) ? 'merge' : 'copy'
    for (let attempt = 1; ; attempt++) {
      try {
        if (way === 'copy') await insertStaged(session, { schema: this.schema, columns: batch.columns })
        return await this.finish(session, batch, [thread], way)
      } catch (error) {
        const isRace = hasSqlstate(error, UNIQUE_VIOLATION) && way === 'copy'
        if (!isRace && !hasSqlstate(error, IN_THE_WAY)) throw error
        await session.query('ROLLBACK TO SAVEPOINT staged')
        if (isRace) way = 'merge'
        else await this.recover(error, attempt)
      }
    }
  }

  private async commitNow(session: CopySession, xid: string | undefined, done: Done): Promise<void> {
    try {
      await session.query('COMMIT')
    } catch (error) {
      throw isConnectionLost(error) ? new CommitUnanswered(xid, done, error) : error
    }
  }

  private confirmed({ committed, threadsAdded }: Done): Committed {
    if (this.ledger !== undefined) this.ledger.threadsAdded += threadsAdded
    return committed
  }

  private async retried<T>(work: () => Promise<T>): Promise<T> {
    let next: () => Promise<T> = work
    for (let attempt = 1; ; attempt++) {
      try {
        return await next()
      } catch (error) {
        const isUnanswered = error instanceof CommitUnanswered
        const cause = isUnanswered ? error.cause : error
        // Only another server, or this one after a change, would take our rows.
        if (hasSqlstate(cause, READ_ONLY)) await this.own?.close()
        await this.recover(cause, attempt)
        next = isUnanswered ? () => this.outcomeOf(error, work) : work
      }
    }
  }

  /** The server knows whether a transaction of that id has committed; if not, `orElse` does it again. */
  private async outcomeOf<T>({ xid, done }: CommitUnanswered, orElse: () => Promise<T>): Promise<T> {
    const outcome =
      xid === undefined ? 'unknown' : await this.sessions.use((session) => transactionOutcome(session, xid))
    if (outcome === 'in progress') throw new CommitUnanswered(xid, done, new Error('Connection terminated'))
    // What was asked for is what a commit gives: `attempt` and `commitStaged` are the only ones that throw this.
    return outcome === 'committed' ? (this.confirmed(done) as T) : orElse()
  }

  private async session(): Promise<OwnSession> {
    if (this.own === undefined || this.own.brokenBy !== undefined) {
      this.own = await this.sessions.open()
      this.hasStaging = false
    }
    return this.own
  }

  /** Gives the transaction's id, where there is a ledger. */
  private async begin(session: CopySession, needsStaging: boolean): Promise<string | undefined> {
    if (needsStaging && !this.hasStaging) {
      await session.query(CREATE_STAGING)
      this.hasStaging = true
    }
    await session.query(BEGIN)
    try {
      return await this.ledger?.fence(session)
    } catch (error) {
      await session.query('ROLLBACK').catch(() => {})
      throw error
    }
  }

  private async copy(
    session: CopySession,
    batch: Batch,
    spans: readonly ThreadSpan[],
    into: (table: TableName) => string,
  ): Promise<void> {
    const { columns } = batch
    for (const table of TABLE_ORDER)
      await copyTuples(session, into(table), table, { tuples: batch.tuples(table, spans), columns })
  }

  private async withTheirRows(threads: readonly ThreadCommit[]): Promise<ThreadCommit[]> {
    const ids = threads.map(({ facts }) => facts.threadId)
    const existing = await this.retried(() =>
      this.sessions.use((session) => existingThreads(session, this.schema, ids)),
    )
    return threads.map((thread) => ({
      ...thread,
      state: { ...thread.state, hasRows: thread.state.hasRows || existing.has(thread.facts.threadId) },
    }))
  }

  private async refused({ facts, state }: ThreadCommit, sqlstate: string): Promise<Committed> {
    const { threadId } = facts
    const finding = { reason: 'refused-by-postgres', threadId, detail: `SQLSTATE ${sqlstate}` } as const
    const findings = [...facts.findings, finding]
    await this.leftOut({ ...facts, completeness: 'rejected', findings }, state)
    return { refused: [{ threadId, sqlstate }] }
  }
}

/** Checkpoints that runs of ours wrote, and the values they name. */
function knownOfOurs({ checkpoints, blobs }: KnownThread, { recorded }: ThreadState): KnownThread {
  const ours = checkpoints.filter(({ checkpointNs, checkpointId }) =>
    recorded?.rowDigests.has(checkpointName(checkpointNs, checkpointId)),
  )
  const named = new Set(
    ours.flatMap(({ checkpointNs, channelVersions }) =>
      [...channelVersions].map(([channel, version]) => [checkpointNs, channel, version].join('\0')),
    ),
  )
  return {
    checkpoints: ours,
    blobs: blobs.filter(({ checkpointNs, channel, version }) =>
      named.has([checkpointNs, channel, version].join('\0')),
    ),
  }
}

const GIVE_UP: Recover = async (error) => {
  throw error
}

function joined(first: Committed, second: Committed): Committed {
  const refused = [...first.refused, ...second.refused]
  const parts = [first.merged, second.merged].filter((part): part is Merged => part !== undefined)
  if (parts.length === 0) return { refused }
  const all = <Key extends Exclude<keyof Merged, 'unchanged'>>(key: Key) =>
    parts.flatMap((part) => part[key] as unknown[])
  return {
    refused,
    merged: {
      inserted: all('inserted'),
      updated: all('updated'),
      conflicts: all('conflicts'),
      deleted: all('deleted'),
      leftAlone: all('leftAlone'),
      owned: all('owned'),
      unchanged: parts.reduce((sum, part) => sum + part.unchanged, 0),
    } as Merged,
  }
}
