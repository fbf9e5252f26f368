/** Reading a real Redis: every TYPE, exact bytes, keys that change while they are read. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readStream } from '../../src/source/read-stream.js'
import type { RedisSource } from '../../src/source/redis/redis.js'
import type { KeyOfType } from '../../src/source/source.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { all, sourceOf } from './open.js'

const BINARY = Buffer.from([0, 255, 10, 13, 0xc3, 0x28, 36, 0])

let redis: Redis
let source: RedisSource
let url: string
beforeAll(async () => {
  url = (await freshRedis()).url
  redis = redisClient(url)
  source = sourceOf(url)
})
beforeEach(async () => {
  await redis.flushall()
})

const read = async (key: string | Buffer, type: string) =>
  (await source.read([{ key: Buffer.from(key), type }]))[0]

describe('scan', () => {
  it('gives every key with its TYPE, whatever bytes its name holds', async () => {
    await redis.set(BINARY, 'x')
    await redis.set('', 'empty name')
    await redis.hset('hash', 'a', '1')
    await redis.rpush('list', 'a')
    await redis.sadd('set', 'a')
    await redis.zadd('zset', 1, 'a')
    await redis.xadd('stream', '*', 'a', '1')
    await redis.call('JSON.SET', 'document', '$', '{}')
    const keys = (await all(source.scan())).flat()
    expect(new Map(keys.map(({ key, type }) => [key.toString('latin1'), type]))).toEqual(
      new Map([
        [BINARY.toString('latin1'), 'string'],
        ['', 'string'],
        ['hash', 'hash'],
        ['list', 'list'],
        ['set', 'set'],
        ['zset', 'zset'],
        ['stream', 'stream'],
        ['document', 'ReJSON-RL'],
      ]),
    )
  })

  it('gives all of many keys, page by page, while others come and go', async () => {
    const write = redis.pipeline()
    for (let at = 0; at < 30_000; at++) write.set(`key:${at}`, at)
    await write.exec()
    const seen = new Set<string>()
    let pages = 0
    for await (const page of source.scan()) {
      pages++
      for (const { key } of page) seen.add(key.toString())
      await redis.set(`later:${pages}`, 'x')
      await redis.del(`later:${pages - 1}`)
    }
    expect(pages).toBeGreaterThan(3)
    expect([...seen].filter((key) => key.startsWith('key:'))).toHaveLength(30_000)
  })

  it('gives only keys that match, where a pattern is given', async () => {
    await redis.mset('checkpoint:a', 1, 'other:a', 1, 'checkpoint:b', 1)
    const keys = (await all(source.scan({ match: 'checkpoint:*' }))).flat()
    expect(keys.map(({ key }) => key.toString()).sort()).toEqual(['checkpoint:a', 'checkpoint:b'])
  })

  it('reads the logical database that the URL names, and no other', async () => {
    await redis.set('in zero', 'x')
    const client = redisClient(url)
    await client.select(3)
    await client.set('in three', 'y')
    const third = sourceOf(url.replace(/0$/, '3'))
    expect((await all(third.scan())).flat().map(({ key }) => key.toString())).toEqual(['in three'])
    expect(third.describe()).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\/3$/)
  })
})

describe('read', () => {
  it('gives strings and documents as their exact bytes, in the order they were asked for', async () => {
    const text = '{"one":1,"float":1.0,"big":18446744073709551615,"exp":1e21,"nul":"\\u0000","é":"😀"}'
    await redis.set(BINARY, BINARY)
    await redis.call('JSON.SET', 'document', '$', text)
    await redis.set('empty', '')
    const asked: KeyOfType[] = [
      { key: Buffer.from('document'), type: 'ReJSON-RL' },
      { key: BINARY, type: 'string' },
      { key: Buffer.from('empty'), type: 'string' },
    ]
    const [document, binary, empty] = await source.read(asked)
    expect(document).toEqual({
      state: 'read',
      value: { type: 'ReJSON-RL', text: Buffer.from(text) },
      pttlMs: -1,
      sizeBytes: Buffer.byteLength(text),
    })
    expect(binary).toMatchObject({ value: { type: 'string', bytes: BINARY }, sizeBytes: BINARY.length })
    expect(empty).toMatchObject({ value: { type: 'string', bytes: Buffer.alloc(0) }, sizeBytes: 0 })
  })

  it('prints a document as JSON.GET without a path does, which is what its digest is taken of', async () => {
    const documents = [
      '{"a":{".b":1,"$":[1.5e-7,-0.0,[],{}]},"c":"\\u2028\\u007f\\/\\ud83d\\ude00"}',
      '[1,1.0,123456789012345680000000,9223372036854775808]',
      '"text"',
      'null',
      '1.0',
    ]
    for (const [at, text] of documents.entries()) await redis.call('JSON.SET', `document:${at}`, '$', text)
    const keys = documents.map((_, at) => Buffer.from(`document:${at}`))
    const results = await source.read(keys.map((key) => ({ key, type: 'ReJSON-RL' })))
    for (const [at, key] of keys.entries()) {
      expect(results[at]).toMatchObject({ value: { text: await redis.callBuffer('JSON.GET', [key]) } })
    }
  })

  it('gives hashes and sets sorted by their bytes, lists and sorted sets in their own order', async () => {
    await redis.hset('hash', BINARY, 'last', 'b', BINARY, 'a', '')
    await redis.rpush('list', 'b', BINARY, 'a')
    await redis.sadd('set', 'b', 'a', Buffer.from([200]))
    await redis.zadd('zset', 2.5, 'b', '-inf', 'a', 'inf', BINARY)
    expect(await read('hash', 'hash')).toMatchObject({
      value: {
        type: 'hash',
        fields: [
          [BINARY, Buffer.from('last')],
          [Buffer.from('a'), Buffer.from('')],
          [Buffer.from('b'), BINARY],
        ],
      },
      sizeBytes: BINARY.length * 2 + 6,
    })
    expect(await read('list', 'list')).toMatchObject({
      value: { items: [Buffer.from('b'), BINARY, Buffer.from('a')] },
    })
    expect(await read('set', 'set')).toMatchObject({
      value: { members: [Buffer.from('a'), Buffer.from('b'), Buffer.from([200])] },
    })
    expect(await read('zset', 'zset')).toMatchObject({
      value: {
        members: [
          [Buffer.from('a'), -Infinity],
          [Buffer.from('b'), 2.5],
          [BINARY, Infinity],
        ],
      },
    })
  })

  it('says how long a key has left to live', async () => {
    await redis.set('short', 'x', 'PX', 60_000)
    await redis.call('JSON.SET', 'long', '$', '1')
    await redis.pexpire('long', 3_600_000)
    const [short, long] = [await read('short', 'string'), await read('long', 'ReJSON-RL')]
    expect(short?.state === 'read' && short.pttlMs).toBeGreaterThan(30_000)
    expect(short?.state === 'read' && short.pttlMs).toBeLessThanOrEqual(60_000)
    expect(long?.state === 'read' && long.pttlMs).toBeGreaterThan(3_000_000)
  })

  it('tells a key that is gone from one that has another TYPE now, amid keys that are as they were', async () => {
    await redis.set('string', 'still')
    await redis.call('JSON.SET', 'document', '$', '1')
    await redis.hset('was a string', 'a', '1')
    await redis.set('was a document', 'x')
    await redis.set('was a hash', 'x')
    await redis.call('JSON.SET', 'was a list', '$', '1')
    const results = await source.read(
      [
        ['string', 'string'],
        ['gone', 'string'],
        ['was a string', 'string'],
        ['document', 'ReJSON-RL'],
        ['gone', 'ReJSON-RL'],
        ['was a document', 'ReJSON-RL'],
        ['was a hash', 'hash'],
        ['gone', 'hash'],
        ['was a list', 'list'],
        ['gone', 'zset'],
      ].map(([key, type]) => ({ key: Buffer.from(key!), type: type! })),
    )
    expect(results.map((result) => (result.state === 'type-changed' ? result.type : result.state))).toEqual([
      'read',
      'gone',
      'hash',
      'read',
      'gone',
      'string',
      'string',
      'gone',
      'ReJSON-RL',
      'gone',
    ])
  })

  it('reads a value of 100 MB', async () => {
    const large = Buffer.alloc(100 * 1024 ** 2, 'abcdefg')
    await redis.set('large', large)
    const result = await read('large', 'string')
    expect(
      result?.state === 'read' && result.value.type === 'string' && result.value.bytes.equals(large),
    ).toBe(true)
  })
})

describe('readStream', () => {
  it('reads everything in order, large values among small ones', async () => {
    const sizes = [10, 2_000_000, 50, ...Array.from({ length: 500 }, (_, at) => at * 40), 3_000_000]
    for (const [at, size] of sizes.entries()) {
      if (at % 2) await redis.set(`key:${at}`, Buffer.alloc(size, 'x'))
      else await redis.call('JSON.SET', `key:${at}`, '$', JSON.stringify('y'.repeat(size)))
    }
    const requests = sizes.map((_, at) => ({
      key: Buffer.from(`key:${at}`),
      type: at % 2 ? 'string' : 'ReJSON-RL',
      at,
    }))
    const got = await all(readStream(source, requests, { batchBytes: 200_000 }))
    expect(got.map(({ request }) => request.at)).toEqual(sizes.map((_, at) => at))
    expect(got.map(({ result }) => (result.state === 'read' ? result.sizeBytes : result.state))).toEqual(
      sizes.map((size, at) => (at % 2 ? size : size + 2)),
    )
  })

  it('leaves values over the limit unread, and says how large they are', async () => {
    await redis.set('small', 'x')
    await redis.set('large', Buffer.alloc(5000))
    const keys = ['large', 'small', 'large'].map((key) => ({ key: Buffer.from(key), type: 'string' }))
    const got = await all(readStream(source, keys, { batchBytes: 10_000, maxValueBytes: 4000 }))
    expect(got.map(({ result }) => result.state)).toEqual(['too-large', 'read', 'too-large'])
    expect(got[0]?.result).toMatchObject({ sizeBytes: 5000 })
  })

  it('can be left in the middle and the source still be used', async () => {
    for (let at = 0; at < 1000; at++) await redis.set(`key:${at}`, 'x'.repeat(1000))
    const requests = Array.from({ length: 1000 }, (_, at) => ({
      key: Buffer.from(`key:${at}`),
      type: 'string',
    }))
    for await (const { request } of readStream(source, requests, { batchBytes: 20_000 })) {
      if (request.key.toString() === 'key:100') break
    }
    expect(await source.types([Buffer.from('key:1'), Buffer.from('none')])).toEqual(['string', null])
  })
})

describe('what the server says of itself', () => {
  it('tells version, modules, memory, role and keys of each logical database', async () => {
    await redis.set('a', 1)
    await redis.set('b', 1, 'EX', 1000)
    await redis.call('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const info = await source.info()
    expect(info).toMatchObject({
      kind: 'redis',
      version: expect.stringMatching(/^7\.4\.\d+$/),
      maxMemoryPolicy: 'allkeys-lru',
      role: 'master',
      clusterEnabled: false,
      loading: false,
      appendOnly: false,
    })
    expect(info.modules).toContainEqual({ name: 'ReJSON', version: expect.stringMatching(/^2\.\d+\.\d+$/) })
    expect(info.modules.map(({ name }) => name)).toContain('search')
    expect(info.usedMemoryBytes).toBeGreaterThan(500_000)
    expect(info.databases).toEqual(new Map([[0, { keys: 2, expiring: 1 }]]))
  })

  it('tells the prefixes and fields of search indexes', async () => {
    await redis.call(
      'FT.CREATE',
      'mine',
      'ON',
      'JSON',
      'PREFIX',
      '2',
      'mine:',
      'mine_too:',
      'SCHEMA',
      '$.thread_id',
      'AS',
      'thread_id',
      'TAG',
      '$.step',
      'AS',
      'step',
      'NUMERIC',
    )
    await redis.call('FT.CREATE', 'hashes', 'ON', 'HASH', 'PREFIX', '1', 'h:', 'SCHEMA', 'a', 'TEXT')
    expect(await source.searchIndexes()).toEqual([
      { name: 'hashes', keyType: 'HASH', prefixes: ['h:'], fields: ['a'] },
      { name: 'mine', keyType: 'JSON', prefixes: ['mine:', 'mine_too:'], fields: ['thread_id', 'step'] },
    ])
  })

  it('finds the other logical databases that hold checkpoints', async () => {
    const client = redisClient(url)
    await client.select(2)
    await client.mset('checkpoint:a', 1, 'checkpoint_write:a', 1, 'other', 1)
    await client.select(5)
    await client.set('other', 1)
    await client.select(0)
    await client.set('checkpoint:own', 1)
    expect(await source.databasesWith(['checkpoint', 'mine'])).toEqual([
      { db: 2, keys: 3, lookedAt: 3, matching: 2 },
    ])
    expect(await source.types([Buffer.from('checkpoint:own')])).toEqual(['string'])
  })
})

describe('on a server without modules', () => {
  it('reads strings, and has no search indexes', async () => {
    const plain = await freshRedis({ modules: false })
    await redisClient(plain.url).set('a', '1')
    const own = sourceOf(plain.url)
    expect(await own.searchIndexes()).toEqual([])
    expect((await own.info()).modules).toEqual([])
    expect(await own.read([{ key: Buffer.from('a'), type: 'string' }])).toMatchObject([{ state: 'read' }])
  })
})

describe('a source that was closed', () => {
  it('is not opened again', async () => {
    const own = sourceOf(url)
    await own.info()
    await own.close()
    await expect(own.types([Buffer.from('a')])).rejects.toThrow('the source is closed')
    await expect(own.info()).rejects.toThrow('the source is closed')
  })
})

describe('leaving no trace', () => {
  it('sends nothing but reading commands', async () => {
    await redis.set('string', 'x', 'EX', 1000)
    await redis.call('JSON.SET', 'document', '$', '{}')
    await redis.hset('hash', 'a', '1')
    await redis.rpush('list', 'a')
    await redis.sadd('set', 'a')
    await redis.zadd('zset', 1, 'a')
    await redis.select(4)
    await redis.set('checkpoint:x', 1)
    await redis.select(0)
    await redis.config('RESETSTAT')
    const own = sourceOf(url)
    const keys = (await all(own.scan())).flat()
    await all(readStream(own, [...keys, { key: Buffer.from('gone'), type: 'hash' }], { batchBytes: 1000 }))
    await own.searchIndexes()
    await own.databasesWith(['checkpoint'])
    await own.close()
    const sent = (await redis.info('commandstats')).toLowerCase().match(/(?<=^cmdstat_)[^:]+/gm) ?? []
    const readers = [
      'scan',
      'type',
      'mget',
      'json.mget',
      'hgetall',
      'lrange',
      'smembers',
      'zrange',
      'pttl',
      'strlen',
      'memory|usage',
      'eval_ro',
    ]
    const others = ['info', 'select', 'client|setname', 'client|no-touch', 'ft._list', 'ft.info']
    const allowed = new Set([...readers, ...others, 'config|resetstat', 'json.get', 'get'])
    expect(sent.filter((command) => !allowed.has(command))).toEqual([])
    expect(sent).toEqual(expect.arrayContaining(readers))
  })

  it('does not make keys look used, and says who is connected', async () => {
    await source.info()
    const ours = String(await redis.client('LIST'))
      .split('\n')
      .filter((line) => line.includes('name=cp-migrate '))
    expect(ours.length).toBeGreaterThan(0)
    for (const line of ours) expect(line).toMatch(/flags=T/)
  })

  it('leaves the time a key has left to live', async () => {
    await redis.set('short', 'x', 'PX', 100_000)
    const before = await redis.call('PEXPIRETIME', 'short')
    await sleep(5)
    await read('short', 'string')
    expect(await redis.call('PEXPIRETIME', 'short')).toBe(before)
  })
})
