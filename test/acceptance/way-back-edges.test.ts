/** The way back where something is missing or odd, by the command line. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { atEndOfFile } from '../services/each-file.js'
import { officialJavaScript } from '../services/javascript.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine } from './command-line.js'

const ID = '1f000000-0000-6000-8000-000000000001'

async function bothEnds() {
  const [{ url }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  const cli = (line: string) => commandLine([...line.split(' '), '--from', postgresUrl, '--to', url], {})
  return { redis: redisClient(url), redisUrl: url, postgresUrl, cli }
}

describe('a Postgres whose tables are not there', () => {
  test('is named before anything begins, as tables or columns that are missing', async () => {
    const { postgresUrl, cli } = await bothEnds()
    const lacking = async (line: string) => {
      const { exit, err } = await cli(line)
      expect(exit).toBe(2)
      return /it lacks (.*)/.exec(err)?.[1]
    }
    for (const line of ['migrate --dry-run', 'verify'])
      expect(await lacking(line)).toMatch(/table checkpoints\b/)
    const inspected = await commandLine(['inspect', 't', '--in', 'postgres', '--postgres', postgresUrl], {})
    expect(inspected.err).toContain('it lacks table')
    await cli('init')
    await sql(postgresUrl, 'ALTER TABLE checkpoint_writes DROP COLUMN task_path')
    for (const line of ['migrate', 'verify'])
      expect(await lacking(`${line} --dialect python`)).toBe('column checkpoint_writes.task_path')
  })

  test('is not even asked where checkpoints and writes would have one prefix', async () => {
    const { cli } = await bothEnds()
    for (const line of ['init', 'migrate --dry-run']) {
      const { exit, err } = await cli(`${line} --checkpoint-prefix checkpoint_write`)
      expect(err).toContain('both are checkpoint_write')
      expect(exit).toBe(2)
    }
  })

  test('is told from one that holds no thread, and from one of which none is chosen', async () => {
    const { postgresUrl, cli } = await bothEnds()
    await cli('init')
    expect((await cli('migrate')).out).toContain('No thread of this schema is there.')
    await sql(
      postgresUrl,
      `INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint) VALUES ('t', $1, '{"channel_versions":{}}')`,
      [ID],
    )
    expect((await cli('migrate --match u*')).out).toContain('No thread of this schema is selected.')
  })
})

test('a checkpoint in a namespace with colons is compared, also where only its thread is asked for', async () => {
  const { redis, postgresUrl, cli } = await bothEnds()
  await cli('init')
  await sql(
    postgresUrl,
    `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
     SELECT 't', ns, $1, '{"v":4,"id":"${ID}","channel_values":{"x":1},"channel_versions":{"x":"1"},"versions_seen":{}}', '{}'
     FROM unnest(ARRAY['', 'a:b', 'a:b:c']) ns`,
    [ID],
  )
  expect((await cli('migrate')).exit).toBe(0)
  const verify = async () => JSON.parse((await cli('verify --thread t --json')).out)
  expect(await verify()).toMatchObject({ threads: { equal: 1 }, compared: { checkpoints: 3 } })
  await redis.call('JSON.SET', `checkpoint:t:a:b:${ID}`, '$.checkpoint.channel_values.x', '2')
  expect(await verify()).toMatchObject({
    threads: { differs: 1, equal: 0 },
    differences: [{ threadId: 't', checkpointNs: 'a:b', name: 'x' }],
  })
})

test('a checkpoint whose namespace looks like part of the thread id is compared, too', async () => {
  const { redis, postgresUrl, cli } = await bothEnds()
  await cli('init')
  const ns = 'a:b|c:4a0e7cfd-87c3-34fa-9216-152a4c6068ca'
  await sql(
    postgresUrl,
    `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
     SELECT 't', ns, $1, '{"v":4,"id":"${ID}","channel_values":{"x":1},"channel_versions":{"x":"1"},"versions_seen":{}}', '{}'
     FROM unnest(ARRAY['', $2]) ns`,
    [ID, ns],
  )
  expect((await cli('migrate')).exit).toBe(0)
  await redis.call('JSON.SET', `checkpoint:t:${ns}:${ID}`, '$.checkpoint.channel_values.x', '2')
  for (const line of ['verify --json', 'verify --json --thread t', 'verify --json --match t*']) {
    const { exit, out } = await cli(line)
    expect(JSON.parse(out)).toMatchObject({
      threads: { compared: 1, differs: 1, onlyInTarget: 0 },
      differences: [{ threadId: 't', checkpointNs: ns, name: 'x' }],
    })
    expect(exit).toBe(4)
  }
})

test('a verification ends where a key that looks like a checkpoint holds what nobody can read, in both directions', async () => {
  const { redis, redisUrl, postgresUrl, cli } = await bothEnds()
  await cli('init')
  await sql(
    postgresUrl,
    `INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint, metadata)
     VALUES ('t', $1, '{"v":4,"id":"${ID}","channel_values":{},"channel_versions":{},"versions_seen":{}}', '{}')`,
    [ID],
  )
  await redis.set(`checkpoint:t:__empty__:${ID}`, 'hello')
  const back = await cli('verify --json')
  expect(JSON.parse(back.out)).toMatchObject({ stoppedBy: null, threads: { equal: 0, behind: 1 } })
  const there = await commandLine('verify --json', { REDIS_URL: redisUrl, CHECKPOINT_DB_URI: postgresUrl })
  expect(JSON.parse(there.out)).toMatchObject({ stoppedBy: null, threads: { equal: 0 } })
})

describe('a verification of the way back', () => {
  const KEYS = `t:__empty__:${ID}`
  const NEWER = ID.replace(/1$/, '2')

  /** Two checkpoints, of which the older has two writes, as they went to Redis. */
  async function moved() {
    const place = await bothEnds()
    await place.cli('init')
    await sql(
      place.postgresUrl,
      `INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint, metadata)
       SELECT 't', id, jsonb_build_object('id', id) || '{"v":4,"channel_values":{"x":1},"channel_versions":{"x":"1"},"versions_seen":{}}', '{}'
       FROM unnest(ARRAY[$1, $2]) id`,
      [ID, NEWER],
    )
    await sql(
      place.postgresUrl,
      `INSERT INTO checkpoint_writes (thread_id, checkpoint_id, task_id, idx, channel, type, blob)
       SELECT 't', $1, 'task', idx, 'x', 'null', '' FROM unnest(ARRAY[0, 1]) idx`,
      [ID],
    )
    expect((await place.cli('migrate')).exit).toBe(0)
    const verify = async () => {
      const { out, exit } = await place.cli('verify --json')
      const { differences } = JSON.parse(out)
      return { exit, found: differences.map((one: Record<string, unknown>) => one.name ?? one.part) }
    }
    expect(await verify()).toEqual({ exit: 0, found: [] })
    return { ...place, verify }
  }

  test.each([
    ['no pointer', ['DEL', 'checkpoint_latest:t:__empty__'], 'pointer'],
    ['an older one', ['SET', 'checkpoint_latest:t:__empty__', `checkpoint:${KEYS}`], 'pointer'],
    [
      'a list of writes that lacks one',
      ['ZREM', `write_keys_zset:${KEYS}`, `checkpoint_write:${KEYS}:task:1`],
      'registry',
    ],
    ['no such list', ['DEL', `write_keys_zset:${KEYS}`], 'registry'],
    [
      'something else in place of a checkpoint',
      ['JSON.SET', `checkpoint:${KEYS}`, '$', '{"a":1}'],
      'checkpoint',
    ],
  ])(
    "finds %s, and the next run mends it where the key is nobody else's",
    async (_, [name = '', ...args], part) => {
      const { redis, cli, verify } = await moved()
      await redis.call(name, ...args)
      expect(await verify()).toEqual({ exit: 4, found: [part] })
      const isOthers = part === 'checkpoint'
      expect((await cli('migrate')).exit).toBe(isOthers ? 3 : 0)
      expect(await verify()).toEqual(isOthers ? { exit: 4, found: [part] } : { exit: 0, found: [] })
    },
  )

  test.each([
    ['the newest checkpoint is the application going on', NEWER, { exit: 0, ahead: 1, differs: 0 }],
    ['an older one is a difference', ID, { exit: 4, ahead: 0, differs: 1 }],
  ])('a write that Redis alone has under %s', async (_, checkpointId, { exit, ahead, differs }) => {
    const { redis, cli } = await moved()
    const key = `checkpoint_write:t:__empty__:${checkpointId}:later:0`
    const ids = { thread_id: 't', checkpoint_ns: '__empty__', checkpoint_id: checkpointId, task_id: 'later' }
    const write = { ...ids, task_path: '', idx: 0, channel: 'x', type: 'null', blob: '' }
    await redis.call('JSON.SET', key, '$', JSON.stringify(write))
    await redis.zadd(`write_keys_zset:t:__empty__:${checkpointId}`, 9, key)
    await redis.call('JSON.SET', `checkpoint:t:__empty__:${checkpointId}`, '$.has_writes', 'true')
    const report = await cli('verify --json')
    expect(JSON.parse(report.out).threads).toMatchObject({ ahead, differs })
    expect(report.exit).toBe(exit)
  })

  test('finds a write that somebody has changed into what nobody can read', async () => {
    const { redis, cli, verify } = await moved()
    const key = `checkpoint_write:${KEYS}:task:1`
    await redis.call('JSON.SET', key, '$.type', '"msgpack"')
    await redis.call('JSON.SET', key, '$.blob', '"AAAA"')
    expect(await verify()).toEqual({ exit: 4, found: [key] })
    await redis.del(key)
    expect((await cli('migrate')).exit).toBe(0)
    expect(await verify()).toEqual({ exit: 0, found: [] })
  })

  test('says that keys with a time to live have expired in Redis', async () => {
    const { redis, cli } = await moved()
    expect((await cli('migrate --ttl 5')).exit).toBe(0)
    await redis.del(`checkpoint:t:__empty__:${NEWER}`)
    const { out, exit } = await cli('verify')
    expect(exit).toBe(0)
    expect(out).toContain('1 expired in Redis, as written')
    expect(out).not.toContain('expired in Postgres')
  })

  test('finds that a write has not come where something of another type has its name', async () => {
    const { redis, cli, verify } = await moved()
    const key = `checkpoint_write:${KEYS}:task:1`
    await redis.del(key)
    await redis.sadd(key, 'x')
    const { threads } = JSON.parse((await cli('verify --json')).out)
    expect(threads).toMatchObject({ equal: 0, behind: 1 })
    await redis.del(key)
    expect((await cli('migrate')).exit).toBe(0)
    expect(await verify()).toEqual({ exit: 0, found: [] })
  })

  test('finds a checkpoint that hides its writes; after one that found nothing, nothing is to be purged', async () => {
    const { redis, cli, verify } = await moved()
    expect((await cli('status')).out).toMatch(/Next {2}cp-migrate migrate /)
    await redis.call('JSON.SET', `checkpoint:${KEYS}`, '$.has_writes', 'false')
    expect(await verify()).toEqual({ exit: 4, found: ['has_writes'] })
  })
})

test('a rollback over several runs leaves alone a thread that Redis went on with between them', async () => {
  const { redis, postgresUrl, cli } = await bothEnds()
  await cli('init')
  const pointer = 'checkpoint_latest:t:__empty__'
  const id = (n: number) => ID.replace(/1$/, String(n))
  const put = (n: number) =>
    sql(
      postgresUrl,
      `INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint, metadata)
       VALUES ('t', $1, '{"v":4,"id":"${id(n)}","channel_values":{},"channel_versions":{},"versions_seen":{}}', '{}')`,
      [id(n)],
    )
  await put(1)
  await cli('migrate')
  await put(2)
  await redis.set(pointer, `checkpoint:t:__empty__:${id(2)}`)
  await put(3)
  expect((await cli('migrate')).exit).toBe(0)
  const keys = (await redis.keys('*')).sort()
  const rollback = async (line: string) => JSON.parse((await cli(`${line} --yes --json`)).out)
  expect(await rollback('rollback --all')).toMatchObject({
    threads: { removed: 0, refused: 1 },
    refused: [{ threadId: 't', reason: 'continued-in-redis' }],
  })
  expect((await redis.keys('*')).sort()).toEqual(keys)
  expect(await rollback('rollback')).toMatchObject({ threads: { removed: 1, refused: 0 } })
  expect(await redis.get(pointer)).toBe(`checkpoint:t:__empty__:${id(2)}`)
})

interface RedisSaver {
  put(config: object, checkpoint: object, metadata: object, versions: object): Promise<unknown>
  end(): Promise<void>
}

test('a rollback leaves alone a thread that the JavaScript saver went on with, though no pointer tells of it', async () => {
  const { redis, redisUrl, postgresUrl, cli } = await bothEnds()
  await cli('init --dialect js')
  await sql(
    postgresUrl,
    `INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint, metadata)
     SELECT t, $1, '{"v":4,"id":"${ID}","ts":"2026-01-01T00:00:00.000Z","channel_values":{},"channel_versions":{"x":1},"versions_seen":{}}', '{}'
     FROM unnest(ARRAY['went-on', 'stayed']) t`,
    [ID],
  )
  expect(JSON.parse((await cli('migrate --json')).out)).toMatchObject({ dialect: 'js', exitCode: 0 })
  const require = createRequire(join(await officialJavaScript(), 'package.json'))
  const packages: { RedisSaver: { fromUrl(url: string): Promise<RedisSaver> } } =
    require('@langchain/langgraph-checkpoint-redis')
  const saver = await packages.RedisSaver.fromUrl(redisUrl)
  atEndOfFile(() => saver.end())
  const newer = { v: 4, id: ID.replace(/1$/, '2'), ts: new Date().toISOString() }
  await saver.put(
    { configurable: { thread_id: 'went-on', checkpoint_ns: '', checkpoint_id: ID } },
    { ...newer, channel_values: {}, channel_versions: { x: 1 }, versions_seen: {} },
    { source: 'loop', step: 1, parents: {} },
    {},
  )
  expect(JSON.parse((await cli('rollback --yes --json')).out)).toMatchObject({
    threads: { removed: 1, refused: 1 },
    refused: [{ threadId: 'went-on', reason: 'continued-in-redis', detail: newer.id }],
  })
  expect(await redis.exists(`checkpoint:went-on::${ID}`)).toBe(1)
  expect(await redis.exists(`checkpoint:stayed::${ID}`)).toBe(0)
})
