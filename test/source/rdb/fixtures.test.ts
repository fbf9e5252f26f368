/** Snapshots of real databases: the source over the file says what the source over the server says, key by key. */

import { beforeAll, describe, expect, test } from 'vitest'
import type { RedisServer } from '../../../scripts/services/redis.mjs'
import { sourceDigest } from '../../../src/pipeline/source-digest.js'
import { readStream } from '../../../src/source/read-stream.js'
import type { Source } from '../../../src/source/source.js'
import { fixtures } from '../../corpus/cases.js'
import { loadCase } from '../../corpus/load.js'
import { freshRedis, redisClient } from '../../services/redis.js'
import { all, sourceOf } from '../open.js'
import { savedBy, snapshotOf, temporaryFolder } from './snapshot.js'

let server: RedisServer
let folder: string

beforeAll(async () => {
  server = await freshRedis()
  folder = await temporaryFolder()
})

/** Every key with its TYPE and a digest of its value as the ledger keeps it. */
async function contentOf(source: Source) {
  const keys = (await all(source.scan())).flat()
  const content = new Map<string, unknown>()
  for await (const { request, result } of readStream(source, keys, { batchBytes: 1 << 20 })) {
    const { key, type } = request
    const value = result.state === 'read' && [sourceDigest(result.value).toString('hex'), result.sizeBytes]
    content.set(key.toString('latin1'), { type, state: result.state, value })
  }
  return content
}

describe.each(fixtures())('$name', (from) => {
  test('a snapshot holds what the server that saved it holds', async () => {
    const redis = redisClient(server.url)
    await redis.flushall()
    const loaded = await loadCase(from, server.url)
    const path = await savedBy(redis, folder, `${from.name.replace('/', '-')}.rdb`)
    const snapshot = snapshotOf(path, { now: () => 0 })
    const live = sourceOf(server.url)
    const [saved, there] = [await contentOf(snapshot), await contentOf(live)]
    expect(saved.size).toBe(loaded)
    expect(saved).toEqual(there)
    const keys = [...saved.keys()].map((key) => Buffer.from(key, 'latin1'))
    const expiries = redis.pipeline()
    for (const key of keys) expiries.pexpiretime(key)
    const moments = ((await expiries.exec()) ?? []).map(([, moment]) => moment)
    // At the beginning of 1970 the time to live is the moment of expiry.
    expect(await snapshot.timesToLive(keys)).toEqual(moments)
    expect(await snapshot.info()).toMatchObject({
      kind: 'redis',
      version: '7.4.1',
      clusterEnabled: false,
      databases: (await live.info()).databases,
      snapshot: { expiredBefore: 0, expiredSince: 0 },
    })
  })
})
