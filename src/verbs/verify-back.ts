/** Reads Redis and Postgres again after the way back and compares them value by value; tells the ledger what it found. */
import { formsOfWayBack } from '../convert/compare/forms.js'
import type { Dialect } from '../convert/converter.js'
import { redisDialect } from '../convert/redis/keys.js'
import type { RedisPrefixes } from '../convert/redis/options.js'
import type { Layout } from '../layouts/layout.js'
import type { OnEvent } from '../model/events.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { type ThreadScope, threadFilter } from '../model/scope.js'
import { emptyVerifyReport, NOTHING_EXPLAINED, type VerifyReport } from '../model/verify-report.js'
import { SeenThreads } from '../pipeline/seen-threads.js'
import { ThreadVerification, type VerifyListener } from '../pipeline/verify/threads.js'
import type { ThreadVerdict } from '../pipeline/verify/verdicts.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import { type CurrentThread, type LedgerScope, readThreads } from '../target/ledger/read.js'
import type { Recover } from '../target/rows/batch-sink.js'
import { dialectOfRows, pageOfThreadIds } from '../target/rows/thread-names.js'
import { hiddenInRedis } from './back/findable.js'
import { gaveTtl } from './back/gave-ttl.js'
import { secondLook } from './back/second-look.js'
import { type BackVerdict, isClear, turned } from './back/verdict.js'
import { listKeys } from './list-keys.js'
import { stoppedBy } from './stopped-by.js'
import { VerifyRun } from './verify/run.js'
import { compareStrays } from './verify/strays.js'
import { VerifyTally } from './verify/tally.js'

export interface VerifyBackRequest {
  readonly postgres: Postgres
  readonly schema: string
  /** Throws `tables-missing` where rows of that dialect cannot be read. */
  checkTables(dialect: Dialect): Promise<void>
  /** Of the way back; null where there is no ledger. */
  readonly ledger: LedgerScope | null
  readonly source: Source
  /** See `FindableEnds`. */
  hasWrites(documents: readonly Buffer[]): Promise<readonly string[]>
  readonly from: EndpointNote
  readonly to: EndpointNote
  /** Null: told from the rows. */
  readonly dialect: Dialect | null
  readonly prefixes: RedisPrefixes & { readonly checkpointBlob: readonly string[] }
  /** Newest first. */
  readonly layouts: readonly Layout[]
  readonly scope: ThreadScope
  readonly showValues: boolean
  readonly takeoverTimeoutMs: number
  readonly recover: Recover
  /** Bytes for everything that waits between the two ends. */
  readonly memoryBytes: number
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

/** As in `verify`. */
const SHARES = { inventory: 1 / 3, read: 1 / 12, copies: 1 / 8 } as const
const PAGE_IDS = 500

/** Throws where it cannot even begin; one that stops early still returns its report, with what stopped it. */
export async function verifyBack(request: VerifyBackRequest): Promise<VerifyReport> {
  const { now, from, to, postgres, ledger: scope, scope: threads, takeoverTimeoutMs, signal } = request
  const startedAt = now()
  const report = emptyVerifyReport({
    schemaVersion: REPORT_SCHEMA_VERSION,
    against: 'source',
    startedAt: new Date(startedAt).toISOString(),
    source: from,
    target: to,
    sample: null,
  })
  const options = { against: 'source', patterns: threads.patterns, threads: threads.threads?.size ?? null }
  const run =
    scope === null ? null : await VerifyRun.begin({ postgres, scope, options, takeoverTimeoutMs, signal })
  try {
    report.verificationId = run?.id ?? null
    await new Comparison(request, report, run).all()
  } catch (error) {
    report.stoppedBy = stoppedBy(error, request)
  }
  try {
    await run?.end(report)
  } catch (error) {
    report.stoppedBy ??= stoppedBy(error, request)
  } finally {
    await run?.release()
  }
  report.seconds = (now() - startedAt) / 1000
  return report
}

class Comparison implements VerifyListener {
  private readonly tally: VerifyTally
  private readonly strangers = new SeenThreads()
  private readonly wants: (threadId: string) => boolean
  private dialect: Dialect = 'python'
  private expires = false

  constructor(
    private readonly request: VerifyBackRequest,
    private readonly report: VerifyReport,
    private readonly run: VerifyRun | null,
  ) {
    this.wants = threadFilter(request.scope)
    const onProgress = (progress: Parameters<ConstructorParameters<typeof VerifyTally>[1]>[0]) =>
      request.onEvent({ kind: 'threads', progress })
    this.tally = new VerifyTally(report, onProgress, async () => {}, null)
  }

  /** First the threads of Redis, then those that Postgres alone has. */
  async all(): Promise<void> {
    const { postgres, schema, source, signal, recover, showValues, memoryBytes, prefixes, ledger } =
      this.request
    await postgres.use(async (session) => {
      this.dialect = this.request.dialect ?? (await dialectOfRows(session, schema)) ?? 'python'
      this.expires = ledger !== null && (await gaveTtl(session, ledger))
    })
    await this.request.checkTables(this.dialect)
    const { checkpoint, checkpointWrite, checkpointBlob } = prefixes
    const list = (wants: (threadId: string) => boolean) =>
      listKeys({
        ...this.request,
        prefixes: { checkpoint: [checkpoint], checkpointWrite: [checkpointWrite], checkpointBlob },
        wants,
        maxBytes: memoryBytes * SHARES.inventory,
      })
    const { inventory, registry } = await list((id) => this.wants(id) || beginnings(id).some(this.wants))
    try {
      const target = {
        open: () => postgres.open(),
        use: postgres.use.bind(postgres),
        schema,
        dialect: this.dialect,
      }
      const verification = new ThreadVerification(source, target, registry, null, this, {
        readBytes: memoryBytes * SHARES.read,
        copiesBytes: memoryBytes * SHARES.copies,
        showValues,
        forms: formsOfWayBack(this.dialect),
        signal,
        recover,
      })
      await verification.run(inventory.threads())
      await compareStrays(verification, { list, wants: this.wants, recover })
    } finally {
      await inventory.close()
    }
    await this.onlyInPostgres()
  }

  readSource(bytes: number): void {
    this.tally.readTarget(bytes)
  }

  readTarget(bytes: number): void {
    this.tally.readSource(bytes)
  }

  get wantsDetails(): boolean {
    return this.tally.wantsDetails
  }

  async compared(all: readonly ThreadVerdict[]): Promise<void> {
    const { postgres, ledger } = this.request
    // Threads that Postgres does not have are the application's in Redis.
    const wanted = all.filter(({ threadId }) => this.wants(threadId))
    const verdicts = wanted.filter(({ hasRows }) => hasRows)
    for (const { threadId, hasRows } of wanted) if (!hasRows) this.strangers.note(threadId, 0)
    this.report.threads.onlyInTarget = this.strangers.size
    const ids = verdicts.map(({ threadId }) => threadId)
    const recorded =
      ledger === null
        ? new Map<string, CurrentThread>()
        : await postgres.use((session) => readThreads(session, ledger, ids))
    const told: BackVerdict[] = []
    for (const verdict of verdicts) {
      const { threadId } = verdict
      const how = { ...this.request, dialect: this.dialect }
      const look = isClear(verdict) ? null : await secondLook(this.request, threadId, how)
      told.push(turned(verdict, look, { recorded: recorded.get(threadId), expires: this.expires }))
    }
    await this.tellHidden(told)
    await this.run?.recordStates(
      told.map(({ threadId, state }) => {
        const runId = recorded.get(threadId)?.runId
        return { threadId, state, ...(runId !== undefined && { runId }) }
      }),
    )
    for (const { threadId, otherForms } of told)
      if (otherForms > 0 && !this.tally.seen.has(threadId)) this.noteOtherForm(threadId, otherForms)
    await this.tally.compared(told)
  }

  /** Equal is only what the saver also finds. */
  private async tellHidden(told: BackVerdict[]): Promise<void> {
    const { dialect, expires, request } = this
    const keys = redisDialect({ dialect, prefixes: request.prefixes })
    const ids = told.map(({ threadId }) => threadId)
    const hidden = await hiddenInRedis(request, ids, { keys, expires })
    for (const [at, verdict] of told.entries()) {
      const own = hidden.filter(({ threadId }) => threadId === verdict.threadId)
      if (own.length > 0)
        told[at] = { ...verdict, state: 'differs', differences: [...verdict.differences, ...own] }
    }
  }

  private noteOtherForm(threadId: string, places: number): void {
    this.report.otherForms ??= { threads: 0, places: 0, first: [] }
    const { otherForms } = this.report
    otherForms.threads++
    otherForms.places += places
    if (otherForms.first.length < 5) otherForms.first.push(threadId)
  }

  /** Nothing of them is in Redis, so every key of theirs is looked for. */
  private async onlyInPostgres(): Promise<void> {
    const { postgres, schema, scope, signal } = this.request
    const among = scope.threads === null ? null : [...scope.threads]
    for (let after: string | null = null; ; ) {
      const page: { after: string | null; size: number; among: string[] | null } = {
        after,
        size: PAGE_IDS,
        among,
      }
      const ids = await postgres.use((session) => pageOfThreadIds(session, schema, page))
      const unseen = ids.filter((id) => this.wants(id) && !this.tally.seen.has(id))
      for (const threadId of unseen) {
        signal.throwIfAborted()
        await this.compared([{ ...NOTHING_IN_REDIS, threadId }])
      }
      if (ids.length < PAGE_IDS) break
      after = ids.at(-1)!
    }
    for (const id of among ?? []) if (!this.tally.seen.has(id)) this.report.threads.notFound.push(id)
  }
}

/** Part of a namespace with colons may look like part of the thread's id, until the document says whose it is: all ids that it may be. */
const beginnings = (threadId: string): string[] =>
  [...threadId.matchAll(/:/g)].map(({ index }) => threadId.slice(0, index))

const NOTHING_IN_REDIS: Omit<ThreadVerdict, 'threadId'> = {
  state: 'equal',
  explained: { ...NOTHING_EXPLAINED, ahead: 1 },
  differences: [],
  compared: { checkpoints: 0, writes: 0, values: 0 },
  hasRows: true,
  recorded: undefined,
}
