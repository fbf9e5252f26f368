/** Removes old checkpoints from Postgres: a plan first, then batches of threads, each in one short transaction. Needs no ledger. */
import { setTimeout as sleep } from 'node:timers/promises'
import { keptByRule } from '../convert/prune-rule.js'
import { timeOfCheckpoint } from '../model/age.js'
import type { OnEvent } from '../model/events.js'
import { addPruneRefused, emptyPruneReport, type PruneReport, type PruneRule } from '../model/prune-report.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { slicesBySize } from '../model/slices.js'
import type { Postgres } from '../target/connection/connect.js'
import { hasSqlstate, IN_THE_WAY } from '../target/connection/errors.js'
import { inTransaction, type SqlSession } from '../target/connection/session.js'
import { hasLateCheckpoint } from '../target/prune/late.js'
import { type NewestCheckpoint, newestCheckpoints } from '../target/prune/newest.js'
import { type PrunableThread, pageOfPrunable } from '../target/prune/pages.js'
import { type KeptNamespace, pruneRows } from '../target/prune/rows.js'
import { type RecordedTtl, recordedTtls } from '../target/prune/ttls.js'
import { stoppedBy } from './stopped-by.js'

export interface PruneVerbRequest {
  readonly postgres: Postgres
  readonly schema: string
  /** Asked only where the rule needs what it has recorded. */
  readonly ledgerSchema: string
  readonly to: EndpointNote
  readonly rule: PruneRule
  /** Threads named one by one; null: all that `wants` takes. */
  readonly named: ReadonlySet<string> | null
  wants(threadId: string): boolean
  /** Null: a plan, which changes nothing. `fence` keeps a writer out that has lost its lock; null where there is no ledger. */
  readonly acting: { fence(session: SqlSession): Promise<unknown> } | null
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

const PAGE_THREADS = 200
/** Of one transaction; a larger thread goes alone. */
const BATCH_CHECKPOINTS = 2000
const MAX_ATTEMPTS = 5
const PAUSE_MS = 200

/** The application wrote to a thread while it was being cut: the cut is taken back. */
class WrittenMeanwhile extends Error {}

/** Throws nothing once it has begun: what stops early still returns its report. */
export async function prune(request: PruneVerbRequest): Promise<PruneReport> {
  const { now, to, rule, acting, signal } = request
  const startedAt = now()
  const report = emptyPruneReport({
    schemaVersion: REPORT_SCHEMA_VERSION,
    planOnly: acting === null,
    startedAt: new Date(startedAt).toISOString(),
    target: to,
    rule,
  })
  try {
    const missing = new Set(request.named)
    for await (const page of pages(request)) {
      for (const { threadId } of page) missing.delete(threadId)
      const ttls = rule.byRedisTtl ? await ttlsOf(page, request) : null
      const chosen = page.filter((thread) => isChosen(thread, ttls, request, report))
      for (const batch of slicesBySize(chosen, ({ checkpoints }) => checkpoints, {
        size: BATCH_CHECKPOINTS,
      })) {
        signal.throwIfAborted()
        await pruneBatch(batch, request, report)
      }
    }
    report.notFound = [...missing].sort()
  } catch (error) {
    report.stoppedBy = stoppedBy(error, request)
  }
  report.seconds = (now() - startedAt) / 1000
  return report
}

async function* pages({
  postgres,
  schema,
  named,
  wants,
  rule,
}: PruneVerbRequest): AsyncGenerator<PrunableThread[]> {
  const size = PAGE_THREADS
  const withTimes = rule.keepLast === null
  if (named !== null) {
    const ids = [...named].filter((id) => !id.includes('\0') && wants(id))
    for (let at = 0; at < ids.length; at += size) {
      const threadIds = ids.slice(at, at + size)
      yield await postgres.use((session) => pageOfPrunable(session, { schema, threadIds, size, withTimes }))
    }
    return
  }
  for (let after: string | null = null; ; ) {
    const from: string | null = after
    const page: PrunableThread[] = await postgres.use((session) =>
      pageOfPrunable(session, { schema, after: from, size, withTimes }),
    )
    yield page.filter(({ threadId }) => wants(threadId))
    if (page.length < size) return
    after = page.at(-1)!.threadId
  }
}

const ttlsOf = (page: readonly PrunableThread[], request: PruneVerbRequest) =>
  request.postgres.use((session) =>
    recordedTtls(
      session,
      request,
      page.map(({ threadId }) => threadId),
    ),
  )

function isChosen(
  thread: PrunableThread,
  ttls: ReadonlyMap<string, RecordedTtl> | null,
  request: PruneVerbRequest,
  report: PruneReport,
): boolean {
  const { rule, now, named } = request
  const { threadId } = thread
  report.threads.looked++
  if (rule.keepLast !== null) {
    if (thread.checkpoints <= rule.keepLast) return false
    if (!thread.hasDeltas) return true
    addPruneRefused(report, threadId, 'delta')
    report.namedRefused ||= named !== null
    return false
  }
  const latestMs = latestOf(thread, now())
  const ttl = ttls?.get(threadId)
  if (ttls !== null && ttl === undefined) report.threads.withoutTtl++
  else if (latestMs === null || ttl?.latestAtMs === null) report.threads.ageUnknown++
  else return now() >= (ttl === undefined ? latestMs + rule.olderThanMs! : endOfLife(ttl, latestMs))
  return false
}

/** What has gone on in Postgres lives on from there, for as long as it would have in Redis. */
const endOfLife = ({ expiresAtMs, latestAtMs }: RecordedTtl, latestMs: number): number =>
  expiresAtMs + Math.max(0, latestMs - (latestAtMs ?? latestMs))

/** The later of what the newest id and what the times say: nothing goes because one of them is odd. */
function latestOf({ newestId, ts }: PrunableThread, nowMs: number): number | null {
  const times = [timeOfCheckpoint({ checkpointId: newestId }, nowMs), Date.parse(ts ?? '')]
  const known = times.filter((ms): ms is number => ms !== null && !Number.isNaN(ms))
  return known.length === 0 ? null : Math.max(...known)
}

/** Where the application stands in the way, thread by thread, and again. */
async function pruneBatch(
  batch: readonly PrunableThread[],
  request: PruneVerbRequest,
  report: PruneReport,
): Promise<void> {
  const { postgres, signal } = request
  for (let attempt = 1; ; attempt++) {
    try {
      const gone = await postgres.use((session) => pruneOnce(session, batch, request))
      for (const { checkpoints, writes, blobs, bytes } of gone.values()) {
        report.threads.pruned++
        report.rows.checkpoints += checkpoints
        report.rows.writes += writes
        report.rows.blobs += blobs
        report.rows.bytes += bytes
      }
      const { threads, rows } = report
      const progress = { threads: threads.looked, ofThreads: null, bytes: rows.bytes, ofBytes: null }
      request.onEvent({ kind: 'threads', progress: { ...progress, rejected: threads.refused } })
      return
    } catch (error) {
      if (!(error instanceof WrittenMeanwhile || hasSqlstate(error, IN_THE_WAY))) throw error
      if (batch.length > 1) {
        for (const thread of batch) await pruneBatch([thread], request, report)
        return
      }
      if (attempt === MAX_ATTEMPTS) {
        addPruneRefused(report, batch[0]!.threadId, 'in-use')
        return
      }
      await sleep(PAUSE_MS * attempt, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}

async function pruneOnce(
  session: SqlSession,
  batch: readonly PrunableThread[],
  { schema, rule: { keepLast }, acting }: PruneVerbRequest,
) {
  const threadIds = batch.map(({ threadId }) => threadId)
  if (acting === null) {
    const kept = await keptOf(session, { schema, threadIds, keepLast })
    return inTransaction(session, () => pruneRows(session, { schema, threadIds, kept, removes: false }))
  }
  return inTransaction(session, async () => {
    // Below Postgres' deadlock_timeout: where we meet the application, we give way.
    await session.query(`SET LOCAL lock_timeout = '800ms'`)
    await acting.fence(session)
    const again = await pageOfPrunable(session, { schema, threadIds, size: batch.length, withTimes: false })
    const before = new Map(batch.map((thread) => [thread.threadId, thread]))
    const still = again.filter(({ threadId, newestId, checkpoints, hasDeltas }) =>
      keepLast === null
        ? // What was continued since it was looked at is no longer old.
          before.get(threadId)?.newestId === newestId
        : checkpoints > keepLast && !hasDeltas,
    )
    const ids = still.map(({ threadId }) => threadId)
    const kept = await keptOf(session, { schema, threadIds: ids, keepLast })
    const gone = await pruneRows(session, { schema, threadIds: ids, kept, removes: true })
    const isMore = ({ threadId, checkpoints }: PrunableThread) =>
      (gone.get(threadId)?.checkpoints ?? 0) > checkpoints
    if (
      (keepLast === null && still.some(isMore)) ||
      (await hasLateCheckpoint(session, { schema, threadIds: ids, kept }))
    )
      throw new WrittenMeanwhile()
    return gone
  })
}

/** By the one rule that `migrate --keep-last` goes by; null where the threads go whole. */
async function keptOf(
  session: SqlSession,
  request: {
    readonly schema: string
    readonly threadIds: readonly string[]
    readonly keepLast: number | null
  },
): Promise<KeptNamespace[] | null> {
  const { keepLast } = request
  if (keepLast === null) return null
  const threads = new Map<string, Map<string, NewestCheckpoint[]>>()
  for (const checkpoint of await newestCheckpoints(session, { ...request, keepLast })) {
    const { threadId, checkpointNs } = checkpoint
    const namespaces = threads.get(threadId) ?? new Map<string, NewestCheckpoint[]>()
    threads.set(threadId, namespaces)
    namespaces.set(checkpointNs, [...(namespaces.get(checkpointNs) ?? []), checkpoint])
  }
  return [...threads].flatMap(([threadId, namespaces]) => {
    const kept = keptByRule(namespaces)
    return [...namespaces].map(([checkpointNs, [newest]]) => {
      const ids = kept.get(checkpointNs) ?? null
      return { threadId, checkpointNs, newestId: newest!.checkpointId, ids }
    })
  })
}
