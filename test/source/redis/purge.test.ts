/** A key goes only where it holds what it should: compared by a script on the server or under WATCH, both see the same bytes. */
import type { Redis } from 'ioredis'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseRedisUrl } from '../../../src/commands/endpoint-url.js'
import { indexDigest, sourceDigest } from '../../../src/pipeline/source-digest.js'
import type { KeyToPurge } from '../../../src/source/purge.js'
import { RedisPurger } from '../../../src/source/redis/purge.js'
import { RedisSource } from '../../../src/source/redis/redis.js'
import { RedisRestorer } from '../../../src/source/redis/restore.js'
import { atEndOfFile } from '../../services/each-file.js'
import { freshRedis, redisClient } from '../../services/redis.js'

let url = ''
let noScriptsUrl = ''
let redis: Redis
beforeAll(async () => {
  url = (await freshRedis()).url
  redis = redisClient(url)
  await redis.call('ACL', 'SETUSER', 'careful', 'on', '>secret', '~*', '+@all', '-@scripting')
  noScriptsUrl = url.replace('redis://', 'redis://careful:secret@')
})
beforeEach(async () => {
  await redis.flushall()
})

const digests = { content: sourceDigest, index: indexDigest }
const ends: { close(): Promise<void> }[] = []
atEndOfFile(async () => {
  for (const end of ends) await end.close()
})

function purgerOf(at: string): RedisPurger {
  const purger = new RedisPurger(parseRedisUrl(at), digests)
  ends.push(purger)
  return purger
}

/** Keys as they are now, known by what a reader sees of them. */
async function known(
  names: readonly (string | Buffer)[],
  use: KeyToPurge['use'] = 'content',
): Promise<KeyToPurge[]> {
  const source = new RedisSource(parseRedisUrl(url))
  ends.push(source)
  const keys = names.map((name) => Buffer.from(name))
  const types = await source.types(keys)
  const requests = keys.map((key, at) => ({ key, type: types[at] ?? 'none' }))
  const results = await source.read(requests)
  const sizes = await purgerOf(url).sizes(requests)
  return requests.map((request, at) => {
    const result = results[at]
    const digest = result?.state === 'read' ? digests[use](result.value) : Buffer.alloc(12)
    return { ...request, use, digest, bytes: sizes[at] ?? null }
  })
}

const WAYS = [
  ['by a script', () => purgerOf(url), 'on the server'],
  ['under WATCH', () => purgerOf(noScriptsUrl), 'here'],
] as const

const binary = Buffer.from([0, 255, 10, 58, 128])

/** One value of each TYPE, with everything that could be seen in two ways. */
async function fill(): Promise<string[]> {
  await redis.set('string', binary)
  await redis.set('empty', '')
  await redis.call(
    'JSON.SET',
    'document',
    '$',
    '{"a": [1.0, 1, 1e300, 0.1], "ü\\u0000": "\\ud83d\\ude00", "n": null, "b": {}}',
  )
  const fields = Object.fromEntries(
    Array.from({ length: 300 }, (_, at) => [`f${at}`, `${at}`.repeat(at % 7)]),
  )
  await redis.hset('hash', {
    ...fields,
    Z: 'upper',
    a: 'lower',
    é: 'accent',
    'e\u0301': 'composed',
    '': 'none',
  })
  await redis.hset('bytes', binary, binary)
  await redis.rpush('list', 'b', binary, 'a', '')
  await redis.sadd('set', 'b', 'B', 'a', 'é', binary, '10', '9')
  return ['string', 'empty', 'document', 'hash', 'bytes', 'list', 'set']
}

describe.each(WAYS)('compared %s', (_, open, compares) => {
  test('a value of every TYPE that is as it was read goes', async () => {
    const names = await fill()
    const keys = await known(names)
    const purger = open()
    expect(await purger.examine(keys)).toEqual({ absent: 0, changed: [] })
    expect(await redis.dbsize()).toBe(names.length)
    expect(await purger.purge(keys)).toEqual({ state: 'deleted', deleted: names.length, absent: 0, kept: 0 })
    expect(await redis.dbsize()).toBe(0)
    expect(purger.compares).toBe(compares)
  })

  test.each([
    ['string', () => redis.append('string', 'x')],
    ['empty', () => redis.set('empty', ' ')],
    ['document', () => redis.call('JSON.SET', 'document', '$.a[0]', '1')],
    ['hash', () => redis.hset('hash', 'f7', 'other')],
    ['bytes', () => redis.hset('bytes', binary, 'x')],
    ['list', () => redis.rpush('list', '')],
    ['set', () => redis.sadd('set', '11')],
    ['list', () => redis.multi().del('list').set('list', 'a string now').exec()],
  ])('one %s that changed keeps all of them', async (name, change) => {
    const names = await fill()
    const keys = await known(names)
    await change()
    const purger = open()
    expect((await purger.examine(keys)).changed.map(String)).toEqual([name])
    const purged = await purger.purge(keys)
    expect(purged).toMatchObject({ state: 'changed' })
    expect(await redis.dbsize()).toBe(names.length)
  })

  test('keys that are gone are no change; a refreshed TTL is none either', async () => {
    const keys = await known(await fill())
    await redis.del('list', 'set')
    await redis.pexpire('string', 100_000)
    expect(await open().purge(keys)).toEqual({ state: 'deleted', deleted: 5, absent: 2, kept: 0 })
  })

  test('an index goes after what it names; one that names a key which stays is kept', async () => {
    await redis.mset({ 'write:1': 'a', 'write:2': 'b', 'write:3': 'c' })
    await redis.zadd('index', 0.1, 'write:1', 1e-7, 'write:2', 1732150000.123456, 'gone')
    await redis.zadd('shared', 1, 'write:1', 2, 'write:3')
    await redis.set('pointer', 'write:2')
    const content = await known(['write:1', 'write:2'])
    const indexes = await known(['index', 'shared', 'pointer'], 'index')
    expect(await open().purge([...content, ...indexes])).toEqual({
      state: 'deleted',
      deleted: 4,
      absent: 0,
      kept: 1,
    })
    expect((await redis.keys('*')).sort()).toEqual(['shared', 'write:3'])
  })

  test('an index that got a new name keeps everything', async () => {
    await redis.set('write:1', 'a')
    await redis.zadd('index', 1, 'write:1')
    const keys = [...(await known(['write:1'])), ...(await known(['index'], 'index'))]
    await redis.zadd('index', 2, 'write:2')
    expect(await open().purge(keys)).toEqual({ state: 'changed', changed: [Buffer.from('index')] })
    expect(await redis.dbsize()).toBe(2)
  })

  test('dumps bring every key back, with its time to live', async () => {
    const names = await fill()
    await redis.pexpire('hash', 500_000)
    const keys = await known(names)
    const purger = open()
    const dumps = await purger.dump(keys)
    expect(dumps?.map(({ key }) => String(key)).sort()).toEqual([...names].sort())
    expect(dumps?.find(({ key }) => String(key) === 'string')?.pttlMs).toBe(-1)
    await purger.purge(keys)
    const restorer = new RedisRestorer(parseRedisUrl(url))
    ends.push(restorer)
    expect(new Set(await restorer.restore(dumps!))).toEqual(new Set(['restored']))
    expect(await purger.examine(keys)).toEqual({ absent: 0, changed: [] })
    expect(await redis.pttl('hash')).toBeGreaterThan(400_000)
    expect(await redis.pttl('string')).toBe(-1)
    await redis.set('string', 'newer')
    expect(new Set(await restorer.restore(dumps!))).toEqual(new Set(['exists']))
    expect(await redis.get('string')).toBe('newer')
    expect(await purger.dump(keys)).toBeNull()
  })
})

describe('values that are too large for a script', () => {
  test('are compared here, and go as one with the others of their thread', async () => {
    await redis.set('large', Buffer.alloc(3_000_000, 'x'))
    await redis.call('JSON.SET', 'document', '$', JSON.stringify({ text: 'y'.repeat(2_000_000) }))
    await redis.set('small', 'z')
    const keys = await known(['large', 'document', 'small'])
    await redis.setrange('large', 2_999_999, 'y')
    expect(await purgerOf(url).purge(keys)).toMatchObject({ state: 'changed' })
    expect(await redis.dbsize()).toBe(3)
    await redis.setrange('large', 2_999_999, 'x')
    expect(await purgerOf(url).purge(keys)).toMatchObject({ state: 'deleted', deleted: 3 })
  })

  test('stay when somebody writes between the look and the deletion', async () => {
    await redis.set('large', Buffer.alloc(3_000_000, 'x'))
    const keys = await known(['large'])
    const purger = purgerOf(url)
    const writer = redisClient(url)
    let isOver = false
    const writing = (async () => {
      while (!isOver) await writer.pexpire('large', 100_000)
    })()
    expect(await purger.purge(keys)).toEqual({ state: 'busy' })
    isOver = true
    await writing
    expect(await redis.exists('large')).toBe(1)
    expect(await purger.purge(keys)).toMatchObject({ state: 'deleted', deleted: 1 })
  })
})

describe('a server that takes no deletions', () => {
  test('is named with the reason, and what the user may not do with the right that is missing', async () => {
    await redis.set('a', '1')
    const keys = await known(['a'])
    await redis.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+@all', '-unlink')
    const reader = purgerOf(url.replace('redis://', 'redis://reader:secret@'))
    await expect(reader.purge(keys)).rejects.toMatchObject({
      id: 'redis-command-denied',
      facts: { rule: '+unlink' },
    })
    const other = await freshRedis()
    // A replica of nobody keeps what it has, and takes no changes.
    await redisClient(other.url).multi().set('a', '1').call('REPLICAOF', '127.0.0.1', '1').exec()
    await expect(purgerOf(other.url).purge(keys)).rejects.toMatchObject({ id: 'redis-keeps-keys' })
    expect(await redis.exists('a')).toBe(1)
  })
})
