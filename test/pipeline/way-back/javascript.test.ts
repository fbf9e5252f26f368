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
