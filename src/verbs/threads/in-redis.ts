/** The threads of Redis or of a snapshot: names tell most of it, and of each thread only the newest root checkpoint is read. */
import { tsOf } from '../../convert/checkpoint-ts.js'
import type { ClaimedKey } from '../../layouts/layout.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import { ThreadAge } from '../../model/age.js'
import { ROOT_NS } from '../../model/thread.js'
import type { ListedThread } from '../../model/threads-report.js'
import type { ThreadKeys } from '../../pipeline/inventory.js'
import { readThreadRecords } from '../../pipeline/thread-records.js'
import type { Source } from '../../source/source.js'
import { stateOf } from './state.js'

export interface RedisWorld {
  readonly source: Source
  readonly registry: LayoutRegistry
  readonly nowMs: number
}

/** Threads that are asked about at the same time. */
const AT_ONCE = 16

/** In the order of the inventory. */
export async function* threadsInRedis(
  threads: AsyncIterable<ThreadKeys>,
  world: RedisWorld,
): AsyncGenerator<ListedThread, void, undefined> {
  let group: ThreadKeys[] = []
  for await (const thread of threads) {
    group.push(thread)
    if (group.length < AT_ONCE) continue
    yield* await Promise.all(group.map((one) => listed(one, world)))
    group = []
  }
  yield* await Promise.all(group.map((one) => listed(one, world)))
}

async function listed(thread: ThreadKeys, world: RedisWorld): Promise<ListedThread> {
  const { source, registry, nowMs } = world
  const keys = registry.ofThread(thread.keys)
  const named = namedCheckpoints(keys)
  const wanted = named === null ? keys : keysOfHead(keys, named)
  const [sizes, records] = await Promise.all([
    source.memoryOf(keys.map(({ key }) => key)),
    readThreadRecords(source, registry, { threadId: thread.threadId, keys: wanted }),
  ])
  const checkpoints = named ?? records.checkpoints
  const age = new ThreadAge(nowMs)
  for (const checkpoint of checkpoints) age.checkpoint({ checkpointId: checkpoint.checkpointId })
  if (age.latestMs === null)
    for (const checkpoint of records.checkpoints) age.checkpoint({ ...checkpoint, ts: tsOf(checkpoint) })
  const read = records.checkpoints.map(({ origin }) => origin.layout)
  const layouts = [...new Set(read.length > 0 ? read : keys.map(({ layout }) => layout))].sort()
  const dialects = new Set(layouts.map((id) => registry.byId(id).dialect))
  const bytes = sizes.some((size) => size === null)
    ? null
    : sizes.reduce<number>((sum, size) => sum + size!, 0)
  return {
    threadId: thread.threadId,
    layouts,
    dialect: dialects.size === 1 ? [...dialects][0]! : null,
    namespaces: new Set(checkpoints.map(({ checkpointNs }) => checkpointNs)).size,
    checkpoints: new Set(
      checkpoints.map(({ checkpointNs, checkpointId }) => `${checkpointNs}\0${checkpointId}`),
    ).size,
    lastAt: age.latestMs === null ? null : new Date(age.latestMs).toISOString(),
    bytes,
    state: stateOf(records),
  }
}

/** The checkpoints as the names of keys have them; null where only values tell. */
function namedCheckpoints(keys: readonly ClaimedKey[]): ClaimedKey[] | null {
  const told = keys.filter(({ role }) => role === 'checkpoint' || role === 'snapshot')
  const isSure = told.every(
    ({ role, checkpointId, ambiguous }) => role === 'checkpoint' && checkpointId !== '' && !ambiguous,
  )
  return isSure ? told : null
}

/** What belongs to the newest root checkpoint, and what may: values that are shared, writes whose names do not say whose they are. */
function keysOfHead(keys: readonly ClaimedKey[], checkpoints: readonly ClaimedKey[]): readonly ClaimedKey[] {
  let head = ''
  for (const { checkpointNs, checkpointId } of checkpoints)
    if (checkpointNs === ROOT_NS && checkpointId > head) head = checkpointId
  return keys.filter(({ checkpointNs, checkpointId, ambiguous }) =>
    checkpointId === '' || ambiguous ? true : checkpointNs === ROOT_NS && checkpointId === head,
  )
}
