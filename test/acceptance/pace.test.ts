/** A run that was asked to be kind is: the server sees no more in a second than it was told, and the same rows arrive. */
import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

test('a rate is kept by a migration and a verification', async () => {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await loadCase(fixture('python/0.2.1-full'), redisUrl)
  const redis = new Redis(redisUrl, { protocol: 2 })
  const keys = await redis.dbsize()
  redis.disconnect()
  const env = ends(redisUrl, postgresUrl)
  await commandLine('init', env)
  for (const command of ['migrate', 'verify']) {
    // At least a fifth of the keys hold what is read.
    const leastSeconds = 0.6
    const began = performance.now()
    const { exit, err } = await commandLine(
      `${command} --rate ${Math.floor(keys / 3)} --redis-max-latency 5s`,
      env,
    )
    expect(exit, err).toBeLessThan(4)
    expect((performance.now() - began) / 1000).toBeGreaterThan(leastSeconds)
  }
  const [{ count } = { count: 0 }] = await sql(postgresUrl, 'SELECT count(*)::int FROM checkpoints')
  expect(count).toBeGreaterThan(10)
})

test('a rate that is none is refused with one sentence', async () => {
  const { exit, err } = await commandLine(
    'migrate --rate quick',
    ends('redis://127.0.0.1:1/0', 'postgres://127.0.0.1:1/x'),
  )
  expect(exit).toBe(2)
  expect(err).toContain('"quick" is no rate: 2000 is keys a second, 20MB is bytes a second')
})
