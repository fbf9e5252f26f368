/** Moves threads from a source to a target. A dry run is the same call with a sink that only counts. */
import type { Dialect } from '../convert/converter.js'
import { DIALECTS } from '../convert/dialects.js'
import type { Layout, Prefixes } from '../layouts/layout.js'
import { type Bounds, isBounded } from '../model/bounds.js'
import type { OnEvent } from '../model/events.js'
import { Failure } from '../model/failure.js'
import {
  type EndpointNote,
  emptyBoundsReport,
  emptyMigrateReport,
  type MigrateReport,
} from '../model/report.js'
import { type ThreadScope, threadFilter } from '../model/scope.js'
import type { Jobs } from '../pipeline/jobs/jobs.js'
import { Recovery, recoverEither } from '../pipeline/recovery.js'
import { retried } from '../pipeline/retried.js'
import { Transfer } from '../pipeline/transfer.js'
import type { Source } from '../source/source.js'
import type { BatchSink, Recover } from '../target/rows/batch-sink.js'
import type { MergePolicy } from '../target/rows/commit.js'
import { DryRunSink } from '../target/rows/dry-run.js'
import type { CopySession } from '../target/rows/staging.js'
import { threadsOfAge } from './age-filter.js'
import { findingsOf } from './detect/findings.js'
import { dialectOf, recordedDialect } from './dialect.js'
import { listKeys } from './list-keys.js'
import type { JobBegin } from './migrate/job.js'
import { counted, countKeys, elsewhere, keysToRead } from './migrate/keys.js'
import { Rehearsal } from './migrate/rehearsal.js'
import { MigrateRun, type MigrateTarget } from './migrate/run.js'
import { scopeNote } from './migrate/scope-note.js'
import { openStore, type StoreChoice, storeDialect } from './migrate/store.js'
import { MigrateTally } from './migrate/tally.js'
import { inventoryBytesOf, transferOptionsOf } from './migrate/transfer-options.js'
import { stoppedBy } from './stopped-by.js'
import { SurveyCount } from './survey/survey.js'

export interface MigrateRequest {
  readonly source: Source
  /** Null in a dry run that was given no target, or one without the tables. */
  readonly target: MigrateTarget | null
  /** There is a ledger; only a dry run does without. */
  readonly hasLedger: boolean
  /** Throws `tables-missing` where rows of that dialect do not fit. */
  checkTables(dialect: Dialect): Promise<void>
  readonly from: EndpointNote
  /** Whose rows they are in the ledger: host, port and database as typed, or `--source-name`. */
  readonly sourceName: string
  /** Null in a dry run that was given no target. */
  readonly to: EndpointNote | null
  readonly dryRun: boolean
  /** Null: that of the layouts found. */
  readonly dialect: Dialect | null
  readonly prefixes: Prefixes
  /** Newest first. */
  readonly layouts: readonly Layout[]
  readonly scope: ThreadScope
  readonly bounds: Bounds
  /** Null: the store stays where it is. */
  readonly store: StoreChoice | null
  readonly allowOlderHead: boolean
  readonly policy: MergePolicy
  readonly restart: boolean
  readonly strict: boolean
  /** How long a server may be away. */
  readonly retryForMs: number
  readonly takeoverTimeoutMs: number
  /** Bytes for everything that waits between the two ends. */
  readonly memoryBytes: number
  /** Move the threads side by side; null: one after the other, as a dry run always does. */
  readonly jobs: Jobs | null
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 up to 1. */
  random(): number
}

/**
 * Reads everything the scope selects. Throws where it cannot even begin; from then on a run that stops early still returns its report,
 * with what stopped it.
 */
export async function migrate(request: MigrateRequest): Promise<MigrateReport> {
  const { now, dryRun, strict } = request
  const startedAt = now()
  const report = emptyMigrateReport({
    dryRun,
    strict,
    startedAt: new Date(startedAt),
    source: request.from,
    target: request.to,
  })
  const run = dryRun ? null : await MigrateRun.begin(runRequestOf(request), report)
  const awaySource = new Recovery({ ...request, endpoint: request.from.endpoint })
  const restore = run === null ? undefined : () => run.restore()
  const awayTarget = new Recovery({ ...request, endpoint: request.to?.endpoint ?? '', restore })
  try {
    const recover = recoverEither(awaySource, awayTarget)
    const sink = run === null ? drySinkOf(request) : run.writer(awayTarget)
    await moveThreads(request, { report, run, sink, recover })
  } catch (error) {
    report.stoppedBy = stoppedBy(error, {
      signal: request.signal,
      postgres: request.target?.postgres ?? null,
    })
  }
  await run?.end(report, awayTarget)
  report.seconds = (now() - startedAt) / 1000
  return report
}

function runRequestOf(request: MigrateRequest) {
  const { target, prefixes, scope, bounds, layouts, allowOlderHead, dialect, policy, from, store } = request
  if (target === null) throw new Failure('no-target')
  const all = { prefixes, allowOlderHead, dialect, policy, scope: scopeNote(scope) }
  const options = store === null ? all : { ...all, store: store.prefixes }
  return {
    ...request,
    target,
    sourceUrl: from.endpoint,
    // What was left out on purpose is told from these, when a purge is to take it too.
    options: isBounded(bounds) ? { ...options, bounds, layouts: layouts.map(({ id }) => id) } : options,
  }
}

function drySinkOf({ target, hasLedger, sourceName, policy, restart }: MigrateRequest): DryRunSink {
  if (target === null) return new DryRunSink(null)
  const { postgres, schema, ledgerSchema } = target
  const scope = { ledgerSchema, sourceName, targetSchema: schema }
  const sessions = {
    open: () => postgres.open(),
    use: <T>(work: (session: CopySession) => Promise<T>) => postgres.use(work),
  }
  // A run that restarts forgets first what earlier ones have done.
  return new DryRunSink({ ...sessions, schema, policy, ...(hasLedger && !restart && { scope }) })
}

async function recordedBy({ target, hasLedger }: MigrateRequest): Promise<Dialect | null> {
  if (target === null || !hasLedger) return null
  const { postgres, schema, ledgerSchema } = target
  return recordedDialect(postgres, { ledgerSchema, targetSchema: schema })
}

interface Work {
  readonly report: MigrateReport
  readonly run: MigrateRun | null
  readonly sink: BatchSink
  readonly recover: Recover
}

async function moveThreads(request: MigrateRequest, { report, run, sink, recover }: Work): Promise<void> {
  const { source, scope, bounds, memoryBytes, signal, onEvent } = request
  const listed = {
    ...request,
    wants: threadFilter(scope),
    maxBytes: inventoryBytesOf(memoryBytes),
    takesCensus: request.dryRun,
    ...(request.store && { storePrefixes: request.store.prefixes }),
  }
  const startedAt = request.now()
  const survey = new SurveyCount(startedAt)
  const listing = await retried({ recover }, () => listKeys(listed))
  const { inventory, registry, prefixes, census } = listing
  try {
    countKeys(report, listing)
    report.otherDatabases = await retried({ recover }, () => elsewhere(source, prefixes))
    if (census !== null) {
      report.found = await retried({ recover }, () =>
        findingsOf(census, { source, registry, expiring: null }),
      )
    }
    const dialect =
      request.dialect ??
      (await retried({ recover }, () =>
        dialectOf(
          source,
          inventory,
          registry,
          async () => (await recordedBy(request)) ?? storeDialect(request),
        ),
      ))
    report.dialect = dialect
    if (request.dialect === null) await retried({ recover }, () => request.checkTables(dialect))
    if (run !== null) {
      const { runId: sourceRunId = null } = await retried({ recover }, () => source.info())
      await retried({ recover }, () => run.noteSource({ dialect, sourceRunId }))
    }
    const moveItems = await retried({ recover }, () => openStore(request, { dialect, run, recover }))
    const found = await inventory.countThreads()
    const ofThreads = Math.min(found, scope.limit ?? found)
    const named = new Set(scope.threads ?? [])
    const rehearsal = request.dryRun ? new Rehearsal(request.now(), isBounded(bounds)) : null
    if (isBounded(bounds)) report.bounds = emptyBoundsReport(bounds)
    const tally = new MigrateTally(
      report,
      registry,
      (progress) => onEvent({ kind: 'threads', progress }),
      { threads: ofThreads, keys: keysToRead(inventory, request) },
      survey,
    )
    const bound = bounds.keepLast === null ? null : { keepLast: bounds.keepLast }
    const transfer = new Transfer(
      source,
      sink,
      registry,
      tally,
      transferOptionsOf({
        ...request,
        dialect,
        openConverter: rehearsal?.counting(DIALECTS[dialect]) ?? DIALECTS[dialect],
        bound,
        recover,
      }),
    )
    report.threads.leftOut = found - ofThreads
    const world = {
      source,
      registry,
      bounds,
      dialect,
      nowMs: request.now(),
      retried: <T>(work: () => Promise<T>) => retried({ recover }, work),
    }
    const threads = threadsOfAge(inventory.threads(), world, ({ threadId }, why) => {
      if (named.delete(threadId)) report.bounds?.named.push(threadId)
      tally.leftByAge(threadId, why)
    })
    const selected = counted(threads, ofThreads, report, named)
    if (request.jobs === null || run === null) {
      await transfer.run(selected)
    } else {
      const { jobs, policy, allowOlderHead, retryForMs } = request
      const begin: JobBegin = {
        run: run.part,
        dialect,
        prefixes,
        policy,
        bound,
        allowOlderHead,
        memoryBytes: memoryBytes / jobs.count,
        retryForMs,
      }
      const restore = () => run.restore()
      const done = await jobs.run(selected, begin, { listener: tally, signal, onEvent, restore })
      run.joinedBy(done)
      await transfer.finish(done)
    }
    report.threads.notFound.push(...named)
    rehearsal?.end(report, request.now() - startedAt)
    report.store = await moveItems(report.findings)
  } finally {
    report.survey = survey.result()
    await inventory.close()
  }
}
