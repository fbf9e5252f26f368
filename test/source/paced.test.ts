/** Sources over a real server, in a world where time passes only by resting: how long they rest is what the pace asks for. */

import { beforeAll, expect, test } from 'vitest'
import { Pace, type PaceLimits } from '../../src/source/pace.js'
import { PacedSource } from '../../src/source/paced.js'
import { readStream } from '../../src/source/read-stream.js'
import type { KeyOfType } from '../../src/source/source.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { all, sourceOf } from './open.js'

const KEYS = 600
const VALUE = 'x'.repeat(100)
let url = ''
let keys: KeyOfType[] = []

beforeAll(async () => {
  url = (await freshRedis()).url
  const redis = redisClient(url)
  await redis.mset(Array.from({ length: KEYS }, (_, at) => [`key:${at}`, VALUE]).flat())
  keys = (await all(sourceOf(url).scan())).flat()
})

function paced(limits: PaceLimits, latencyMs = 0) {
  const world = { ms: 0 }
  const pace = new Pace(limits, {
    now: () => world.ms,
    sleep: async (ms) => {
      world.ms += ms
    },
    latencyMs: async () => latencyMs,
  })
  return { source: new PacedSource(sourceOf(url), pace), world }
}

async function* inGroups() {
  yield keys
}

test.each([
  ['in batches', (source: PacedSource) => all(source.readBatches(inGroups(), { batchBytes: 5000 }))],
  ['as a stream', (source: PacedSource) => all(readStream(source, keys, { batchBytes: 5000 }))],
])('a rate in keys and one in bytes are kept %s', async (_, read) => {
  const byKeys = paced({ keysPerSecond: 100 })
  expect((await read(byKeys.source)).flat()).toHaveLength(KEYS)
  expect(byKeys.world.ms).toBeCloseTo((KEYS / 100) * 1000)
  const byBytes = paced({ bytesPerSecond: 10_000 })
  await read(byBytes.source)
  expect(byBytes.world.ms).toBeCloseTo(((KEYS * VALUE.length) / 10_000) * 1000)
})

test('a second question waits until the first is paid for', async () => {
  const { source, world } = paced({ keysPerSecond: 100 })
  await source.read(keys.slice(0, 50))
  expect(world.ms).toBe(0)
  await source.read(keys.slice(0, 50))
  expect(world.ms).toBeCloseTo(500)
})

test('while the server is late there are rests between batches, and between pages of keys', async () => {
  const reading = paced({ maxLatencyMs: 10 }, 50)
  await all(reading.source.readBatches(inGroups(), { batchBytes: 5000 }))
  expect(reading.world.ms).toBeGreaterThan(1000)
  const listing = paced({ maxLatencyMs: 10 }, 50)
  expect((await all(listing.source.scan())).flat()).toHaveLength(KEYS)
  expect(listing.world.ms).toBeGreaterThan(0)
})
