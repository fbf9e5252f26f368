/** Reads both sides again and compares them, thread by thread and value by value; tells the ledger what it found. */
import type { Dialect } from '../convert/converter.js'
import type { Layout, Prefixes } from '../layouts/layout.js'
import type { StorePrefixes } from '../layouts/store/keys.js'
import type { OnEvent } from '../model/events.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { emptyVerifyReport, type VerifyReport } from '../model/verify-report.js'
import { RecordedThreads } from '../pipeline/recorded-threads.js'
import { Recovery, recoverEither } from '../pipeline/recovery.js'
import { retried } from '../pipeline/retried.js'
import { ThreadVerification } from '../pipeline/verify/threads.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import type { LedgerScope } from '../target/ledger/read.js'
import { countThreads } from '../target/ledger/recorded-rows.js'
import type { Recover } from '../target/rows/batch-sink.js'
import { dialectOf, recordedDialect } from './dialect.js'
import { listKeys } from './list-keys.js'
import { stoppedBy } from './stopped-by.js'
import { openStoreTables } from './store/tables.js'
import { verifyStore } from './store/verify.js'
import { type Choice, chosenThreads, wantedThreads } from './verify/choice.js'
import { verifyLedger } from './verify/ledger.js'
import { VerifyRun } from './verify/run.js'
import { compareStrays } from './verify/strays.js'
import { VerifyTally } from './verify/tally.js'

export interface VerifyRequest extends Choice {
  /** Null: rows are compared with what the ledger recorded of them. */
  readonly source: Source | null
  readonly from: EndpointNote | null
  readonly sourceName: string
  readonly postgres: Postgres
  readonly to: EndpointNote & { readonly schema: string }
  /** Null where there is none: then nothing is recorded. */
  readonly ledgerSchema: string | null
  /** Null: that of the layouts found. */
  readonly dialect: Dialect | null
  readonly prefixes: Prefixes
  /** Newest first. */
  readonly layouts: readonly Layout[]
  /** Throws `tables-missing` where rows of that dialect do not fit. */
  checkTables(dialect: Dialect): Promise<void>
  /** Null: the store is left out. */
  readonly store: { readonly prefixes: StorePrefixes; readonly flags: string } | null
  readonly showValues: boolean
  /** How long a server may be away. */
  readonly retryForMs: number
  readonly takeoverTimeoutMs: number
  /** Bytes for everything that waits between the two ends. */
  readonly memoryBytes: number
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 up to 1. */
  random(): number
}

/** Shares of the memory budget: keys, values in flight (two reads), copies to recognise repeats. The rest is for names and digests. */
const SHARES = { inventory: 1 / 3, read: 1 / 24, copies: 1 / 8 } as const

/** Throws where it cannot even begin; one that stops early still returns its report, with what stopped it. */
export async function verify(request: VerifyRequest): Promise<VerifyReport> {
  const startedAt = request.now()
  const { source, from, to, sample } = request
  const report = emptyVerifyReport({
    schemaVersion: REPORT_SCHEMA_VERSION,
    against: source === null ? 'ledger' : 'source',
    startedAt: new Date(startedAt).toISOString(),
    source: from,
    target: to,
    sample,
  })
  const run = await begin(request)
  try {
    report.verificationId = run?.id ?? null
    const work = { report, run, recover: recoverOf(request, run) }
    await compareAll(request, work)
    await compareStore(request, work)
  } catch (error) {
    report.stoppedBy = stoppedBy(error, request)
  }
  try {
    if (run !== null) await retried({ recover: lastWordOf(request, { report, run }) }, () => run.end(report))
  } catch (error) {
    report.stoppedBy ??= stoppedBy(error, request)
  } finally {
    await run?.release()
  }
  report.seconds = (request.now() - startedAt) / 1000
  return report
}

async function begin(request: VerifyRequest): Promise<VerifyRun | null> {
  const { postgres, takeoverTimeoutMs, signal, source, sample, sinceRun, scope } = request
  const ledger = ledgerScopeOf(request)
  if (ledger === null) return null
  const { patterns, limit, threads } = scope
  const against = source === null ? 'ledger' : 'source'
  const options = { against, sample, sinceRun, patterns, limit, threads: threads?.size ?? null }
  try {
    return await VerifyRun.begin({ postgres, scope: ledger, options, takeoverTimeoutMs, signal })
  } catch (error) {
    throw stoppedBy(error, request)
  }
}

function ledgerScopeOf({ ledgerSchema, sourceName, to }: VerifyRequest): LedgerScope | null {
  return ledgerSchema === null ? null : { ledgerSchema, sourceName, targetSchema: to.schema }
}

export interface VerifyWork {
  readonly report: VerifyReport
  readonly run: VerifyRun | null
  readonly recover: Recover
}

function recoverOf(request: VerifyRequest, run: VerifyRun | null): Recover {
  const restore = run === null ? undefined : () => run.restore()
  return recoverEither(
    new Recovery({ ...request, endpoint: request.from?.endpoint ?? '' }),
    new Recovery({ ...request, endpoint: request.to.endpoint, restore }),
  )
}

/** The last word of a verification that was stopped is tried once. */
const lastWordOf = (request: VerifyRequest, { report, run }: Omit<VerifyWork, 'recover'>): Recover =>
  report.stoppedBy === undefined
    ? recoverOf(request, run)
    : async (error) => {
        throw error
      }

async function compareAll(request: VerifyRequest, work: VerifyWork): Promise<void> {
  const { postgres, source, onEvent, scope, sample } = request
  const { report, run, recover } = work
  const ledgerScope = ledgerScopeOf(request)
  const ledger = ledgerScope && new RecordedThreads(ledgerScope, (work) => postgres.use(work))
  const wants = await wantedThreads(request, ledgerScope)
  const named = new Set(scope.threads ?? [])
  const tallyOf = (ofThreads: number | null) =>
    new VerifyTally(
      report,
      (progress) => onEvent({ kind: 'threads', progress }),
      async (verdicts) => run?.record(verdicts, source !== null),
      ofThreads,
    )
  const isWhole = sample === null && scope.limit === null
  if (source === null) {
    const tally = tallyOf(null)
    await verifyLedger(request, { ledger: ledger!, tally, wants, isGone: false, recover })
    report.threads.notFound.push(...[...named].filter((threadId) => !tally.seen.has(threadId)))
    return
  }
  const tally = await compareSource(request, { work, source, ledger, wants, tallyOf })
  if (ledger !== null && isWhole) await verifyLedger(request, { ledger, tally, wants, isGone: true, recover })
  report.threads.notFound.push(...[...named].filter((threadId) => !tally.seen.has(threadId)))
  if (isWhole && scope.threads === null && scope.patterns.length === 0 && request.sinceRun === null) {
    report.threads.onlyInTarget = Math.max(0, (await threadsInTarget(request)) - tally.withRows)
  }
}

async function compareStore(request: VerifyRequest, { report, run, recover }: VerifyWork): Promise<void> {
  const { store, source, postgres, to, onEvent, signal, now, memoryBytes } = request
  if (store === null) return
  onEvent({ kind: 'step', step: 'comparing the store' })
  const tables = { postgres, schema: to.schema }
  const open = () => openStoreTables(tables, { dialect: null, flags: store.flags, mayLack: false })
  const target = await retried({ recover }, open)
  report.store = await verifyStore({
    ...{ source, signal, now, recover, prefixes: store.prefixes, batchBytes: memoryBytes * SHARES.read },
    target: target!,
    scope: ledgerScopeOf(request),
    record: async (verdicts) => run?.recordStore(verdicts),
  })
}

interface Comparing {
  readonly work: VerifyWork
  readonly source: Source
  readonly ledger: RecordedThreads | null
  readonly wants: (threadId: string) => boolean
  readonly tallyOf: (ofThreads: number | null) => VerifyTally
}

const recordedOf = ({ postgres, to }: VerifyRequest, ledgerSchema: string): Promise<Dialect | null> =>
  recordedDialect(postgres, { ledgerSchema, targetSchema: to.schema })

async function compareSource(request: VerifyRequest, comparing: Comparing): Promise<VerifyTally> {
  const { work, source, ledger, wants, tallyOf } = comparing
  const listed = await retried(work, () => listThreads(request, source, wants))
  const { inventory, registry } = listed
  try {
    const recorded = async () =>
      request.ledgerSchema === null ? null : recordedOf(request, request.ledgerSchema)
    const dialect =
      request.dialect ?? (await retried(work, () => dialectOf(source, inventory, registry, recorded)))
    if (request.dialect === null) await retried(work, () => request.checkTables(dialect))
    const found = await inventory.countThreads()
    const { chosen, threads } = chosenThreads(request, inventory, found)
    work.report.threads.leftOut = found - chosen
    const tally = tallyOf(chosen)
    const verification = new ThreadVerification(
      source,
      {
        open: () => request.postgres.open(),
        use: (work) => request.postgres.use(work),
        schema: request.to.schema,
        dialect,
      },
      registry,
      ledger,
      tally,
      {
        readBytes: request.memoryBytes * SHARES.read,
        copiesBytes: request.memoryBytes * SHARES.copies,
        showValues: request.showValues,
        signal: request.signal,
        recover: work.recover,
      },
    )
    await verification.run(threads)
    const list = (wants: (threadId: string) => boolean) => listThreads(request, source, wants)
    await compareStrays(verification, { list, wants: () => true, recover: work.recover })
    return tally
  } finally {
    await inventory.close()
  }
}

const listThreads = (request: VerifyRequest, source: Source, wants: (threadId: string) => boolean) =>
  listKeys({ ...request, source, wants, maxBytes: request.memoryBytes * SHARES.inventory })

async function threadsInTarget({ postgres, to }: VerifyRequest): Promise<number> {
  return postgres.use((session) => countThreads(session, to.schema))
}
