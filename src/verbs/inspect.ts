/** Decodes one key or one thread for a human. Reads its keys and no others. */
import { prefixesOfIndexes } from '../layouts/prefixes.js'
import { LayoutRegistry } from '../layouts/registry.js'
import { Failure } from '../model/failure.js'
import type { InspectReport } from '../model/inspect-report.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { findThread } from '../pipeline/find-thread.js'
import { readThreadRecords } from '../pipeline/thread-records.js'
import { postgresLayout, recordsInPostgres } from './inspect/in-postgres.js'
import { inspectedKey } from './inspect/key.js'
import { inspectedThread, type ThreadView } from './inspect/thread.js'
import type { PostgresEnd, RedisEnd } from './one-end.js'
import { requireTables } from './target-tables.js'

export interface InspectRequest {
  readonly end: RedisEnd | PostgresEnd
  readonly from: EndpointNote
  /** A key's exact name, or a thread's id; in Postgres there are only threads. */
  readonly name: string
  /** Never a key, though one should be called so. */
  readonly asThread: boolean
  /** Whose channel values are wanted: the newest of each namespace, one, or all. */
  readonly values: 'newest' | 'all' | { readonly checkpointId: string }
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

/**
 * Throws `tables-missing`, `nothing-called-so` where there is neither a key nor a thread of that name, and `no-such-checkpoint` where
 * the thread lacks the one that is wanted.
 */
export async function inspect(request: InspectRequest): Promise<InspectReport> {
  const { end, from, name, values } = request
  const head = { schemaVersion: REPORT_SCHEMA_VERSION, command: 'inspect', source: from } as const
  const found = end.engine === 'redis' ? await inRedis(end, request) : await inPostgres(end, request)
  if (found === null) throw new Failure('nothing-called-so', { name, endpoint: from.endpoint })
  const wanted = typeof values === 'object' && found.key === null ? values.checkpointId : null
  if (wanted !== null && !hasCheckpoint(found, wanted))
    throw new Failure('no-such-checkpoint', {
      threadId: name,
      endpoint: from.endpoint,
      checkpointId: wanted,
    })
  return { ...head, ...found }
}

const hasCheckpoint = ({ thread }: Found, wanted: string): boolean =>
  thread?.namespaces.some(({ checkpoints }) =>
    checkpoints.some(({ checkpointId }) => checkpointId === wanted),
  ) ?? false

type Found = Pick<InspectReport, 'key' | 'thread'>

async function inPostgres(end: PostgresEnd, request: InspectRequest): Promise<Found | null> {
  const { name, signal } = request
  await requireTables(end.postgres, end)
  const found = await recordsInPostgres(end, name, signal)
  if (found === null) return null
  const thread = inspectedThread(found.records, postgresLayout, wantsOf(request))
  return { key: null, thread: { ...thread, bytes: found.bytes } }
}

async function inRedis(end: RedisEnd, request: InspectRequest): Promise<Found | null> {
  const { source } = end
  const { name, asThread } = request
  const prefixes = prefixesOfIndexes(await source.searchIndexes(), end.prefixes)
  const registry = new LayoutRegistry(end.layouts, prefixes)
  const key = Buffer.from(name)
  const [type] = asThread ? [null] : await source.types([key])
  if (type !== null && type !== undefined) return ofKey({ key, type }, { source, registry }, request)
  const thread = await threadOf(name, { source, registry }, request, wantsOf(request))
  return thread.keys.length === 0 ? null : { key: null, thread }
}

interface Place {
  readonly source: RedisEnd['source']
  readonly registry: LayoutRegistry
}

async function ofKey(
  found: { readonly key: Buffer; readonly type: string },
  place: Place,
  request: InspectRequest,
): Promise<Found> {
  const { source, registry } = place
  const [[result], [memoryBytes]] = await Promise.all([source.read([found]), source.memoryOf([found.key])])
  const key = inspectedKey(
    { ...found, result: result ?? { state: 'gone' }, memoryBytes: memoryBytes ?? null },
    registry,
  )
  if (key.claim === null || key.recognised === null) return { key, thread: null }
  // A write can be read only beside its checkpoint.
  const thread = await threadOf(key.claim.threadId, place, request, {
    wantsValues: ({ origin }) => origin.key.equals(found.key),
    key: found.key,
    nowMs: request.now(),
  })
  return { key, thread }
}

async function threadOf(
  threadId: string,
  { source, registry }: Place,
  { signal }: InspectRequest,
  view: ThreadView,
) {
  const keys = await findThread(source, registry, threadId, signal)
  const titled = (id: string) => ({ id, title: registry.byId(id).title })
  return inspectedThread(await readThreadRecords(source, registry, keys), titled, view)
}

function wantsOf({ values, now }: InspectRequest): ThreadView {
  return {
    nowMs: now(),
    wantsValues: ({ checkpointId }, isNewest) =>
      values === 'all' || (values === 'newest' ? isNewest : values.checkpointId === checkpointId),
  }
}
