/** The fixtures themselves: complete, and loaded as they were. */
import { describe, expect, it } from 'vitest'
import { freshRedis, redisClient } from '../services/redis.js'
import { fixture, fixtures, linesOf } from './cases.js'
import { type KeyLine, loadCase } from './load.js'

interface Row {
  readonly table: string
  readonly thread_id: string
}

describe('fixtures', () => {
  it('come from all four families of savers', () => {
    expect(new Set(fixtures().map(({ family }) => family))).toEqual(
      new Set(['python', 'pickle', 'plain', 'js']),
    )
    expect(fixture('python/0.5.2-prefixes-ttl').flags).toContain('--checkpoint-prefix')
  })

  it.each(fixtures().map((one) => [one.name, one] as const))(
    '%s has an answer for every thread',
    (_, one) => {
      const threads = new Set(linesOf<Row>(one, 'expected.jsonl').map((line) => line.thread_id))
      const refused = new Set(linesOf<Row>(one, 'refused.jsonl').map((line) => line.thread_id))
      const golden = linesOf<Row>(one, 'golden.pg.jsonl').filter(({ table }) => table === 'checkpoints')
      expect(threads.size).toBeGreaterThan(1)
      const answered = new Set([...golden.map((row) => row.thread_id), ...refused])
      expect(answered).toEqual(new Set([...threads, ...refused]))
    },
  )
})

describe('loading a fixture', () => {
  it.each(['python/0.5.2-prefixes-ttl', 'python/0.5.2-store-noise', 'plain/c3-dollar', 'pickle/f1-hostile'])(
    'gives %s its keys, types, values and TTLs back',
    async (name) => {
      const { url } = await freshRedis()
      const redis = redisClient(url)
      const lines = linesOf<KeyLine>(fixture(name), 'redis.jsonl')
      expect(await loadCase(fixture(name), url)).toBe(lines.length)
      expect(await redis.dbsize()).toBe(lines.length)
      for (const line of lines) {
        const key = Buffer.from(line.key, 'base64')
        expect(await redis.type(key)).toBe(line.type)
        expect((await redis.pttl(key)) > 0).toBe(line.pttl > 0)
        if (line.type === 'string') expect((await redis.getBuffer(key))?.toString('base64')).toBe(line.value)
        if (line.type === 'ReJSON-RL') expect(await redis.call('JSON.GET', key)).toBe(line.value)
      }
    },
  )
})
