/** The way back, judged by the official JavaScript savers: what one reads in Redis is what the other reads in Postgres. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fixtures, fullCorpora } from '../../corpus/cases.js'
import { canonical, countingWrites } from '../../judge/javascript-values.js'
import { loadGolden } from '../../judge/judge.js'
import { atEndOfFile } from '../../services/each-file.js'
import { officialJavaScript, postgresSaver, type SavedTuple } from '../../services/javascript.js'
import { freshDatabase, sql } from '../../services/postgres.js'
import { freshRedis, redisClient } from '../../services/redis.js'
import { writeBack } from './write-back.js'

interface RedisSaver {
  getTuple(config: { configurable: Record<string, string> }): Promise<SavedTuple | undefined>
  list(
    config: { configurable: Record<string, string> },
    options: { limit: number },
  ): AsyncIterable<SavedTuple>
  end(): Promise<void>
}

async function redisSaver(url: string): Promise<RedisSaver> {
  const require = createRequire(join(await officialJavaScript(), 'package.json'))
  const { RedisSaver }: { RedisSaver: { fromUrl(url: string): Promise<RedisSaver> } } =
    require('@langchain/langgraph-checkpoint-redis')
  const saver = await RedisSaver.fromUrl(url)
  atEndOfFile(() => saver.end())
  return saver
}

const CASES = [
  ...fixtures('js').map((from) => ({ name: from.name, from })),
  ...fullCorpora('js')
    .filter(({ name }) => name === 'js/1.0.11-full')
    .map((from) => ({ name: `${from.name}, whole`, from })),
]

describe('the way back to the JavaScript RedisSaver', () => {
  it.each(CASES)('gives back all of $name', async ({ from }) => {
    const url = await freshDatabase()
    await loadGolden(from, url)
    const server = await freshRedis()
    const redis = await redisSaver(server.url)
    const { findings } = await writeBack(url, redisClient(server.url), { dialect: 'js' })
    expect(findings).toEqual([])
    const postgres = await postgresSaver(url)
    const rows = await sql<{ thread_id: string; checkpoint_ns: string; checkpoint_id: string }>(
      url,
      'SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints ORDER BY 1, 2, 3',
    )
    expect(rows.length).toBeGreaterThan(10)
    const newest = new Map<string, string>()
    for (const { thread_id, checkpoint_ns, checkpoint_id } of rows) {
      const configurable = { thread_id, checkpoint_ns, checkpoint_id }
      const [stored, found] = [
        await postgres.getTuple({ configurable }),
        await redis.getTuple({ configurable }),
      ]
      expect(shape(found), checkpoint_id).toEqual(shape(stored))
      newest.set(JSON.stringify([thread_id, checkpoint_ns]), checkpoint_id)
    }
    for (const [place, checkpoint_id] of newest) {
      const [thread_id, checkpoint_ns] = JSON.parse(place)
      const head = await redis.getTuple({ configurable: { thread_id, checkpoint_ns } })
      expect(head?.config.configurable.checkpoint_id).toBe(checkpoint_id)
    }
  })
})

describe('a checkpoint that is too deep for RedisJSON', () => {
  const ID = (n: number) => `1f000000-0000-6000-8000-00000000000${n}`
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

  async function written({ many }: { readonly many: boolean }) {
    const url = await freshDatabase()
    await (await postgresSaver(url)).setup()
    const checkpoint = (thread: string, n: number, metadata = '{}') =>
      sql(
        url,
        `INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint, metadata)
         VALUES ($1, $2, '{"v":4,"channel_versions":{}}', $3)`,
        [thread, ID(n), metadata],
      )
    const write = (thread: string, n: number, idx: number, value: string) =>
      sql(
        url,
        `INSERT INTO checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, type, blob)
         VALUES ($1, $2, 'task', $3, 'a', 'json', $4)`,
        [thread, ID(n), idx, Buffer.from(value)],
      )
    for (const n of [1, 2, 3]) {
      await checkpoint('older', n)
      for (const idx of [0, 1]) await write('older', n, idx, nested(n === 2 ? 126 + idx : 126))
      await checkpoint('metadata', n, `{"writes":${nested(n === 2 ? 126 : 125)}}`)
      await checkpoint('newest', n)
    }
    await write('newest', 3, 0, nested(127))
    if (many) {
      // Two pieces go before the one that is refused is come to.
      for (const idx of [2, 3, 4]) await write('older', 1, idx, JSON.stringify('x'.repeat(3 << 20)))
      await write('older', 1, 5, nested(127))
    }
    const server = await freshRedis()
    const redis = redisClient(server.url)
    const { findings } = await writeBack(url, redis, { dialect: 'js' })
    return { findings, keys: (await redis.keys('*')).sort() }
  }
  const keysOf = (thread: string, n: number) => [
    `checkpoint:${thread}::${ID(n)}`,
    ...(thread === 'older' ? [0, 1].map((idx) => `checkpoint_write:${thread}::${ID(n)}:task:${idx}`) : []),
    ...(thread === 'older' ? [`write_keys_zset:${thread}::${ID(n)}`] : []),
  ]

  it.each([
    { many: false, left: [1, 3], refused: [2] },
    { many: true, left: [3], refused: [1, 2] },
  ])('is left out, and everything else goes back ($refused.length with deep writes)', async (one) => {
    const { findings, keys } = await written(one)
    const wanted = [
      ...one.left.flatMap((n) => keysOf('older', n)),
      ...[1, 3].flatMap((n) => keysOf('metadata', n)),
    ]
    expect(keys).toEqual(wanted.sort())
    const refused = findings.filter(({ reason }) => reason === 'refused-by-redis')
    expect(refused.map(({ threadId, checkpointId, detail }) => [threadId, checkpointId, detail])).toEqual(
      expect.arrayContaining([
        ...one.refused.map((n) => ['older', ID(n), '127 containers inside each other']),
        ['metadata', ID(2), 'metadata: 127 containers inside each other'],
        ['newest', ID(3), '127 containers inside each other'],
      ]),
    )
    expect(refused).toHaveLength(one.refused.length + 2)
    const heads = findings.filter(({ reason }) => reason === 'older-head-in-redis')
    expect(heads.map(({ threadId }) => threadId)).toEqual(['newest'])
  })
})

/** Whatever counts of a tuple; the Redis saver has no list where there are no writes. */
function shape(tuple: SavedTuple | undefined): unknown {
  if (tuple === undefined) return undefined
  const { pending_sends: _, ...checkpoint } = tuple.checkpoint
  return {
    checkpoint: canonical(checkpoint),
    metadata: canonical(tuple.metadata),
    parent: tuple.parentConfig?.configurable.checkpoint_id,
    writes: countingWrites(tuple.pendingWrites ?? []),
  }
}
