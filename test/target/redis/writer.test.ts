/** The writer's connection to Redis: one, whoever asks for it, and closed in the end. */
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { RedisWriter } from '../../../src/target/redis/writer.js'
import { freshRedis, redisClient } from '../../services/redis.js'

it('opens one connection for batches that begin at the same time, and leaves none open', async () => {
  const { url } = await freshRedis()
  let opened = 0
  const writer = new RedisWriter({
    async open() {
      opened++
      const client = new Redis(url, { protocol: 2, lazyConnect: true })
      await client.connect()
      return client
    },
    failureOf: (error) => {
      throw error
    },
  })
  const keys = [...Array(4).keys()].map((n) => Buffer.from(`key ${n}`))
  const written = await Promise.all(
    keys.map((key) => writer.create([{ type: 'string', key, value: Buffer.from('x') }])),
  )
  expect(written.flat()).toEqual(keys.map(() => 'written'))
  expect(opened).toBe(1)
  await writer.close()
  const look = redisClient(url)
  await expect
    .poll(
      async () =>
        String(await look.client('LIST'))
          .trim()
          .split('\n').length,
    )
    .toBe(1)
})
