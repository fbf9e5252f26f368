/** Snapshots of every age: what they hold, what of it was alive, and files that are none or not whole. */

import { appendFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/model/failure.js'
import { SnapshotSource } from '../../../src/source/rdb/rdb.js'
import { readStream } from '../../../src/source/read-stream.js'
import type { Source } from '../../../src/source/source.js'
import { raw, ziplist, zipmap } from '../../codec/rdb/encodings.js'
import {
  about,
  database,
  expires,
  functions,
  idle,
  key,
  rdbFile,
  sizes,
  text,
  uncheckedFile,
  used,
} from '../../codec/rdb/file.js'
import { freshRedis, redisClient } from '../../services/redis.js'
import { all, failureOf, sourceOf } from '../open.js'
import { savedBy, snapshotOf, temporaryFolder } from './snapshot.js'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder()
})

let files = 0
async function fileOf(bytes: Buffer): Promise<string> {
  const path = join(folder, `${files++}.rdb`)
  await writeFile(path, bytes)
  return path
}

/** Every key as text with its TYPE, in order. */
const namesIn = async (source: Source) =>
  (await all(source.scan())).flat().map(({ key, type }) => `${type} ${key.toString()}`)

async function readText(source: Source, name: string): Promise<unknown> {
  const [result] = await source.read([{ key: Buffer.from(name), type: 'string' }])
  return result?.state === 'read' && result.value.type === 'string' ? String(result.value.bytes) : result
}

const SAVED = 1_700_000_000
const savedAt = about('ctime', String(SAVED))

describe('what a snapshot holds', () => {
  test('the encodings of Redis 2 to 6 in a file of version 7', async () => {
    const items = [Buffer.from('a'), Buffer.from('7')]
    const path = await fileOf(
      rdbFile(
        7,
        about('redis-ver', '3.2.13'),
        savedAt,
        about('used-mem', '1048576'),
        database(0),
        sizes(4, 0),
        key('list', 14, Buffer.concat([Buffer.of(1), raw(ziplist(items))])),
        key('hash', 13, raw(ziplist(items))),
        key('map', 9, raw(zipmap([[Buffer.from('field'), Buffer.from('value')]], 1))),
        text('text', 'value', idle(3)),
      ),
    )
    const source = snapshotOf(path)
    expect(await namesIn(source)).toEqual(['list list', 'hash hash', 'hash map', 'string text'])
    const values = await source.read([
      { key: Buffer.from('list'), type: 'list' },
      { key: Buffer.from('map'), type: 'hash' },
    ])
    expect(values).toMatchObject([
      { state: 'read', value: { items } },
      { state: 'read', value: { fields: [[Buffer.from('field'), Buffer.from('value')]] } },
    ])
    expect(await source.info()).toMatchObject({
      version: '3.2.13',
      usedMemoryBytes: 1048576,
      snapshot: { savedAtMs: SAVED * 1000 },
    })
  })

  test('keys that had expired when it was saved are left out, those that have since are there', async () => {
    const path = await fileOf(
      rdbFile(
        9,
        savedAt,
        database(0),
        text('over', 'x', expires.atMs(SAVED * 1000 - 1)),
        text('over too', 'x', Buffer.concat([expires.atSecond(SAVED - 5), used(9)])),
        text('then alive', 'x', expires.atMs(SAVED * 1000 + 1)),
        text('alive', 'x', expires.atSecond(SAVED + 100)),
        text('for ever', 'x'),
      ),
    )
    const source = snapshotOf(path, { now: () => SAVED * 1000 + 60_000 })
    expect(await namesIn(source)).toEqual(['string then alive', 'string alive', 'string for ever'])
    const names = ['over', 'then alive', 'alive', 'for ever'].map((name) => Buffer.from(name))
    expect(await source.types(names)).toEqual([null, 'string', 'string', 'string'])
    expect(await source.timesToLive(names)).toEqual([-2, 0, 40_000, -1])
    expect((await source.info()).snapshot).toMatchObject({ expiredBefore: 2, expiredSince: 1 })
    expect((await source.info()).databases).toEqual(new Map([[0, { keys: 3, expiring: 2 }]]))
  })

  test('one logical database at a time, with a look at the others', async () => {
    const path = await fileOf(
      rdbFile(
        11,
        functions('#!lua name=f'),
        database(0),
        text('same name', 'in 0'),
        text('checkpoint:a', ''),
        database(3),
        sizes(2, 0),
        text('same name', 'in 3'),
        text('checkpoint:b', ''),
        database(12),
        text('other', ''),
      ),
    )
    const source = snapshotOf(path, { db: 3 })
    expect(await readText(source, 'same name')).toBe('in 3')
    expect(await readText(source, 'checkpoint:a')).toEqual({ state: 'gone' })
    expect(await source.databasesWith(['checkpoint:'])).toEqual([
      { db: 0, keys: 2, lookedAt: 2, matching: 1 },
    ])
    expect(await readText(snapshotOf(path, { db: 0 }), 'same name')).toBe('in 0')
    expect(await namesIn(snapshotOf(path, { db: 5 }))).toEqual([])
  })

  test('a key asked for as another TYPE, a name that is not there, a pattern', async () => {
    const source = snapshotOf(await fileOf(rdbFile(9, database(0), text('a:1', 'x'), text('b:1', 'y'))))
    expect(await source.read([{ key: Buffer.from('a:1'), type: 'hash' }])).toEqual([
      { state: 'type-changed', type: 'string' },
    ])
    expect(await readText(source, 'a:2')).toEqual({ state: 'gone' })
    expect((await all(source.scan({ match: 'b:*' }))).flat()).toEqual([
      { key: Buffer.from('b:1'), type: 'string' },
    ])
  })

  test('long names, and a value larger than what is read at once', async () => {
    const long = 'n'.repeat(3000)
    const large = 'v'.repeat(3 * 1024 ** 2)
    const path = await fileOf(rdbFile(9, database(0), text(long, large), text('after', 'x')))
    const source = snapshotOf(path)
    expect(await source.types([Buffer.from(long)])).toEqual(['string'])
    expect(await readText(source, long)).toBe(large)
    expect(await readText(source, 'after')).toBe('x')
    const stream = readStream(source, [{ key: Buffer.from(long), type: 'string' }], {
      batchBytes: 1000,
      maxValueBytes: 1024 ** 2,
    })
    expect((await all(stream)).map(({ result }) => result)).toEqual([
      { state: 'too-large', sizeBytes: large.length },
    ])
  })

  test('what a real server saves beside the keys: streams, functions, indexes, evictions, many databases', async () => {
    const { url } = await freshRedis({ args: ['--maxmemory-policy', 'allkeys-lfu'] })
    const redis = redisClient(url)
    await redis.call(
      'FUNCTION',
      'LOAD',
      "#!lua name=mine\nredis.register_function('f', function() return 1 end)",
    )
    await redis.call(
      'FT.CREATE',
      'idx',
      'ON',
      'JSON',
      'PREFIX',
      '1',
      'doc:',
      'SCHEMA',
      '$.a',
      'AS',
      'a',
      'TAG',
    )
    await redis.call('JSON.SET', 'doc:1', '$', '{"a":"b"}')
    await redis.xadd('stream', '*', 'field', 'value')
    await redis.set('text', 'value')
    await redis.select(7)
    await redis.set('elsewhere', 'value', 'EX', 1000)
    const source = snapshotOf(await savedBy(redis, folder))
    expect((await namesIn(source)).sort()).toEqual(['ReJSON-RL doc:1', 'stream stream', 'string text'])
    const results = await source.read([
      { key: Buffer.from('doc:1'), type: 'ReJSON-RL' },
      { key: Buffer.from('stream'), type: 'stream' },
    ])
    expect(results).toMatchObject([
      { state: 'read', value: { text: Buffer.from('{"a":"b"}') } },
      { state: 'type-changed', type: 'stream' },
    ])
    expect((await source.info()).databases).toEqual(
      new Map([
        [0, { keys: 3, expiring: 0 }],
        [7, { keys: 1, expiring: 1 }],
      ]),
    )
  })
})

describe('search indexes', () => {
  test('a snapshot names those that the server names, with their prefixes and fields', async () => {
    const { url } = await freshRedis()
    const redis = redisClient(url)
    const define = (text: string) => redis.call('FT.CREATE', ...(text.split(' ') as [string]))
    await define(
      'mine:cp ON JSON PREFIX 2 mine: other: FILTER @a=="x" LANGUAGE_FIELD lang SCHEMA $.thread_id AS thread_id TAG $.checkpoint_ns AS checkpoint_ns TAG SEPARATOR | CASESENSITIVE $.at AS at NUMERIC SORTABLE $.v AS v VECTOR FLAT 6 TYPE FLOAT32 DIM 3 DISTANCE_METRIC COSINE',
    )
    await define(
      'hashes ON HASH PREFIX 1 h: SCORE 0.5 SCHEMA a TEXT WEIGHT 2 place GEO b TAG JSON NUMERIC HASH TEXT',
    )
    await define('plain ON JSON PREFIX 1 p: SCHEMA $.idx AS idx NUMERIC')
    await redis.call('FT.ALIASADD', 'alias', 'hashes')
    await redis.call('FT.SYNUPDATE', 'hashes', 'group', 'word', 'other')
    const byName = async (source: Source) =>
      [...(await source.searchIndexes())].sort((a, b) => (a.name < b.name ? -1 : 1))
    const live = await byName(sourceOf(url))
    expect(live).toHaveLength(3)
    expect(await byName(snapshotOf(await savedBy(redis, folder, 'indexes.rdb')))).toEqual(live)
  })
})

describe('files that cannot be used', () => {
  const some = [about('redis-ver', '7.4.1'), savedAt, database(0), text('name', 'value '.repeat(40))]

  test('a file cut at any byte is not whole', async () => {
    const whole = rdbFile(11, ...some)
    for (let end = 9; end < whole.length; end += 7) {
      const failure = await failureOf(snapshotOf(await fileOf(whole.subarray(0, end))).info())
      expect(failure, `cut at ${end}`).toMatchObject({ id: 'snapshot-truncated', exit: 1 })
      expect(failure.what).toContain('.rdb is not whole')
    }
  })

  test('a changed byte is told by the checksum, where the server wrote one', async () => {
    const damaged = rdbFile(11, ...some)
    damaged[damaged.length - 30]! ^= 1
    expect(await failureOf(snapshotOf(await fileOf(damaged)).info())).toMatchObject({
      id: 'snapshot-damaged',
      exit: 1,
      what: expect.stringContaining('checksum'),
    })
    expect(await namesIn(snapshotOf(await fileOf(uncheckedFile(11, ...some))))).toEqual(['string name'])
  })

  test('a record of a kind that nobody knows', async () => {
    const path = await fileOf(rdbFile(11, database(0), key('name', 99, raw('x'))))
    expect(await failureOf(snapshotOf(path).info())).toMatchObject({
      id: 'snapshot-damaged',
      what: expect.stringContaining('at byte 11: 99 begins no record'),
    })
  })

  test.each([
    ['an empty file', Buffer.alloc(0), 'it is empty'],
    ['one packed by gzip', gzipSync(rdbFile(11, ...some)), 'gunzip'],
    ['an append-only file', Buffer.from('*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n'), 'append-only'],
    [
      'one that begins with a snapshot',
      Buffer.concat([rdbFile(11, ...some), Buffer.from('*2\r\n')]),
      'append-only',
    ],
    ['a text', Buffer.from('{"checkpoints": []}'), 'does not begin with REDIS'],
    ['a snapshot of Valkey 9', Buffer.from('VALKEY080\xfa'), 'Valkey 9'],
  ])('%s is no snapshot', async (_, bytes, problem) => {
    const failure = await failureOf(snapshotOf(await fileOf(bytes)).info())
    expect(failure).toMatchObject({ id: 'not-a-snapshot', exit: 2, what: expect.stringContaining(problem) })
  })

  test('a version that is not known, and a path where nothing is', async () => {
    expect(await failureOf(snapshotOf(await fileOf(rdbFile(13, ...some))).info())).toMatchObject({
      id: 'snapshot-version',
      exit: 2,
    })
    expect(await failureOf(snapshotOf(join(folder, 'nothing.rdb')).info())).toMatchObject({
      id: 'snapshot-unreadable',
      exit: 2,
      what: expect.stringContaining('there is no such file'),
    })
    expect(await failureOf(snapshotOf(folder).info())).toMatchObject({ id: 'snapshot-unreadable' })
  })

  test('a snapshot of a node of a cluster says so', async () => {
    const slot = Buffer.from([244, 1, 1, 0])
    const source = snapshotOf(await fileOf(rdbFile(12, database(0), slot, text('name', 'x'))))
    expect(await source.info()).toMatchObject({ clusterEnabled: true })
    expect(await readText(source, 'name')).toBe('x')
  })

  test('a large file is left in the middle when the user says stop', async () => {
    const large = Array.from({ length: 5 }, (_, at) => text(`large ${at}`, 'v'.repeat(4 * 1024 ** 2)))
    const path = await fileOf(rdbFile(11, database(0), ...large))
    const stop = new AbortController()
    const source = new SnapshotSource(
      { engine: 'rdb', path, db: 0 },
      { now: Date.now, signal: stop.signal, onKeys: () => stop.abort(new Failure('interrupted')) },
    )
    expect(await failureOf(source.info())).toMatchObject({ id: 'interrupted', exit: 130 })
  })

  test('a file that somebody writes to while it is read', async () => {
    const path = await fileOf(rdbFile(11, ...some))
    const source = snapshotOf(path)
    expect(await namesIn(source)).toEqual(['string name'])
    await appendFile(path, 'x')
    expect(await failureOf(readText(source, 'name'))).toMatchObject({ id: 'snapshot-changed', exit: 1 })
  })
})
