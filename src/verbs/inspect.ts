/** Decodes one key or one thread for a human. Reads its keys and no others. */
import type { Layout, Prefixes } from '../layouts/layout.js'
import { prefixesOfIndexes } from '../layouts/prefixes.js'
import { LayoutRegistry } from '../layouts/registry.js'
import { Failure } from '../model/failure.js'
import type { InspectReport } from '../model/inspect-report.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import { findThread } from '../pipeline/find-thread.js'
import { readThreadRecords } from '../pipeline/thread-records.js'
import type { Source } from '../source/source.js'
import { inspectedKey } from './inspect/key.js'
import { inspectedThread, type ThreadView } from './inspect/thread.js'

export interface InspectRequest {
  readonly source: Source
  readonly from: EndpointNote
  readonly prefixes: Prefixes
  /** Newest first. */
  readonly layouts: readonly Layout[]
  /** A key's exact name, or a thread's id. */
  readonly name: string
  /** Never a key, though one should be called so. */
  readonly asThread: boolean
  /** Whose channel values are wanted: the newest of each namespace, one, or all. */
  readonly values: 'newest' | 'all' | { readonly checkpointId: string }
  readonly signal: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
}

/** Throws `nothing-called-so` where there is neither a key nor a thread of that name. */
export async function inspect(request: InspectRequest): Promise<InspectReport> {
  const { source, from, name, asThread } = request
  const prefixes = prefixesOfIndexes(await source.searchIndexes(), request.prefixes)
  const registry = new LayoutRegistry(request.layouts, prefixes)
  const head = { schemaVersion: REPORT_SCHEMA_VERSION, command: 'inspect', source: from } as const
  const key = Buffer.from(name)
  const [type] = asThread ? [null] : await source.types([key])
  if (type !== null && type !== undefined)
    return { ...head, ...(await ofKey({ key, type }, registry, request)) }
  const thread = await threadOf(name, registry, request, wantsOf(request))
  if (thread.keys.length === 0) throw new Failure('nothing-called-so', { name, endpoint: source.describe() })
  return { ...head, key: null, thread }
}

async function ofKey(
  found: { readonly key: Buffer; readonly type: string },
  registry: LayoutRegistry,
  request: InspectRequest,
): Promise<Pick<InspectReport, 'key' | 'thread'>> {
  const { source } = request
  const [[result], [memoryBytes]] = await Promise.all([source.read([found]), source.memoryOf([found.key])])
  const key = inspectedKey(
    { ...found, result: result ?? { state: 'gone' }, memoryBytes: memoryBytes ?? null },
    registry,
  )
  if (key.claim === null || key.recognised === null) return { key, thread: null }
  // A write can be read only beside its checkpoint.
  const thread = await threadOf(key.claim.threadId, registry, request, {
    wantsValues: ({ origin }) => origin.key.equals(found.key),
    key: found.key,
    nowMs: request.now(),
  })
  return { key, thread }
}

async function threadOf(
  threadId: string,
  registry: LayoutRegistry,
  { source, signal }: InspectRequest,
  view: ThreadView,
) {
  const keys = await findThread(source, registry, threadId, signal)
  return inspectedThread(await readThreadRecords(source, registry, keys), registry, view)
}

function wantsOf({ values, now }: InspectRequest): ThreadView {
  return {
    nowMs: now(),
    wantsValues: ({ checkpointId }, isNewest) =>
      values === 'all' || (values === 'newest' ? isNewest : values.checkpointId === checkpointId),
  }
}
