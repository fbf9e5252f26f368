/** What a run of the way back tells the ledger: each key before it is written, and in the end what became of its threads. */
import type { Finding } from '../../model/finding.js'
import type { Postgres } from '../../target/connection/connect.js'
import { inTransaction, type SqlSession } from '../../target/connection/session.js'
import { recordFindings } from '../../target/ledger/findings.js'
import {
  type CurrentThread,
  type LedgerScope,
  readRunThreads,
  readThreads,
} from '../../target/ledger/read.js'
import {
  keepReplacedKeys,
  type ReplacedKey,
  recordEnded,
  recordWritten,
} from '../../target/ledger/written-keys.js'
import { ThreadWork } from './thread-work.js'

/** The run as the ledger has it; none in a dry run. */
export interface BackRun {
  readonly id: number
  /** First statement of a transaction: fails when another run has taken over. */
  fence(session: SqlSession): Promise<unknown>
}

/** What a chunk is about to do to keys of one thread. */
export type Replaced = Omit<ReplacedKey, 'runId'>

export class BackLedger {
  constructor(
    private readonly postgres: Postgres,
    /** Null where there is no ledger, as in a first dry run. */
    private readonly scope: LedgerScope | null,
    private readonly run: BackRun | null,
    private readonly now: () => number,
  ) {}

  /** False in a dry run: nothing is written, neither here nor in Redis. */
  get isOpen(): boolean {
    return this.run !== null
  }

  /** The threads as earlier runs, and this one before it was interrupted, have left them. */
  async works(threadIds: readonly string[]): Promise<Map<string, ThreadWork>> {
    const { scope, run, postgres } = this
    const [recorded, sameRun] =
      scope === null
        ? [new Map<string, CurrentThread>(), []]
        : await postgres.use(async (session) => [
            await readThreads(session, scope, threadIds),
            run === null
              ? []
              : await readRunThreads(session, scope.ledgerSchema, { threadIds, runId: run.id }),
          ])
    const standing = sameRun.filter(({ progress }) => progress !== 'rolled_back')
    const before = new Map(standing.map((thread) => [thread.threadId, thread]))
    return new Map(threadIds.map((id) => [id, new ThreadWork(id, recorded.get(id), before.get(id))]))
  }

  /** On record before anything is written. */
  async claim(works: readonly ThreadWork[], replaced: readonly Replaced[]): Promise<void> {
    await this.transaction(async (session, run, scope) => {
      const kept = replaced.map((key) => ({ ...key, runId: run.id }))
      await keepReplacedKeys(session, scope.ledgerSchema, kept)
      const rows = works.map((work) => work.written('partial'))
      await recordWritten(session, { ...scope, id: run.id, nowMs: this.now() }, rows)
    })
    for (const work of works) work.isOnRecord = true
  }

  /** What became of the threads: in one transaction for all of them. */
  async end(works: readonly ThreadWork[], findings: readonly Finding[]): Promise<void> {
    const told = works.filter((work) => !work.isOldNews)
    if (told.length + findings.length === 0) return
    const anew = works.map(({ threadId }) => threadId)
    await this.transaction(async (session, run, scope) => {
      await recordFindings(session, scope.ledgerSchema, { id: run.id, anew }, findings)
      const rows = told.filter(({ isOnRecord }) => !isOnRecord).map((work) => work.written(work.completeness))
      await recordWritten(session, { ...scope, id: run.id, nowMs: this.now() }, rows)
      await recordEnded(
        session,
        { ...scope, id: run.id },
        told.filter(({ isOnRecord }) => isOnRecord),
      )
    })
  }

  private async transaction(
    work: (session: SqlSession, run: BackRun, scope: LedgerScope) => Promise<void>,
  ): Promise<void> {
    const { run, scope, postgres } = this
    if (run === null || scope === null) return
    await postgres.use((session) =>
      inTransaction(session, async () => {
        await run.fence(session)
        await work(session, run, scope)
      }),
    )
  }
}
