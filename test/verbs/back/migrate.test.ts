/** What a run of the way back writes into Redis, and what it leaves alone; the keys are made by hand. */
import { describe, expect, test } from 'vitest'
import { sql } from '../../services/postgres.js'
import { handMade } from './hand-made.js'

const ID = (n: number) => `1f000000-0000-6000-8000-00000000000${n}`
const DOCUMENT = (n: number) => `checkpoint:t:__empty__:${ID(n)}`
const POINTER = 'checkpoint_latest:t:__empty__'

describe('a run of the way back', () => {
  test('writes every key once; the same again moves nothing', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1), ID(2)], writes: 2 })
    const first = await place.move()
    expect(first.stoppedBy).toBeUndefined()
    expect(first).toMatchObject({
      threads: { selected: 1, whole: 1, new: 1 },
      checkpoints: { inserted: 2 },
      writes: { inserted: 4 },
      findings: [],
    })
    const all = await place.all()
    expect(Object.keys(all)).toHaveLength(2 + 4 + 2 + 1)
    expect(all[POINTER]).toBe(DOCUMENT(2))
    const again = await place.move()
    expect(again).toMatchObject({
      threads: { whole: 1, unchanged: 1, new: 0, changed: 0 },
      checkpoints: { inserted: 0, updated: 0, alreadyThere: 2 },
      writes: { inserted: 0, updated: 0, alreadyThere: 4 },
    })
    expect(await place.all()).toEqual(all)
  })

  test('brings what is new, and writes over what it wrote itself', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1)] })
    await place.move()
    await place.put({ threadId: 't', ids: [ID(1), ID(2)], text: 'b', writes: 1 })
    const report = await place.move()
    expect(report.stoppedBy).toBeUndefined()
    expect(report).toMatchObject({
      threads: { whole: 1, changed: 1 },
      checkpoints: { inserted: 1, updated: 1 },
    })
    const all = await place.all()
    expect(all[DOCUMENT(1)]).toMatchObject({ text: 'b', has_writes: true })
    expect(all[POINTER]).toBe(DOCUMENT(2))
  })

  test('leaves alone what another has written, and does not point at it', async () => {
    const place = await handMade()
    await place.redis.call('JSON.SET', DOCUMENT(2), '$', '{"text":"mine"}')
    await place.put({ threadId: 't', ids: [ID(1), ID(2)], writes: 1 })
    const report = await place.move()
    expect(report).toMatchObject({ threads: { partial: 1 }, checkpoints: { inserted: 1 } })
    expect(report.findings).toMatchObject([
      { reason: 'key-differs', count: 1, samples: [{ checkpointId: ID(2) }] },
    ])
    const all = await place.all()
    expect(all[DOCUMENT(2)]).toEqual({ text: 'mine' })
    expect(all).not.toHaveProperty([POINTER])
    expect(Object.keys(all).filter((key) => key.includes(ID(2)))).toEqual([DOCUMENT(2)])
  })

  test('leaves alone a thread that Redis has gone on with', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1)] })
    await place.redis.set(POINTER, DOCUMENT(5))
    const report = await place.move()
    expect(report).toMatchObject({ threads: { skipped: 1 }, checkpoints: { inserted: 0 } })
    expect(report.findings).toMatchObject([{ reason: 'redis-is-newer', samples: [{ checkpointId: ID(5) }] }])
    expect(Object.keys(await place.all())).toEqual([POINTER])
  })

  test('what was changed since it was written stays changed', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1)] })
    await place.move()
    await place.redis.call('JSON.SET', DOCUMENT(1), '$.text', '"of the app"')
    await place.put({ threadId: 't', ids: [ID(1)], text: 'b' })
    const report = await place.move()
    expect(report.findings).toMatchObject([{ reason: 'key-differs' }])
    expect((await place.all())[DOCUMENT(1)]).toMatchObject({ text: 'of the app' })
  })

  test('what a verification has found different is looked at again', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1), ID(2)] })
    await place.move()
    await place.redis.call('JSON.SET', DOCUMENT(1), '$.text', '"of the app"')
    expect(await place.move()).toMatchObject({ threads: { unchanged: 1 }, findings: [] })
    await sql(place.postgresUrl, `UPDATE cp_migrate.threads SET progress = 'differs'`)
    const report = await place.move()
    expect(report.findings).toMatchObject([{ reason: 'key-differs', samples: [{ checkpointId: ID(1) }] }])
    expect((await place.all())[DOCUMENT(1)]).toMatchObject({ text: 'of the app' })
  })

  test('equal content counts as there, whoever wrote it', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1)] })
    await place.redis.call(
      'JSON.SET',
      DOCUMENT(1),
      '$',
      '{"half": 1.0, "text": "a", "has_writes": false, "thread_id": "t"}',
    )
    expect(await place.move()).toMatchObject({
      threads: { whole: 1 },
      checkpoints: { inserted: 0, alreadyThere: 1 },
    })
  })

  test('gives every key the same time to live', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1)], writes: 1 })
    await place.move({ ttlSeconds: 600 })
    for (const key of await place.redis.keys('*')) {
      expect(await place.redis.ttl(key)).toBeGreaterThan(590)
      expect(await place.redis.ttl(key)).toBeLessThanOrEqual(600)
    }
  })

  test('the last run says how long all of its keys live, whatever earlier ones said', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1)], writes: 1 })
    const lives = async () =>
      Promise.all(
        (await place.redis.keys('*')).map(async (key) => Math.ceil((await place.redis.ttl(key)) / 60)),
      )
    await place.move({ ttlSeconds: 600 })
    await place.move({ ttlSeconds: 1200 })
    expect(await lives()).toEqual([20, 20, 20, 20])
    await place.put({ threadId: 't', ids: [ID(1), ID(2)], text: 'b', writes: 1 })
    await place.move()
    expect(new Set(await lives())).toEqual(new Set([-0]))
    expect(await place.redis.ttl(DOCUMENT(1))).toBe(-1)
  })

  test('a pointer of the application lives as long as the checkpoint that it names now', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1), ID(2)] })
    await place.redis.set(POINTER, DOCUMENT(1), 'EX', 600)
    await place.move()
    expect(await place.redis.get(POINTER)).toBe(DOCUMENT(2))
    expect(await place.redis.ttl(POINTER)).toBe(-1)
  })

  test('a rehearsal writes nothing and tells the same', async () => {
    const place = await handMade()
    await place.put({ threadId: 't', ids: [ID(1)], writes: 1 }, { threadId: 'u', ids: [ID(1)] })
    const report = await place.move({ dryRun: true })
    expect(report).toMatchObject({
      threads: { whole: 2 },
      checkpoints: { inserted: 2 },
      writes: { inserted: 1 },
    })
    expect(report.redisMemory?.needed).toBeGreaterThan(1000)
    expect(await place.all()).toEqual({})
  })
})
