/** Threads by their age. Where the ids in the names of keys do not tell, the thread is read. */
import { tsOf } from '../convert/checkpoint-ts.js'
import type { Dialect } from '../convert/converter.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import { ThreadAge } from '../model/age.js'
import { type AgeBounds, type AgeVerdict, ageVerdict } from '../model/bounds.js'
import { timeOfUuid6 } from '../model/uuid6.js'
import type { ThreadKeys } from '../pipeline/inventory.js'
import { readThreadRecords } from '../pipeline/thread-records.js'
import type { Source } from '../source/source.js'

export interface TimeWorld {
  readonly source: Source
  readonly registry: LayoutRegistry
  /** Whose threads are wanted; the Python savers note no time with their writes. */
  readonly dialect: Dialect
  readonly nowMs: number
  /** Runs a question to the source until it is answered. */
  retried<T>(work: () => Promise<T>): Promise<T>
}

export interface AgeWorld extends TimeWorld {
  readonly bounds: AgeBounds
}

/** Hands on the threads that are taken; `onLeft` is told of the others. */
export async function* threadsOfAge(
  threads: AsyncIterable<ThreadKeys>,
  world: AgeWorld,
  onLeft: (thread: ThreadKeys, why: Exclude<AgeVerdict, 'taken'>) => void,
): AsyncGenerator<ThreadKeys> {
  const { newerThanMs, olderThanMs } = world.bounds
  for await (const thread of threads) {
    const verdict = newerThanMs === null && olderThanMs === null ? 'taken' : await verdictOn(thread, world)
    if (verdict === 'taken') yield thread
    else onLeft(thread, verdict)
  }
}

async function verdictOn(thread: ThreadKeys, world: AgeWorld): Promise<AgeVerdict> {
  const { bounds, nowMs } = world
  const named = timeInNames(thread, world)
  // What the values could add is only later.
  if (named.latestMs !== null && (named.isAll || ageVerdict(named.latestMs, bounds, nowMs) === 'too-young')) {
    return ageVerdict(named.latestMs, bounds, nowMs)
  }
  return ageVerdict(await world.retried(() => timeInValues(thread, world)), bounds, nowMs)
}

/** When the thread was last written, in milliseconds since 1970; null where nothing tells. */
export async function latestOf(thread: ThreadKeys, world: TimeWorld): Promise<number | null> {
  const named = timeInNames(thread, world)
  return named.isAll && named.latestMs !== null
    ? named.latestMs
    : world.retried(() => timeInValues(thread, world))
}

/** The latest time in the ids that names hold, and whether values could say more. */
function timeInNames(
  { keys }: ThreadKeys,
  { dialect, nowMs }: TimeWorld,
): { readonly latestMs: number | null; readonly isAll: boolean } {
  let latestMs: number | null = null
  let isAll = true
  for (const { role, checkpointId, ambiguous } of keys) {
    if (role === 'write' && dialect === 'js') isAll = false
    if (role !== 'checkpoint' && role !== 'snapshot') continue
    const ms = timeOfUuid6(checkpointId, nowMs)
    if (ms === null || ambiguous) isAll = false
    else if (latestMs === null || ms > latestMs) latestMs = ms
  }
  return { latestMs, isAll }
}

async function timeInValues(
  thread: ThreadKeys,
  { source, registry, nowMs }: TimeWorld,
): Promise<number | null> {
  const { checkpoints, writes } = await readThreadRecords(source, registry, thread)
  const age = new ThreadAge(nowMs)
  for (const checkpoint of checkpoints) age.checkpoint({ ...checkpoint, ts: tsOf(checkpoint) })
  for (const write of writes) age.write(write)
  return age.latestMs
}
