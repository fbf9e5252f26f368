/** Moves threads from Postgres back to Redis, as the official RedisSaver would have written them. A dry run does all but write. */
import type { RedisPrefixes } from '../convert/redis/options.js'
import type { OnEvent } from '../model/events.js'
import { Failure } from '../model/failure.js'
import { type EndpointNote, emptyMigrateReport, type MigrateReport } from '../model/report.js'
import type { ThreadScope } from '../model/scope.js'
import { Recovery, recoverEither } from '../pipeline/recovery.js'
import { retried } from '../pipeline/retried.js'
import { wayBack } from '../pipeline/way-back.js'
import type { Pace } from '../source/pace.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import type { RedisWriter } from '../target/redis/writer.js'
import type { Recover } from '../target/rows/batch-sink.js'
import { countThreadIds, dialectOfRows } from '../target/rows/thread-names.js'
import { batchesOf, twoAtOnce } from './back/batches.js'
import { gaveTtl } from './back/gave-ttl.js'
import { BackLedger } from './back/ledger.js'
import { memoryForecast } from './back/memory.js'
import { BackMover, type MoverOptions } from './back/mover.js'
import { addBatch } from './back/tally.js'
import { MigrateRun } from './migrate/run.js'
import { scopeNote } from './migrate/scope-note.js'
import { stoppedBy } from './stopped-by.js'

export interface MigrateBackRequest {
  readonly postgres: Postgres
  readonly schema: string
  readonly ledgerSchema: string
  /** There is a ledger; only a dry run does without. */
  readonly hasLedger: boolean
  /** Throws `tables-missing` where rows of that dialect cannot be read. */
  checkTables(dialect: 'python' | 'js'): Promise<void>
  readonly redis: { readonly source: Source; readonly writer: RedisWriter }
  readonly from: EndpointNote
  readonly to: EndpointNote
  /** What the ledger calls this Postgres, and this Redis as a target and as the source of the way there. */
  readonly names: { readonly source: string; readonly target: string; readonly redis: string }
  readonly dryRun: boolean
  /** Null: told from the rows. */
  readonly dialect: 'python' | 'js' | null
  readonly prefixes: RedisPrefixes
  readonly scope: ThreadScope
  readonly ttlSeconds: number | null
  readonly restart: boolean
  readonly strict: boolean
  /** The conversion; another one in tests. */
  readonly keysOf?: typeof wayBack
  readonly pace: Pace | null
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

/** Of each of two batches one chunk is written while the next is converted, and the client holds what it sends twice. */
const CHUNK_SHARE = 1 / 24

/** Throws where it cannot even begin; from then on a run that stops early still returns its report, with what stopped it. */
export async function migrateBack(request: MigrateBackRequest): Promise<MigrateReport> {
  const { now, dryRun, strict, from, to } = request
  const startedAt = now()
  const report = emptyMigrateReport({
    dryRun,
    strict,
    startedAt: new Date(startedAt),
    source: from,
    target: to,
  })
  await checkServer(request)
  const run = dryRun ? null : await MigrateRun.begin(runRequestOf(request), report)
  const restore = run === null ? undefined : () => run.restore()
  const ledger = new Recovery({ ...request, endpoint: from.endpoint, restore })
  const recover = recoverEither(new Recovery({ ...request, endpoint: to.endpoint }), ledger)
  try {
    await moveAll(request, { report, run, recover })
  } catch (error) {
    report.stoppedBy = stoppedBy(error, request)
  }
  await run?.end(report, ledger)
  report.seconds = (now() - startedAt) / 1000
  return report
}

/** A document per checkpoint needs RedisJSON, and the saver finds nothing without RediSearch. */
async function checkServer({ redis, to }: MigrateBackRequest): Promise<void> {
  const { modules, role } = await redis.source.info()
  const names = modules.map(({ name }) => name.toLowerCase())
  const lacking = [
    ...(names.some((name) => name === 'rejson' || name === 'json') ? [] : ['RedisJSON']),
    ...(names.some((name) => name === 'search' || name === 'searchlight') ? [] : ['RediSearch']),
  ]
  if (lacking.length > 0)
    throw new Failure('redis-lacks-modules', { endpoint: to.endpoint, lacking: lacking.join(' and ') })
  if (role === 'replica') throw new Failure('redis-is-replica', { endpoint: to.endpoint })
}

function runRequestOf(request: MigrateBackRequest) {
  const { postgres, ledgerSchema, names, from, prefixes, dialect, scope, ttlSeconds } = request
  return {
    ...request,
    target: { postgres, schema: names.target, ledgerSchema },
    sourceName: names.source,
    sourceUrl: from.endpoint,
    options: { prefixes, dialect, ttlSeconds, scope: scopeNote(scope) },
    policy: { onExisting: 'auto', restoreDeleted: false } as const,
    loadsTables: false,
  }
}

interface Work {
  readonly report: MigrateReport
  readonly run: MigrateRun | null
  readonly recover: Recover
}

async function moveAll(request: MigrateBackRequest, { report, run, recover }: Work): Promise<void> {
  const { postgres, schema, ledgerSchema, names, scope, onEvent, redis } = request
  const { found, dialect, changesLife } = await retried({ recover }, () =>
    postgres.use(async (session) => ({
      found: await countThreadIds(session, schema),
      dialect: request.dialect ?? (await dialectOfRows(session, schema)) ?? 'python',
      changesLife: run !== null && (await gaveTtl(session, { ledgerSchema, targetSchema: names.target })),
    })),
  )
  report.dialect = dialect
  await retried({ recover }, () => request.checkTables(dialect))
  const { runId: sourceRunId = null } = await retried({ recover }, () => redis.source.info())
  if (run !== null) await retried({ recover }, () => run.noteSource({ dialect, sourceRunId }))
  const ofThreads =
    scope.threads === null && scope.patterns.length === 0 ? Math.min(found, scope.limit ?? found) : null
  const tally = { bytes: 0 }
  const progress = () =>
    onEvent({
      kind: 'threads',
      progress: {
        threads: report.threads.selected,
        ofThreads,
        bytes: tally.bytes,
        ofBytes: null,
        rejected: report.threads.rejected + report.threads.partial,
      },
    })
  const options = moverOptions(request, { dialect, changesLife }, run, (bytes) => {
    tally.bytes += bytes
    progress()
  })
  const named = new Set(scope.threads ?? [])
  const move = async (threadIds: readonly string[]) => {
    const moved = await retried({ recover }, () => BackMover.move(options, threadIds))
    for (const id of threadIds) named.delete(id)
    addBatch(report, moved)
    progress()
  }
  await twoAtOnce(
    batchesOf(request, (work) => retried({ recover }, work)),
    move,
  )
  report.threads.leftOut = found - report.threads.selected
  report.threads.notFound.push(...named)
  if (request.dryRun) report.redisMemory = await memoryForecast(redis.source, report)
}

function moverOptions(
  request: MigrateBackRequest,
  found: Pick<MoverOptions, 'dialect' | 'changesLife'>,
  run: MigrateRun | null,
  onBytes: (bytes: number) => void,
): MoverOptions {
  const { schema, ledgerSchema, hasLedger, names, memoryBytes, postgres, now } = request
  const of = (sourceName: string, targetSchema: string) =>
    hasLedger ? { ledgerSchema, sourceName, targetSchema } : null
  return {
    ...request,
    ...found,
    onBytes,
    ledger: new BackLedger(postgres, of(names.source, names.target), run, now),
    there: of(names.redis, schema),
    chunkBytes: memoryBytes * CHUNK_SHARE,
    keysOf: request.keysOf ?? wayBack,
  }
}
