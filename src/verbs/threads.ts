/** Lists the threads of one end, those of Redis as those of Postgres. Reads, and writes nothing. */
import { type AgeBounds, ageVerdict } from '../model/bounds.js'
import type { OnEvent } from '../model/events.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { EVERY_THREAD, threadFilter } from '../model/scope.js'
import type { ListedThread, ThreadOrder, ThreadsReport } from '../model/threads-report.js'
import { listKeys } from './list-keys.js'
import type { PostgresEnd, RedisEnd } from './one-end.js'
import { requireTables } from './target-tables.js'
import { threadsInPostgres } from './threads/in-postgres.js'
import { threadsInRedis } from './threads/in-redis.js'
import { Shortlist } from './threads/shortlist.js'

export interface ThreadsRequest {
  readonly end: RedisEnd | PostgresEnd
  readonly note: EndpointNote
  /** Glob patterns over ids; any of them is enough, none means every thread. */
  readonly patterns: readonly string[]
  readonly bounds: AgeBounds
  /** Only those that wait at an interrupt. */
  readonly waitingOnly: boolean
  readonly sort: ThreadOrder
  /** The first so many are listed. */
  readonly limit: number
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

export async function threads(request: ThreadsRequest): Promise<ThreadsReport> {
  const { end, note, sort, limit, patterns, bounds, waitingOnly } = request
  const nowMs = request.now()
  const list = new Shortlist(sort, limit)
  const isMatch = threadFilter({ ...EVERY_THREAD, patterns })
  const take = (thread: ListedThread): void => {
    const latestMs = thread.lastAt === null ? null : Date.parse(thread.lastAt)
    if (!isMatch(thread.threadId) || (waitingOnly && thread.state !== 'waiting')) return
    if (ageVerdict(latestMs, bounds, nowMs) === 'taken') list.add(thread)
  }
  const total =
    end.engine === 'redis'
      ? await listRedis(end, request, { isMatch, take, nowMs })
      : await listPostgres(end, request, { take, nowMs })
  const { matching, checkpoints, bytes, waiting } = list
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    command: 'threads',
    startedAt: new Date(nowMs).toISOString(),
    endpoint: note,
    engine: end.engine,
    sort,
    total,
    matching,
    checkpoints,
    bytes,
    waiting,
    threads: list.threads,
  }
}

interface Listing {
  take(thread: ListedThread): void
  readonly nowMs: number
}

async function listRedis(
  { source, prefixes, layouts, maxBytes }: RedisEnd,
  { signal, onEvent }: ThreadsRequest,
  { isMatch, take, nowMs }: Listing & { isMatch(threadId: string): boolean },
): Promise<number> {
  let total = 0
  const { inventory, registry } = await listKeys({
    source,
    prefixes,
    layouts,
    wants: () => true,
    maxBytes,
    signal,
    onEvent,
  })
  // Nothing needs to be read of a thread whose id is not wanted.
  const wanted = async function* () {
    for await (const thread of inventory.threads()) {
      signal.throwIfAborted()
      total++
      if (isMatch(thread.threadId)) yield thread
    }
  }
  try {
    for await (const thread of threadsInRedis(wanted(), { source, registry, nowMs })) take(thread)
  } finally {
    await inventory.close()
  }
  return total
}

/** Throws `tables-missing`, and the failures of tables that are not the full saver's. */
async function listPostgres(
  { postgres, schema, ledgerSchema }: PostgresEnd,
  { signal }: ThreadsRequest,
  { take, nowMs }: Listing,
): Promise<number> {
  await requireTables(postgres, { schema, ledgerSchema })
  let total = 0
  await threadsInPostgres({ postgres, schema }, { signal, nowMs }, (thread) => {
    total++
    take(thread)
  })
  return total
}
