/** Takes back what runs of the way back did to one thread in Redis: looks first, and touches nothing unless every key is as it was left. */
import type { RedisValue } from '../../model/redis-value.js'
import type { RedisKeyWrite } from '../../model/redis-write.js'
import type { RefusedThread } from '../../model/rollback-report.js'
import { slicesBySize } from '../../model/slices.js'
import { sourceDigest } from '../../pipeline/source-digest.js'
import type { KeyToPurge, Purger } from '../../source/purge.js'
import type { KeyOfType, Source } from '../../source/source.js'
import { keyText, type RecordedKey } from '../../target/ledger/pack.js'
import type { ReplacedKey } from '../../target/ledger/written-keys.js'
import { digestOfValue, digestOfWrite } from '../../target/redis/key-digest.js'
import type { RedisWriter } from '../../target/redis/writer.js'
import type { ThreadToUndo } from '../../target/rollback/threads.js'

export interface UndoRedis {
  readonly source: Source
  readonly writer: RedisWriter
  readonly purger: Purger
}

/** What is to become of a thread's keys. */
export interface UndoPlan {
  readonly threadId: string
  /** Why the thread stays as it is. */
  readonly refusal?: RefusedThread
  /** Pointers first, so that nothing names what is gone. */
  readonly going: readonly KeyToPurge[]
  /** Keys of others, and of earlier runs, that get back what they held. */
  readonly restoring: readonly ReplacedKey[]
  /** Keys that hold what the runs left, by name: checked once more while they are changed. */
  readonly seen: ReadonlyMap<string, Buffer>
}

const READ_TOGETHER = 50
/** One step of deletion; the purger looks at all of them before it takes one. */
const DELETED_TOGETHER = { items: 200, size: 512 * 1024 } as const

/** Reads every key of the thread that the runs wrote. `replaced`: what these keys held before, by any of the runs. */
export async function planUndo(
  source: Source,
  thread: ThreadToUndo,
  replaced: readonly ReplacedKey[],
): Promise<UndoPlan> {
  const { threadId, undone, kept } = thread
  const refused = (reason: RefusedThread['reason'], detail: string): UndoPlan => ({
    threadId,
    refusal: { threadId, reason, detail },
    going: [],
    restoring: [],
    seen: new Map(),
  })
  const later = kept.find(({ runId }) => runId > undone.at(-1)!.runId)
  if (later !== undefined) return refused('built-on', `run ${later.runId}`)
  const keys = lastWords(thread)
  const { before, between } = firstWords(thread, replaced)
  if (between !== undefined)
    return refused(
      between.type === 'string' ? 'continued-in-redis' : 'changed-in-redis',
      between.key.toString(),
    )
  const going: KeyToPurge[] = []
  const restoring: ReplacedKey[] = []
  const seen = new Map<string, Buffer>()
  let changed: string | undefined
  for (let at = 0; at < keys.length; at += READ_TOGETHER) {
    const group = keys.slice(at, at + READ_TOGETHER)
    const types = await source.types(group.map(({ key }) => key))
    const there = group.flatMap(({ key, digest }, place) => {
      const type = types[place]
      return type === null || type === undefined ? [] : [{ key, type, digest }]
    })
    const results = await source.read(there satisfies readonly KeyOfType[])
    for (const [place, result] of results.entries()) {
      const { key, type, digest } = there[place]!
      if (result.state === 'gone') continue
      const isOurs = result.state === 'read' && digest !== null && digestOfValue(result.value).equals(digest)
      const old = before.get(keyText(key))
      // It may have been given back by a rollback that was interrupted.
      const isBack = result.state === 'read' && old !== undefined && isAsBefore(result.value, old)
      // A pointer that has moved tells more than the keys around it.
      if (!isOurs && !isBack && type === 'string') return refused('continued-in-redis', key.toString())
      if (!isOurs && !isBack) changed ??= key.toString()
      if (isBack || result.state !== 'read') continue
      if (old !== undefined) {
        restoring.push(old)
        seen.set(keyText(key), digest!)
      } else {
        const { value, sizeBytes } = result
        going.push({ key, type, use: 'content', digest: sourceDigest(value), bytes: sizeBytes })
      }
    }
  }
  if (changed !== undefined) return refused('changed-in-redis', changed)
  const isPointer = ({ type }: KeyToPurge) => (type === 'string' ? 0 : 1)
  return { threadId, going: going.sort((a, b) => isPointer(a) - isPointer(b)), restoring, seen }
}

/** Each key with the digest of what the newest run that wrote it has left. */
function lastWords({ undone }: ThreadToUndo): RecordedKey[] {
  const keys = new Map<string, RecordedKey>()
  for (const run of [...undone].reverse()) for (const [name, key] of run.keys) keys.set(name, key)
  return [...keys.values()]
}

interface FirstWords {
  /** What a key held before the oldest of the runs that wrote it; absent where that run made it. */
  readonly before: ReadonlyMap<string, ReplacedKey>
  /** A key that one run did not find as the run before had left it, a pointer if there is one: what it held is somebody else's word. */
  readonly between: ReplacedKey | undefined
}

function firstWords({ undone }: ThreadToUndo, replaced: readonly ReplacedKey[]): FirstWords {
  const before = new Map<string, ReplacedKey>()
  const byRun = new Map(replaced.map((old) => [`${old.runId} ${keyText(old.key)}`, old]))
  let between: ReplacedKey | undefined
  for (const run of undone) {
    for (const [name, { digest }] of run.keys) {
      const found = before.get(name)
      const isOurs = found === undefined || digest === null || digestOfWrite(writeOf(found)).equals(digest)
      if (!isOurs && between?.type !== 'string') between = found
      const old = byRun.get(`${run.runId} ${name}`)
      if (old === undefined) before.delete(name)
      else before.set(name, old)
    }
  }
  return { before, between }
}

const isAsBefore = (value: RedisValue, old: ReplacedKey): boolean =>
  digestOfValue(value).equals(digestOfWrite(writeOf(old)))

function writeOf({ key, type, value }: ReplacedKey): RedisKeyWrite {
  if (type === 'json') return { type, key, document: value }
  if (type === 'string') return { type, key, value }
  const members: [member: string, score: number][] = JSON.parse(value.toString())
  return { type, key, members: members.map(([member, score]) => ({ member: Buffer.from(member), score })) }
}

const sizeOf = ({ bytes }: KeyToPurge): number => bytes ?? 0

/** Gives the key that somebody has changed since it was looked at; what was done until then stays done, and is found done by the next. */
export async function carryOutUndo({ writer, purger }: UndoRedis, plan: UndoPlan): Promise<string | null> {
  for (const old of plan.restoring) {
    const write = writeOf(old)
    const expected = plan.seen.get(keyText(old.key))!
    const [done] = await writer.replace(
      [write],
      (_, now) => now !== null && digestOfValue(now).equals(expected),
    )
    if (done !== 'written') return old.key.toString()
    if (write.type !== 'zset') continue
    const stay = new Set(write.members.map(({ member }) => keyText(member)))
    const now = (await writer.call('ZRANGE', old.key, '0', '-1')) as Buffer[]
    const added = now.filter((member) => !stay.has(keyText(member)))
    if (added.length > 0) await writer.call('ZREM', old.key, ...added)
  }
  for (const group of slicesBySize(plan.going, sizeOf, DELETED_TOGETHER)) {
    const purged = await purger.purge(group)
    if (purged.state !== 'deleted')
      return (purged.state === 'changed' ? purged.changed[0] : group[0]?.key)?.toString() ?? ''
  }
  return null
}
