/** Threads that Redis has gone on with: of these nothing is written, or the application would find itself in the past. */
import type { RedisPrefixes } from '../../convert/redis/options.js'
import type { Source } from '../../source/source.js'
import type { RedisWriter } from '../../target/redis/writer.js'
import type { NewestCheckpoint } from '../../target/rows/thread-names.js'

interface Redis {
  readonly source: Source
  readonly writer: RedisWriter
}

/**
 * Thread id → the newest checkpoint there, where it is one that Postgres does not have: newer than all of its own, or of another branch.
 * `known`: which of these Postgres has.
 */
export async function newerInRedis(
  redis: Redis,
  newest: readonly NewestCheckpoint[],
  {
    known,
    ...saver
  }: ({ readonly dialect: 'python'; readonly prefixes: RedisPrefixes } | { readonly dialect: 'js' }) & {
    known(checkpoints: readonly NewestCheckpoint[]): Promise<ReadonlySet<NewestCheckpoint>>
  },
): Promise<ReadonlyMap<string, NewestCheckpoint>> {
  const heads =
    saver.dialect === 'python'
      ? await pointers(redis.source, newest, saver.prefixes)
      : await found(redis.writer, newest)
  const others = newest.flatMap((checkpoint, at): NewestCheckpoint[] => {
    const checkpointId = heads[at]
    const isSame =
      checkpointId === null || checkpointId === undefined || checkpointId === checkpoint.checkpointId
    return isSame ? [] : [{ ...checkpoint, checkpointId }]
  })
  const there = others.length === 0 ? new Set() : await known(others)
  return new Map(others.filter((head) => !there.has(head)).map((head) => [head.threadId, head]))
}

/** What the Python saver writes for an empty thread id, namespace, checkpoint id. */
const NO_ID = '00000000-0000-0000-0000-000000000000'
const ROOT = '__empty__'

export const pointerKey = (
  { threadId, checkpointNs }: Omit<NewestCheckpoint, 'checkpointId'>,
  prefix: string,
): Buffer => Buffer.from(`${prefix}_latest:${threadId || NO_ID}:${checkpointNs || ROOT}`)

async function pointers(
  source: Source,
  newest: readonly NewestCheckpoint[],
  { checkpoint: prefix }: RedisPrefixes,
): Promise<(string | null)[]> {
  const requests = newest.map((head) => ({ key: pointerKey(head, prefix), type: 'string' }))
  const results = requests.length === 0 ? [] : await source.read(requests)
  return results.map((result) => {
    if (result.state !== 'read' || result.value.type !== 'string') return null
    const name = result.value.bytes.toString()
    return name.slice(name.lastIndexOf(':') + 1)
  })
}

/** The JavaScript saver keeps no pointer: it asks its index, and so do we. Without one it has never run here. */
async function found(writer: RedisWriter, newest: readonly NewestCheckpoint[]): Promise<(string | null)[]> {
  const indexes = (await writer.call('FT._LIST')) as Buffer[]
  if (!indexes.some((name) => name.toString() === JS_INDEX)) return newest.map(() => null)
  const heads: (string | null)[] = []
  for (const { threadId, checkpointNs } of newest) {
    const start = `checkpoint:${threadId}:${checkpointNs}:`
    const query = `@thread_id:{${escapedTag(threadId)}} @checkpoint_ns:{${escapedTag(checkpointNs || ROOT)}}`
    const reply = (await writer.call(
      'FT.SEARCH',
      JS_INDEX,
      query,
      'NOCONTENT',
      'SORTBY',
      'checkpoint_ts',
      'DESC',
      'LIMIT',
      '0',
      '5',
    )) as [number, ...Buffer[]]
    const names = reply
      .slice(1)
      .map(String)
      .filter((name) => name.startsWith(start))
    heads.push(
      names
        .map((name) => name.slice(start.length))
        .sort()
        .at(-1) ?? null,
    )
  }
  return heads
}

const JS_INDEX = 'checkpoints'

/** Everything but letters, digits and _ means something in a query. */
const escapedTag = (text: string): string => text.replace(/[^\p{L}\p{N}_]/gu, (sign) => `\\${sign}`)
