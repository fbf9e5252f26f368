/**
 * The sink of a dry run: everything is read, decoded and encoded, and nothing is written. Threads of which the target has rows already are
 * compared with these, by way of the same temporary tables as in a run, in transactions that may only read.
 */
import { type KnownThread, type TableName, UNKNOWN_THREAD } from '../../model/rows.js'
import { hasSqlstate, isRowRefused, NO_TEMPORARY, sqlstateOf } from '../connection/errors.js'
import { recordedOwnership } from '../ledger/ownership.js'
import { type LedgerScope, otherSources } from '../ledger/read.js'
import { aroundRefused } from './around-refused.js'
import type { Batch } from './batch.js'
import type { BatchSink, TargetSessions } from './batch-sink.js'
import {
  type Committed,
  isKnown,
  type MergePolicy,
  type Ownership,
  type ThreadCommit,
  type ThreadState,
} from './commit.js'
import { copyTuples } from './copy-tables.js'
import { knownOfOurs, knownThread } from './known.js'
import { lookUpThreads } from './look-up.js'
import { mergeStaged } from './merge.js'
import { type OwnSession, prepareStaging, staged } from './staging.js'

export interface DryRunTarget extends TargetSessions {
  readonly schema: string
  readonly policy: MergePolicy
  /** Where there is a ledger: what earlier runs remember. */
  readonly scope?: LedgerScope
}

const NOTHING: Committed = { refused: [] }

export class DryRunSink implements BatchSink {
  isStaging = false
  /** Where rows are compared; null where the server lets nobody make temporary tables. */
  private session: Promise<OwnSession | null> | undefined
  /** The one that a large thread is being sent to. */
  private staging: OwnSession | null = null

  /** Without a target every thread counts as new. */
  constructor(private readonly target: DryRunTarget | null) {}

  async lookUp(threadIds: readonly string[]): Promise<ReadonlyMap<string, ThreadState>> {
    const { target } = this
    if (target === null) return new Map()
    const { schema, scope, policy } = target
    const run = scope && { scope, doubtful: policy.restoreDeleted }
    return target.use((session) => lookUpThreads(session, schema, threadIds, run))
  }

  async known(threadId: string, state: ThreadState): Promise<KnownThread> {
    const { target } = this
    if (target === null) return UNKNOWN_THREAD
    const known = await target.use((session) => knownThread(session, target.schema, threadId))
    return target.policy.onExisting === 'replace' ? knownOfOurs(known, state.recorded?.rowDigests) : known
  }

  async commit(batch: Batch, threads: readonly ThreadCommit[]): Promise<Committed> {
    if (!threads.some(isKnown)) return NOTHING
    try {
      return await this.rehearsed(batch, threads)
    } catch (error) {
      return aroundRefused(error, threads, { some: (part) => this.commit(batch, part), refused })
    }
  }

  async stage(batch: Batch, state: ThreadState): Promise<void> {
    const tuples = batch.takeOpen()
    if (!this.isStaging && isKnown({ state })) this.staging = await this.begun()
    this.isStaging = true
    if (this.staging !== null) await copyTuples(this.staging, batch.columns, staged, (table) => tuples[table])
  }

  async commitStaged(batch: Batch, thread: ThreadCommit): Promise<Committed> {
    const { staging } = this
    try {
      if (staging === null) return NOTHING
      const rest = (table: TableName) => batch.tuples(table, [thread.span])
      await copyTuples(staging, batch.columns, staged, rest)
      return await this.compared(staging, batch, [thread])
    } catch (error) {
      if (!isRowRefused(error)) throw error
      return await refused(thread, sqlstateOf(error)!)
    } finally {
      await this.abandonStaged()
    }
  }

  async abandonStaged(): Promise<void> {
    this.isStaging = false
    const { staging } = this
    this.staging = null
    if (staging !== null) await this.end(staging)
  }

  async leftOut(): Promise<void> {}

  private async rehearsed(batch: Batch, threads: readonly ThreadCommit[]): Promise<Committed> {
    const session = await this.begun()
    if (session === null) return NOTHING
    try {
      const spans = threads.map(({ span }) => span)
      await copyTuples(session, batch.columns, staged, (table) => batch.tuples(table, spans))
      return await this.compared(session, batch, threads)
    } finally {
      await this.end(session)
    }
  }

  private async compared(
    session: OwnSession,
    { columns }: Batch,
    threads: readonly ThreadCommit[],
  ): Promise<Committed> {
    const { schema, policy, scope } = this.target!
    const ownership: Ownership = {
      ...recordedOwnership(threads),
      otherSources: async (own, ids) => (scope === undefined ? new Map() : otherSources(own, scope, ids)),
      keepReplaced: async () => {},
    }
    const merged = await mergeStaged(session, {
      schema,
      columns,
      threads,
      policy,
      ownership,
      rehearses: true,
    })
    return { refused: [], merged }
  }

  /** In a transaction; what it leaves in the temporary tables goes with it. */
  private async begun(): Promise<OwnSession | null> {
    const { target } = this
    if (target === null) return null
    const open = await this.session
    if (open === undefined || (open !== null && open.brokenBy !== undefined)) this.session = opened(target)
    const session = await this.session!
    await session?.query('BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY')
    return session
  }

  private async end(session: OwnSession): Promise<void> {
    // A lost connection has rolled back by itself.
    await session.query('ROLLBACK').catch(() => {})
  }
}

async function opened({ open, schema }: DryRunTarget): Promise<OwnSession | null> {
  const session = await open()
  try {
    await prepareStaging(session, schema)
    return session
  } catch (error) {
    await session.close()
    if (hasSqlstate(error, NO_TEMPORARY)) return null
    throw error
  }
}

const refused = async ({ facts }: ThreadCommit, sqlstate: string): Promise<Committed> => ({
  refused: [{ threadId: facts.threadId, sqlstate }],
})
