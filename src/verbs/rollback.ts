/** Removes what runs of migrate wrote, and only that: a plan first, then batches of threads, each in one transaction with its ledger rows. */
import type { OnEvent } from '../model/events.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { addRefused, emptyRollbackReport, type RollbackReport } from '../model/rollback-report.js'
import { slicesBySize } from '../model/slices.js'
import type { Recovery } from '../pipeline/recovery.js'
import { retried } from '../pipeline/retried.js'
import type { Postgres } from '../target/connection/connect.js'
import { hasSqlstate, IN_THE_WAY } from '../target/connection/errors.js'
import {
  inTransaction,
  qualified,
  type SqlSession,
  transactionOutcome,
} from '../target/connection/session.js'
import type { Lease } from '../target/ledger/lease.js'
import { type CheckedThread, checkThreads } from '../target/rollback/check.js'
import { lockThreads, type Removed, undoThreads } from '../target/rollback/rows.js'
import { chooseRuns, endRuns, type WhichRuns } from '../target/rollback/runs.js'
import { rollbackStore } from '../target/rollback/store.js'
import {
  pageOfThreads,
  readThreadsToUndo,
  standingThreads,
  type TargetScope,
} from '../target/rollback/threads.js'
import type { Recover } from '../target/rows/batch-sink.js'
import { stoppedBy } from './stopped-by.js'

export interface RollbackRequest {
  readonly postgres: Postgres
  readonly scope: TargetScope
  readonly to: EndpointNote
  readonly which: WhichRuns
  /** Null: a plan, which changes nothing and needs no lock. */
  readonly lease: Lease | null
  /** Also what the application wrote on top. */
  readonly discardContinued: boolean
  /** Waits for a server that went away; gives up by throwing. */
  readonly recovery: Pick<Recovery, 'after'>
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

/** Threads asked about at once, and the rows that one transaction may remove: it holds its locks until it ends. */
const PAGE_THREADS = 100
const MAX_BATCH_ROWS = 20_000
/** How often rows that the application holds are tried for. */
const MAX_ATTEMPTS = 5

/** Throws nothing once it has begun: a rollback that stops early still returns its report. */
export async function rollback(request: RollbackRequest): Promise<RollbackReport> {
  const { now, lease } = request
  const startedAt = now()
  const report = emptyRollbackReport({
    schemaVersion: REPORT_SCHEMA_VERSION,
    planOnly: lease === null,
    startedAt: new Date(startedAt).toISOString(),
    target: request.to,
  })
  try {
    await new Rollback(request, report).run()
  } catch (error) {
    report.stoppedBy = stoppedBy(error, request)
  }
  report.seconds = (now() - startedAt) / 1000
  return report
}

/** What a transaction did, if it commits. */
interface Undone {
  readonly xid: string
  /** Refused ones included. */
  readonly threads: readonly CheckedThread[]
  readonly removed: Removed
}

class Rollback {
  private runIds: ReadonlySet<number> = new Set()

  constructor(
    private readonly request: RollbackRequest,
    private readonly report: RollbackReport,
  ) {}

  async run(): Promise<void> {
    const { scope, which, lease, postgres } = this.request
    const { runs, before: isDone } = await this.retried((session) =>
      chooseRuns(session, scope, { which, endpoint: postgres.name }),
    )
    this.report.rolledBackBefore = isDone
    const ids = runs.map(({ id }) => id)
    const before = await this.retried((session) => standingThreads(session, scope, ids))
    this.runIds = new Set(ids)
    this.report.runs = runs.map(({ id, startedAt, sourceName }) => ({
      id,
      startedAt,
      sourceName,
      threads: before.get(id) ?? 0,
      isGone: false,
    }))
    let after: string | null = null
    for (;;) {
      const page: { readonly after: string | null; readonly size: number } = { after, size: PAGE_THREADS }
      const threadIds = await this.retried((session) => pageOfThreads(session, scope, ids, page))
      await this.page(threadIds)
      if (threadIds.length < PAGE_THREADS) break
      after = threadIds.at(-1)!
    }
    this.report.store = await this.retried((session) =>
      rollbackStore(session, { ...this.request, runIds: ids }),
    )
    if (lease !== null) await this.end(lease, ids)
  }

  private async page(threadIds: readonly string[]): Promise<void> {
    const checked = await this.retried(async (session) => this.checked(session, threadIds))
    const free = checked.filter((thread) => this.isFree(thread))
    // Neighbours; a larger thread goes alone.
    for (const batch of slicesBySize(free, rowsOf, { size: MAX_BATCH_ROWS })) {
      this.request.signal.throwIfAborted()
      if (this.request.lease === null) this.forecast(batch)
      else await this.undo(this.request.lease, batch)
      this.progress()
    }
  }

  private async checked(session: SqlSession, threadIds: readonly string[]): Promise<CheckedThread[]> {
    const { scope, discardContinued } = this.request
    const threads = await readThreadsToUndo(session, scope, { runIds: this.runIds, threadIds })
    return checkThreads(session, threads, { schema: scope.targetSchema, discardContinued })
  }

  /** A thread that is refused goes into the report. */
  private isFree({ refusal }: CheckedThread): boolean {
    if (refusal !== undefined) addRefused(this.report, refusal)
    return refusal === undefined
  }

  private forecast(threads: readonly CheckedThread[]): void {
    const sum = (of: (run: CheckedThread['undone'][number]) => number): number =>
      threads.reduce((total, { undone }) => total + undone.reduce((part, run) => part + of(run), 0), 0)
    this.add(threads, {
      checkpoints: sum((run) => run.checkpoints),
      writes: sum((run) => run.writes),
      blobs: sum((run) => run.blobs),
      restored: sum((run) => run.rewritten),
    })
  }

  private add(threads: readonly CheckedThread[], { checkpoints, writes, blobs, restored }: Removed): void {
    const { rows } = this.report
    rows.checkpoints += checkpoints
    rows.writes += writes
    rows.blobs += blobs
    rows.restored += restored
    for (const { undone } of threads) {
      this.report.threads.removed++
      this.report.bytes += undone.reduce((total, run) => total + run.targetBytes, 0)
      const expiry = undone[0]!.latestExpiry
      if (expiry !== null && Date.parse(expiry) < this.request.now()) this.report.threads.expired++
    }
  }

  /** One transaction; where the application stands in the way, one for each thread, and again. */
  private async undo(lease: Lease, batch: readonly CheckedThread[]): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      let done: Undone | undefined
      try {
        const threadIds = batch.map(({ threadId }) => threadId)
        await this.request.postgres.use((session) =>
          this.transaction(session, lease, threadIds, (undone) => {
            done = undone
          }),
        )
        this.tell(done!)
        return
      } catch (error) {
        if (hasSqlstate(error, IN_THE_WAY) && batch.length > 1) {
          for (const thread of batch) await this.undo(lease, [thread])
          return
        }
        if (hasSqlstate(error, IN_THE_WAY) && attempt === MAX_ATTEMPTS) {
          const detail = `tried ${MAX_ATTEMPTS} times`
          addRefused(this.report, { threadId: batch[0]!.threadId, reason: 'in-use', detail })
          return
        }
        await this.request.recovery.after(error, attempt)
        if (done !== undefined && (await this.hasCommitted(done))) {
          this.tell(done)
          return
        }
      }
    }
  }

  /** The wire broke before COMMIT was answered. What is still under way will end before the next try gets its locks. */
  private async hasCommitted({ xid }: Undone): Promise<boolean> {
    return (await this.retried((session) => transactionOutcome(session, xid))) === 'committed'
  }

  private tell({ threads, removed }: Undone): void {
    this.add(
      threads.filter((thread) => this.isFree(thread)),
      removed,
    )
  }

  /** Checked again under locks: what was seen before may have changed since. `done` is told right before COMMIT. */
  private transaction(
    session: SqlSession,
    lease: Lease,
    threadIds: readonly string[],
    done: (undone: Undone) => void,
  ): Promise<void> {
    const { scope, discardContinued } = this.request
    return inTransaction(session, async () => {
      // Below Postgres' deadlock_timeout: where we meet the application, we give way.
      await session.query(`SET LOCAL lock_timeout = '800ms'`)
      const xid = await lease.fence(session)
      await lockThreads(session, scope.targetSchema, threadIds)
      const threads = await this.checked(session, threadIds)
      const free = threads.filter(({ refusal }) => refusal === undefined)
      done({ xid, threads, removed: await undoThreads(session, scope, { threads: free, discardContinued }) })
    })
  }

  private async end(lease: Lease, runIds: readonly number[]): Promise<void> {
    const { scope, onEvent, postgres } = this.request
    const left = await this.retried((session) =>
      inTransaction(session, async () => {
        await lease.fence(session)
        return endRuns(session, scope, runIds)
      }),
    )
    for (const run of this.report.runs) run.isGone = !left.has(run.id)
    const { checkpoints, writes, blobs, restored } = this.report.rows
    if (checkpoints + writes + blobs + restored === 0) return
    onEvent({ kind: 'step', step: 'bringing statistics up to date' })
    const tables = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes']
    const names = tables.map((table) => qualified(scope.targetSchema, table)).join(', ')
    // Only the tables' owner may; autovacuum does it later otherwise.
    await postgres.use((session) => session.query(`ANALYZE ${names}`)).catch(() => {})
  }

  private progress(): void {
    const { threads, bytes, runs } = this.report
    const ofThreads = runs.length === 1 ? runs[0]!.threads : null
    this.request.onEvent({
      kind: 'threads',
      progress: { threads: threads.removed, ofThreads, bytes, ofBytes: null, rejected: threads.refused },
    })
  }

  private retried<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const { postgres, recovery, signal } = this.request
    const recover: Recover = (error, attempt) => recovery.after(error, attempt)
    return retried({ recover }, () => {
      signal.throwIfAborted()
      return postgres.use(work)
    })
  }
}

const rowsOf = ({ undone }: CheckedThread): number =>
  undone.reduce((sum, run) => sum + run.checkpoints + run.blobs + run.writes + run.rewritten, 0)
