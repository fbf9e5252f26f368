/**
 * Commits batches: direct COPY for threads that the target does not know, staging and merge for those it does, and for a thread
 * too large to hold. Each batch is one transaction with its ledger rows.
 */
import type { KnownThread, TableName } from '../../model/rows.js'
import { hasSqlstate, IN_THE_WAY, isRowRefused, sqlstateOf } from '../connection/errors.js'
import { inTransaction, qualified, type SqlSession } from '../connection/session.js'
import { CommitUnanswered, type Transaction, Transactions } from '../connection/transactions.js'
import type { RunLedger } from '../ledger/ledger.js'
import { aroundRefused } from './around-refused.js'
import type { Batch } from './batch.js'
import type { BatchSink, Recover, TargetSessions } from './batch-sink.js'
import {
  type Committed,
  isKnown,
  type LeftOut,
  type MergePolicy,
  type ThreadCommit,
  type ThreadState,
  USUAL_POLICY,
} from './commit.js'
import { copyTuples } from './copy-tables.js'
import { existingThreads, knownOfOurs, knownThread } from './known.js'
import { lookUpThreads } from './look-up.js'
import { insertStaged, mergeStaged } from './merge.js'
import { type CopySession, staged } from './staging.js'

export interface WriterOptions {
  readonly schema: string
  readonly ledger?: RunLedger
  readonly policy?: MergePolicy
  readonly recover?: Recover
}

/** Straight into the tables, or by way of the temporary ones. */
type Way = 'copy' | 'merge'

/** What a transaction did, to be told once it has committed. */
interface Done {
  readonly committed: Committed
  /** New rows in the ledger's `threads`. */
  readonly threadsAdded: number
  /** Of a thread that was staged: when its first row went into LangGraph's tables, on the clock of `performance`. */
  readonly since?: number
}

const UNIQUE_VIOLATION = '23505'

export class TargetWriter implements BatchSink {
  private readonly transactions: Transactions
  /** The transaction that a large thread is being sent in. */
  private staging: Transaction | undefined
  /** What was staged last is on its way. */
  private sending: Promise<void> = Promise.resolve()
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
    const fence = ledger && ((session: SqlSession) => ledger.fence(session))
    this.transactions = new Transactions(sessions, schema, recover, fence)
  }

  lookUp(threadIds: readonly string[]): Promise<ReadonlyMap<string, ThreadState>> {
    // Whoever wants deleted checkpoints back wants them found among new ones, too.
    const doubtful = this.policy.restoreDeleted
    const run = this.ledger && { scope: this.ledger.scope, runId: this.ledger.runId, doubtful }
    return this.asked((session) => lookUpThreads(session, this.schema, threadIds, run))
  }

  async known(threadId: string, state: ThreadState): Promise<KnownThread> {
    const known = await this.asked((session) => knownThread(session, this.schema, threadId))
    // Rows of others that are to be rewritten are nothing to start from.
    return this.policy.onExisting === 'replace' ? knownOfOurs(known, state.recorded?.rowDigests) : known
  }

  async commit(batch: Batch, threads: readonly ThreadCommit[]): Promise<Committed> {
    if (threads.length === 0) return { refused: [] }
    return this.commitBy(batch, threads, threads.some(isKnown) ? 'merge' : 'copy')
  }

  async stage(batch: Batch): Promise<void> {
    this.staging ??= await this.transactions.begin({ staging: true })
    await this.sending
    const tuples = batch.takeOpen()
    this.sending = copyTuples(this.staging.session, batch.columns, staged, (table) => tuples[table])
    // The error is thrown where it is awaited; until then it must not count as unhandled.
    this.sending.catch(() => {})
  }

  get isStaging(): boolean {
    return this.staging !== undefined
  }

  async commitStaged(batch: Batch, thread: ThreadCommit): Promise<Committed> {
    const transaction = this.staging!
    try {
      await this.sending
      const rest = (table: TableName) => batch.tuples(table, [thread.span])
      await copyTuples(transaction.session, batch.columns, staged, rest)
      const done = await this.finishStaged(transaction.session, batch, thread)
      return this.confirmed(await this.transactions.commit(transaction, done))
    } catch (error) {
      await this.abandonStaged()
      if (error instanceof CommitUnanswered) {
        const isLost = () => Promise.reject(error.cause)
        return this.confirmed(
          await this.transactions.retried<Done>(() => this.transactions.outcomeOf(error, isLost)),
        )
      }
      if (!isRowRefused(error)) throw error
      return await this.refused(thread, sqlstateOf(error)!)
    } finally {
      this.staging = undefined
    }
  }

  async abandonStaged(): Promise<void> {
    await this.sending.catch(() => {})
    this.sending = Promise.resolve()
    this.staging = undefined
    await this.transactions.rollback()
  }

  async leftOut(threads: readonly LeftOut[]): Promise<void> {
    const { ledger } = this
    if (ledger === undefined) return
    ledger.threadsAdded += await this.asked((session) =>
      inTransaction(session, async () => {
        await ledger.fence(session)
        return ledger.recordLeftOut(session, threads)
      }),
    )
  }

  private async commitBy(batch: Batch, threads: readonly ThreadCommit[], way: Way): Promise<Committed> {
    try {
      return this.confirmed(await this.transactions.retried(() => this.attempt(batch, threads, way)))
    } catch (error) {
      // Somebody inserted rows of a thread that was new a moment ago.
      if (hasSqlstate(error, UNIQUE_VIOLATION) && way === 'copy') {
        return this.commitBy(batch, await this.withTheirRows(threads), 'merge')
      }
      return aroundRefused(error, threads, {
        some: (part) => this.commitBy(batch, part, way),
        refused: (thread, sqlstate) => this.refused(thread, sqlstate),
      })
    }
  }

  private async attempt(batch: Batch, threads: readonly ThreadCommit[], way: Way): Promise<Done> {
    const transaction = await this.transactions.begin({ staging: way === 'merge' })
    let done: Done
    try {
      const spans = threads.map((thread) => thread.span)
      const into = way === 'merge' ? staged : (table: TableName) => qualified(this.schema, table)
      await copyTuples(transaction.session, batch.columns, into, (table) => batch.tuples(table, spans))
      done = await this.finish(transaction.session, batch, threads, way)
    } catch (error) {
      await this.transactions.rollback()
      throw error
    }
    return this.transactions.commit(transaction, done)
  }

  /** All that follows the rows: from the temporary tables into LangGraph's, and the ledger's part. */
  private async finish(
    session: CopySession,
    { columns }: Batch,
    threads: readonly ThreadCommit[],
    way: Way,
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
    let way: Way = isKnown(thread) ? 'merge' : 'copy'
    for (let attempt = 1; ; attempt++) {
      const since = performance.now()
      try {
        if (way === 'copy') await insertStaged(session, { schema: this.schema, columns: batch.columns })
        return { ...(await this.finish(session, batch, [thread], way)), since }
      } catch (error) {
        const isRace = hasSqlstate(error, UNIQUE_VIOLATION) && way === 'copy'
        if (!isRace && !hasSqlstate(error, IN_THE_WAY)) throw error
        await session.query('ROLLBACK TO SAVEPOINT staged')
        if (isRace) way = 'merge'
        else await this.recover(error, attempt)
      }
    }
  }

  private confirmed({ committed, threadsAdded, since }: Done): Committed {
    if (this.ledger !== undefined) this.ledger.threadsAdded += threadsAdded
    return since === undefined ? committed : { ...committed, heldMs: performance.now() - since }
  }

  /** On any session, again where the server was away. */
  private asked<T>(work: (session: CopySession) => Promise<T>): Promise<T> {
    return this.transactions.retried(() => this.sessions.use(work))
  }

  private async withTheirRows(threads: readonly ThreadCommit[]): Promise<ThreadCommit[]> {
    const ids = threads.map(({ facts }) => facts.threadId)
    const existing = await this.asked((session) => existingThreads(session, this.schema, ids))
    return threads.map((thread) => ({
      ...thread,
      state: { ...thread.state, hasRows: thread.state.hasRows || existing.has(thread.facts.threadId) },
    }))
  }

  private async refused({ facts, state }: ThreadCommit, sqlstate: string): Promise<Committed> {
    const { threadId } = facts
    const finding = { reason: 'refused-by-postgres', threadId, detail: `SQLSTATE ${sqlstate}` } as const
    const findings = [...facts.findings, finding]
    await this.leftOut([{ facts: { ...facts, completeness: 'rejected', findings }, state }])
    return { refused: [{ threadId, sqlstate }] }
  }
}

const GIVE_UP: Recover = async (error) => {
  throw error
}
