/** Takes back what runs of the way back wrote into Redis, and only that: a plan first, then thread by thread. */
import type { OnEvent } from '../model/events.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { addRefused, emptyRollbackReport, type RollbackReport } from '../model/rollback-report.js'
import { retried } from '../pipeline/retried.js'
import type { Postgres } from '../target/connection/connect.js'
import { inTransaction, type SqlSession } from '../target/connection/session.js'
import type { Lease } from '../target/ledger/lease.js'
import { readReplacedKeys, recordUndone } from '../target/ledger/written-keys.js'
import { chooseRuns, endRuns, type WhichRuns } from '../target/rollback/runs.js'
import {
  pageOfThreads,
  readThreadsToUndo,
  standingThreads,
  type TargetScope,
  type ThreadToUndo,
} from '../target/rollback/threads.js'
import type { Recover } from '../target/rows/batch-sink.js'
import { knownCheckpoints, type NewestCheckpoint } from '../target/rows/thread-names.js'
import { newerInRedis } from './back/newer.js'
import { carryOutUndo, planUndo, type UndoPlan, type UndoRedis } from './back/undo.js'
import { stoppedBy } from './stopped-by.js'

export interface RollbackBackRequest {
  readonly postgres: Postgres
  /** Of the saver's tables in Postgres. */
  readonly schema: string
  readonly redis: UndoRedis
  /** Runs of this Redis. */
  readonly scope: TargetScope
  readonly to: EndpointNote
  readonly which: WhichRuns
  /** Null: a plan, which changes nothing and needs no lock. */
  readonly lease: Lease | null
  /** Waits for a server that went away; gives up by throwing. */
  readonly recover: Recover
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

const PAGE_THREADS = 100

/** Throws `no-such-run`; one that stops early still returns its report, with what stopped it. */
export async function rollbackBack(request: RollbackBackRequest): Promise<RollbackReport> {
  const { now, lease, to } = request
  const startedAt = now()
  const report = emptyRollbackReport({
    schemaVersion: REPORT_SCHEMA_VERSION,
    planOnly: lease === null,
    startedAt: new Date(startedAt).toISOString(),
    target: to,
  })
  try {
    await undoRuns(request, report)
  } catch (error) {
    const stopped = stoppedBy(error, request)
    if (stopped.id === 'no-such-run') throw stopped
    report.stoppedBy = stopped
  }
  report.seconds = (now() - startedAt) / 1000
  return report
}

async function undoRuns(request: RollbackBackRequest, report: RollbackReport): Promise<void> {
  const { scope, which, postgres, lease } = request
  const ask = <T>(work: (session: SqlSession) => Promise<T>) =>
    retried(request, () => {
      request.signal.throwIfAborted()
      return postgres.use(work)
    })
  const { runs, before } = await ask((session) =>
    chooseRuns(session, scope, { which, endpoint: postgres.name }),
  )
  report.rolledBackBefore = before
  const runIds = runs.map(({ id }) => id)
  const ofJs = new Set(runs.filter(({ dialect }) => dialect === 'js').map(({ id }) => id))
  const standing = await ask((session) => standingThreads(session, scope, runIds))
  report.runs = runs.map(({ id, startedAt, sourceName }) => ({
    id,
    startedAt,
    sourceName,
    threads: standing.get(id) ?? 0,
    isGone: false,
  }))
  for (let after: string | null = null; ; ) {
    const page: { after: string | null; size: number } = { after, size: PAGE_THREADS }
    const ids = await ask((session) => pageOfThreads(session, scope, runIds, page))
    const threads = await ask((session) =>
      readThreadsToUndo(session, scope, { runIds: new Set(runIds), threadIds: ids }),
    )
    for (const thread of threads) {
      request.signal.throwIfAborted()
      // The plan sees a pointer that has moved; the JavaScript saver has none.
      const hasPointers = !thread.undone.some(({ runId }) => ofJs.has(runId))
      await retried(request, () => undoThread(request, { thread, hasPointers }, report))
    }
    if (ids.length < PAGE_THREADS) break
    after = ids.at(-1)!
  }
  if (lease === null) return
  const left = await ask((session) =>
    inTransaction(session, async () => {
      await lease.fence(session)
      return endRuns(session, scope, runIds)
    }),
  )
  for (const run of report.runs) run.isGone = !left.has(run.id)
}

async function undoThread(
  { postgres, redis, schema, scope, lease, onEvent }: RollbackBackRequest,
  { thread, hasPointers }: { readonly thread: ThreadToUndo; readonly hasPointers: boolean },
  report: RollbackReport,
): Promise<void> {
  const { threadId } = thread
  const newer = hasPointers ? undefined : await newerThanPostgres({ postgres, redis, schema }, thread)
  if (newer !== undefined)
    return addRefused(report, { threadId, reason: 'continued-in-redis', detail: newer })
  const of = { runIds: thread.undone.map(({ runId }) => runId), threadIds: [threadId] }
  const replaced = await postgres.use((session) => readReplacedKeys(session, scope.ledgerSchema, of))
  const plan = await planUndo(redis.source, thread, replaced)
  if (plan.refusal !== undefined) return addRefused(report, plan.refusal)
  if (lease !== null) {
    // Whoever lost the lock must not delete: the next holder may be writing the same keys.
    await postgres.use((session) => inTransaction(session, () => lease.fence(session)))
    const changed = await carryOutUndo(redis, plan)
    if (changed !== null) return addRefused(report, { threadId, reason: 'changed-in-redis', detail: changed })
    await postgres.use((session) =>
      inTransaction(session, async () => {
        await lease.fence(session)
        await recordUndone(session, scope.ledgerSchema, of)
      }),
    )
  }
  addUndone(report, thread, plan)
  const { threads, bytes } = report
  const progress = {
    threads: threads.removed,
    ofThreads: null,
    bytes,
    ofBytes: null,
    rejected: threads.refused,
  }
  onEvent({ kind: 'threads', progress })
}

/** The id of a checkpoint that the saver's index knows and Postgres does not. */
async function newerThanPostgres(
  { postgres, redis, schema }: Pick<RollbackBackRequest, 'postgres' | 'redis' | 'schema'>,
  { threadId, undone }: ThreadToUndo,
): Promise<string | undefined> {
  const newest = new Map(undone.toReversed().flatMap((run) => [...run.newest]))
  const heads = [...newest].map(([checkpointNs, checkpointId]) => ({ threadId, checkpointNs, checkpointId }))
  const known = (others: readonly NewestCheckpoint[]) =>
    postgres.use((session) => knownCheckpoints(session, schema, others))
  const newer = await newerInRedis(redis, heads, { dialect: 'js', known })
  return newer.get(threadId)?.checkpointId
}

function addUndone(report: RollbackReport, { undone }: ThreadToUndo, plan: UndoPlan): void {
  const { threads, rows } = report
  threads.removed++
  for (const run of undone) {
    rows.checkpoints += run.checkpoints
    rows.writes += run.writes
    report.bytes += run.targetBytes
  }
  rows.restored += plan.restoring.length
}
