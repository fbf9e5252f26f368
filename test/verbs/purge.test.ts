/** A purge deletes only what is verified, unchanged, idle and still in Postgres; everything else stays, with a reason. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { proxyTo } from '../services/proxy.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { type PurgeEnds, purgeEnds } from './purge-setup.js'
import { continueThread } from './tables.js'

let here: PurgeEnds
let thread = ''
let other = ''
let nextThread = 0
beforeAll(async () => {
  here = await purgeEnds()
})
beforeEach(async () => {
  await here.empty()
  thread = `user:${++nextThread}`
  other = `other:${nextThread}`
})

describe('a thread that is verified and unchanged', () => {
  test('is in the plan, which deletes nothing, and goes with --yes, indexes and pointers included', async () => {
    await here.verified(thread, other)
    const before = await here.dumps()
    const plan = await here.purge('', { yes: false })
    expect(plan).toMatchObject({
      exit: 0,
      planOnly: true,
      threads: { purged: 2, left: 0 },
      keys: { deleted: before.size, absent: 0, kept: 0 },
    })
    expect(plan.bytes).toBeGreaterThan(1000)
    expect(await here.dumps()).toEqual(before)
    const rows = await here.both.rows()

    const done = await here.purge()
    expect(done).toMatchObject({
      exit: 0,
      planOnly: false,
      threads: { purged: 2 },
      keys: { deleted: before.size },
      bytes: plan.bytes,
    })
    expect(await here.redis.dbsize()).toBe(0)
    expect(await here.progressOf(thread)).toEqual(['purged'])
    expect(await here.both.rows()).toEqual(rows)
    expect(await here.purge()).toMatchObject({ exit: 0, threads: { selected: 0 }, keys: { deleted: 0 } })
  })

  test('goes although its time to live was refreshed, and although the application went on in Postgres', async () => {
    await here.verified(thread)
    for (const key of await here.keysOf(thread)) await here.redis.pexpire(key, 1_000_000)
    await here.both.put('postgres', thread, { n: 9 })
    expect(await here.purge()).toMatchObject({ exit: 0, threads: { purged: 1, left: 0 } })
    expect(await here.redis.dbsize()).toBe(0)
    expect((await here.both.read('postgres', thread)).length).toBe(4)
  })

  test('is too young by itself: a day has to pass, or as long as --older-than says', async () => {
    await here.verified(thread)
    const young = await here.purge('', { olderThan: '24h' })
    expect(young).toMatchObject({ exit: 0, lefts: { 'too-young': 1 }, keys: { deleted: 0 } })
    expect(await commandLine('purge-redis --yes --quiet', here.both.env)).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/: nothing to purge, 1 thread left alone\n$/),
    })
    expect(await here.purge('', { olderThan: '1ms' })).toMatchObject({ threads: { purged: 1 } })
  })

  test('leaves store items and keys of other applications where they are', async () => {
    const { url } = await freshRedis()
    const database = await freshDatabase()
    await loadCase(fixture('python/0.5.2-store-noise'), url)
    const env = ends(url, database)
    for (const line of ['init', 'migrate', 'verify']) await commandLine(line, env)
    const redis = redisClient(url)
    const isOurs = (key: string) =>
      /^(checkpoint(_write|_latest)?:|write_keys_zset:)[^:]+:(__empty__|[^:]+:)/.test(key)
    const before = (await redis.keys('*')).sort()
    const { exit, out } = await commandLine('purge-redis --yes --older-than 0 --json', env)
    expect(exit).toBe(0)
    const after = (await redis.keys('*')).sort()
    expect(JSON.parse(out).keys.deleted).toBe(before.length - after.length)
    expect(JSON.parse(out).keys.deleted).toBeGreaterThan(50)
    // Another application's document, and a pointer to a checkpoint that never was.
    const kept = ['checkpoint:other:app:doc', 'checkpoint_latest:ghost:__empty__']
    expect(after.filter(isOurs)).toEqual(kept)
    expect(before.filter((key) => !isOurs(key) || kept.includes(key))).toEqual(after)
  })
})

describe('a thread that changed in Redis since it was verified', () => {
  const write = (name: string): Promise<string | undefined> =>
    here.keysOf(name).then((keys) => keys.find((key) => key.startsWith('checkpoint_write:')))

  test.each<[string, string, (name: string) => Promise<unknown>]>([
    ['a new checkpoint', 'in-use', (name) => here.both.put('redis', name, { n: 9 })],
    [
      'a new write',
      'in-use',
      (name) => here.both.writes('redis', name, [['n', 9]], { task: '22222222-2222-2222-2222-222222222222' }),
    ],
    [
      'an overwritten document',
      'changed',
      async (name) => {
        const key = (await here.keysOf(name)).find((found) => found.startsWith('checkpoint:'))
        await here.redis.call('JSON.SET', key!, '$.checkpoint.channel_values.n', '77')
      },
    ],
    [
      'a changed write',
      'changed',
      async (name) => here.redis.call('JSON.SET', (await write(name))!, '$.blob', '"OTk="'),
    ],
    [
      'a key of another TYPE',
      'changed',
      async (name) => {
        const key = (await write(name))!
        await here.redis.del(key)
        await here.redis.set(key, 'x')
      },
    ],
    [
      'a pointer to something else',
      'changed',
      async (name) => here.redis.set(`checkpoint_latest:${name}:__empty__`, 'checkpoint:elsewhere'),
    ],
    [
      'an index that names a key nobody has seen',
      'in-use',
      async (name) => {
        const index = (await here.keysOf(name)).find((key) => key.startsWith('write_keys_zset:'))
        await here.redis.set('unheard-of', '1')
        await here.redis.zadd(index!, 1, 'unheard-of')
      },
    ],
  ])('by %s keeps every one of its keys', async (_, reason, change) => {
    await here.verified(thread, other)
    await change(thread)
    const keys = await here.keysOf(thread)
    const before = await here.dumps()
    const plan = await here.purge('', { yes: false })
    expect(plan).toMatchObject({ exit: 0, threads: { purged: 1, left: 1 }, lefts: { [reason]: 1 } })
    const done = await here.purge()
    expect(done).toMatchObject({ exit: 0, threads: { purged: 1, left: 1 }, lefts: { [reason]: 1 } })
    expect(done.left[0]).toMatchObject({ threadId: thread, reason })
    expect(await here.keysOf(thread)).toEqual(keys)
    expect(await here.keysOf(other)).toEqual([])
    const after = await here.dumps()
    for (const key of keys) expect(after.get(key)).toEqual(before.get(key))
    expect(await here.progressOf(thread)).toEqual(['verified'])
  })

  test('goes once it was migrated and verified again', async () => {
    await here.verified(thread)
    await here.both.put('redis', thread, { n: 9 })
    expect(await here.purge()).toMatchObject({ lefts: { 'in-use': 1 } })
    await here.migrate()
    expect(await here.purge()).toMatchObject({ threads: { purged: 1 } })
    expect(await here.redis.dbsize()).toBe(0)
    expect(await here.progressOf(thread)).toEqual(['purged', 'purged'])
  })
})

describe('a thread that is not proven', () => {
  test('because nobody verified it, or nobody has moved it, stays', async () => {
    await here.thread(thread)
    expect((await here.both.migrate()).exit).toBe(0)
    await here.thread(other)
    const before = await here.dumps()
    expect(await here.purge()).toMatchObject({
      exit: 0,
      lefts: { 'not-verified': 1, 'not-migrated': 1 },
      keys: { deleted: 0 },
    })
    expect(await here.dumps()).toEqual(before)
  })

  test('because its verification never ended stays', async () => {
    await here.verified(thread)
    await here.both.sql('UPDATE cp_migrate.verifications SET finished_at = NULL')
    expect(await here.purge()).toMatchObject({ lefts: { 'not-verified': 1 }, keys: { deleted: 0 } })
    expect(await here.keysOf(thread)).not.toEqual([])
  })

  test('because verify found a difference stays', async () => {
    await here.verified(thread)
    await here.both.sql(`UPDATE checkpoints SET metadata = '{"step": 99}' WHERE thread_id = $1`, [thread])
    expect((await here.both.cli('verify --quiet')).exit).toBe(4)
    expect(await here.purge()).toMatchObject({ lefts: { differs: 1 }, keys: { deleted: 0 } })
  })

  test('because a part of it was rejected stays whole, whatever is verified', async () => {
    const { url } = await freshRedis()
    const database = await freshDatabase()
    await loadCase(fixture('pickle/f1-hostile'), url)
    const env = ends(url, database)
    for (const line of ['init', 'migrate', 'verify']) await commandLine(line, env)
    await sql(database, `UPDATE cp_migrate.threads SET progress = 'verified', verification_id = 1`)
    const redis = redisClient(url)
    const partial = await sql<{ thread_id: string }>(
      database,
      `SELECT thread_id FROM cp_migrate.threads WHERE completeness <> 'whole'`,
    )
    expect(partial.length).toBeGreaterThan(1)
    const { out } = await commandLine('purge-redis --yes --older-than 0 --json --orphans', env)
    const report = JSON.parse(out)
    expect((report.lefts.partial ?? 0) + (report.lefts.rejected ?? 0)).toBeGreaterThan(1)
    const left = await redis.keys('*')
    for (const { thread_id } of partial) expect(left.filter((key) => key.includes(thread_id))).not.toEqual([])
  })
})

describe('rows that are gone from Postgres', () => {
  test.each([
    [
      'a checkpoint',
      'DELETE FROM checkpoints WHERE thread_id = $1 AND checkpoint_id = (SELECT min(checkpoint_id) FROM checkpoints WHERE thread_id = $1)',
    ],
    ['a value', `DELETE FROM checkpoint_blobs WHERE thread_id = $1 AND channel = 'log'`],
    ['a write', 'DELETE FROM checkpoint_writes WHERE thread_id = $1 AND idx = 1'],
    ['all of it', 'DELETE FROM checkpoints WHERE thread_id = $1'],
  ])('%s: the keys stay, and only --include-deleted lists and deletes them', async (_, statement) => {
    await here.verified(thread, other)
    await here.both.sql(statement, [thread])
    expect(await here.purge()).toMatchObject({ lefts: { deleted: 1 }, threads: { purged: 1 } })
    const keys = await here.keysOf(thread)
    expect(keys.length).toBeGreaterThan(5)
    const plan = await here.purge('--include-deleted', { yes: false })
    expect(plan.listed).toEqual([{ threadId: thread, why: 'deleted', keys: keys.length }])
    expect(await here.keysOf(thread)).toEqual(keys)
    expect(await here.purge('--include-deleted')).toMatchObject({ threads: { purged: 1 } })
    expect(await here.redis.dbsize()).toBe(0)
  })

  test('what the application added does not make up for what is missing', async () => {
    await here.verified(thread)
    await here.both.sql(
      `DELETE FROM checkpoint_blobs WHERE thread_id = $1 AND channel = 'log' AND version =
         (SELECT min(version) FROM checkpoint_blobs WHERE thread_id = $1 AND channel = 'log')`,
      [thread],
    )
    await here.both.put('postgres', thread, { log: ['new', 'value'] })
    expect(await here.purge()).toMatchObject({ lefts: { deleted: 1 } })
  })
})

describe('the selection', () => {
  test('takes whole threads, up to so many keys', async () => {
    await here.verified(thread, other)
    const size = (await here.keysOf(thread)).length
    expect(await here.purge(`--max-keys ${size}`)).toMatchObject({
      exit: 0,
      threads: { purged: 1 },
      keys: { deleted: size },
      lefts: { 'max-keys': 1 },
    })
    expect(await here.purge(`--max-keys ${size - 1}`)).toMatchObject({ keys: { deleted: 0 } })
    expect(await here.purge()).toMatchObject({ threads: { purged: 1 } })
  })

  test('leaves threads alone that have a larger value than it may compare, in a plan as in the act', async () => {
    await here.both.put('redis', other, { n: 1, log: ['x'.repeat(300_000)] })
    await here.verified(thread)
    const large = await here.keysOf(other)
    for (const yes of [false, true]) {
      const report = await here.purge('--max-value-bytes 100kB', { yes })
      expect(report).toMatchObject({ exit: 0, threads: { purged: 1, left: 1 }, lefts: { 'large-values': 1 } })
      expect(report.left[0]).toMatchObject({
        threadId: other,
        detail: expect.stringMatching(/^3\d{5} bytes$/),
      })
    }
    expect(await here.keysOf(other)).toEqual(large)
    expect(await here.keysOf(thread)).toEqual([])
    expect(await here.purge('--max-value-bytes 1MB')).toMatchObject({ threads: { purged: 1, left: 0 } })
    expect(await here.keysOf(other)).toEqual([])
  })

  test('by id: what was named and left alone is exit code 3, with --strict everything is', async () => {
    await here.verified(thread, other)
    await here.both.put('redis', other, { n: 9 })
    expect(await here.purge(`--thread ${thread}`)).toMatchObject({ exit: 0, threads: { selected: 1 } })
    const named = await here.purge(`--thread ${other} --thread nobody`)
    expect(named).toMatchObject({ exit: 3, threads: { namedLeft: 1, notFound: ['nobody'] } })
    expect(await here.purge()).toMatchObject({ exit: 0, threads: { left: 1 } })
    expect(await here.purge('--strict')).toMatchObject({ exit: 3 })
    expect(await here.purge(`--match user:*`)).toMatchObject({ exit: 0, threads: { selected: 0 } })
    // What was purged before is neither left alone nor unknown.
    expect(await here.purge(`--thread ${thread}`)).toMatchObject({ exit: 0 })
  })

  test('goes slowly where it is told to', async () => {
    await here.verified(thread, other)
    const size = (await here.keysOf(thread)).length
    const begun = performance.now()
    await here.purge(`--rate ${size}`)
    expect(performance.now() - begun).toBeGreaterThan(950)
  })

  test.each([
    '--older-than soon',
    '--max-keys 0',
    '--max-value-bytes little',
    '--rate -1',
    '--archive /does/not/exist/file',
  ])('%s is refused before anything is deleted', async (flags) => {
    await here.verified(thread)
    const before = await here.dumps()
    const { exit, err } = await here.both.cli(`purge-redis --yes --older-than 0 ${flags}`)
    expect(exit).toBe(flags.startsWith('--archive') ? 1 : 2)
    expect(err).toContain(flags.split(' ')[flags.startsWith('--archive') ? 1 : 0])
    expect(await here.dumps()).toEqual(before)
  })
})

describe('rows that were lost in Postgres and written again', () => {
  test.each([
    ['under checkpoints that stayed', ['checkpoint_blobs', 'checkpoint_writes'], ''],
    ['with their checkpoints', ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'], '--restore-deleted'],
  ])('%s count once: the ledger finds nothing amiss, and their keys may go', async (_, tables, flags) => {
    await here.verified(thread)
    for (const table of tables) await here.both.sql(`DELETE FROM ${table} WHERE thread_id = '${thread}'`)
    expect((await here.both.cli(`migrate --quiet ${flags}`.trim())).exit).toBe(0)
    expect((await here.both.cli('verify --quiet')).exit).toBe(0)
    const byLedger = await here.both.cli('verify --ledger --json')
    expect(byLedger.exit, byLedger.out).toBe(0)
    expect(await here.purge('', { yes: false })).toMatchObject({ threads: { purged: 1, left: 0 } })

    await here.both.sql(
      `DELETE FROM checkpoint_writes WHERE ctid = (SELECT min(ctid) FROM checkpoint_writes WHERE thread_id = '${thread}')`,
    )
    expect((await here.both.cli('verify --ledger --quiet')).exit).toBe(4)
    expect(await here.purge('', { yes: false })).toMatchObject({ threads: { purged: 0, left: 1 } })
  })
})

describe('orphans', () => {
  test('of a purged thread go with --orphans alone, and only if nothing in Postgres needs them', async () => {
    const { url } = await freshRedis()
    const database = await freshDatabase()
    await loadCase(fixture('python/0.5.2-shallow-sync'), url)
    const env = ends(url, database)
    for (const line of ['init', 'migrate', 'verify']) await commandLine(line, env)
    const redis = redisClient(url)
    const before = await redis.dbsize()
    const first = JSON.parse((await commandLine('purge-redis --yes --older-than 0 --json', env)).out)
    expect(first.keys.kept).toBeGreaterThan(50)
    expect(await redis.dbsize()).toBe(before - first.keys.deleted)
    const plan = JSON.parse((await commandLine('purge-redis --older-than 0 --json --orphans', env)).out)
    expect(plan.listed.length).toBeGreaterThan(5)
    expect(new Set(plan.listed.map((listed: { why: string }) => listed.why))).toEqual(new Set(['orphans']))
    expect(await redis.dbsize()).toBe(before - first.keys.deleted)
    const second = JSON.parse(
      (await commandLine('purge-redis --yes --older-than 0 --json --orphans', env)).out,
    )
    expect(second.keys.deleted).toBe(plan.keys.deleted)
    expect(await redis.keys('checkpoint_write:*')).toEqual([])
  })

  test('of which the checkpoint stands in Postgres stay: the write came after the purge', async () => {
    await here.verified(thread)
    const [newest] = await here.both.read('redis', thread)
    await here.purge()
    await here.both.writes('redis', thread, [['n', 9]], {
      id: newest!.id,
      task: '33333333-3333-3333-3333-333333333333',
    })
    const late = (await here.keysOf(thread)).filter((key) => key.includes('33333333-3333'))
    expect(late.length).toBe(1)
    await here.both.migrate()
    await here.both.cli('verify --quiet')
    await here.purge('--orphans')
    const isMoved = await here.both.sql(`SELECT 1 FROM checkpoint_writes WHERE task_id LIKE '33333333%'`)
    if (isMoved.length === 0) expect(await here.redis.exists(late[0]!)).toBe(1)
  })

  test('of a thread that nobody knows any more are listed first, and stay while they are young', async () => {
    await here.verified(thread)
    await here.thread(other)
    await here.redis.del((await here.keysOf(other)).filter((key) => key.startsWith('checkpoint:')))
    const orphans = await here.keysOf(other)
    expect(await here.purge()).toMatchObject({ lefts: { orphans: 1 }, threads: { purged: 1 } })
    expect(await here.purge('--orphans', { olderThan: '1h' })).toMatchObject({ lefts: { 'too-young': 1 } })
    const plan = await here.purge('--orphans', { yes: false })
    expect(plan.listed).toEqual([{ threadId: other, why: 'orphans', keys: orphans.length }])
    expect(await here.keysOf(other)).toEqual(orphans)
    expect(await here.purge('--orphans')).toMatchObject({ keys: { deleted: orphans.length } })
    expect(await here.redis.dbsize()).toBe(0)
  })
})

describe('between servers that are not at their best', () => {
  test('without scripting every value is compared here, with the same end', async () => {
    await here.verified(thread, other)
    await here.both.put('redis', other, { n: 9 })
    await here.redis.call('ACL', 'SETUSER', 'noscript', 'on', '>secret', '~*', '&*', '+@all', '-@scripting')
    const url = here.both.redis.replace('redis://', 'redis://noscript:secret@')
    const line = 'purge-redis --yes --older-than 0 --json'
    const { exit, out, err } = await commandLine(line, { ...here.both.env, REDIS_URL: url })
    expect(exit).toBe(0)
    expect(err).not.toContain('secret')
    expect(JSON.parse(out)).toMatchObject({ compares: 'here', threads: { purged: 1, left: 1 } })
    expect(await here.keysOf(thread)).toEqual([])
    expect(await here.keysOf(other)).not.toEqual([])
  })

  test.each([
    ['with scripts', '+eval', 'on the server'],
    ['without', '+watch +multi +exec +unwatch', 'here'],
  ])('the permissions that docs/cron.md names are enough, %s', async (_, rules, compares) => {
    await here.verified(thread)
    const rights = `+@read +@connection +info +unlink +json.get +json.mget ${rules}`.split(' ')
    await here.redis.call('ACL', 'SETUSER', 'cron', 'reset', 'on', '>secret', '~*', ...rights)
    const archive = join(mkdtempSync(join(tmpdir(), 'cp-migrate-archive-')), 'purged.cpmarc')
    const { exit, out, err } = await commandLine(
      `purge-redis --yes --older-than 0 --json --archive ${archive}`,
      { ...here.both.env, REDIS_URL: here.both.redis.replace('redis://', 'redis://cron:secret@') },
    )
    expect(exit, err).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ compares, threads: { purged: 1 } })
    expect(await here.redis.dbsize()).toBe(0)
  })

  test('a user who may not delete is told what is missing, and nothing is gone', async () => {
    await here.verified(thread)
    const before = await here.dumps()
    await here.redis.call('ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '&*', '+@all', '-unlink')
    const url = here.both.redis.replace('redis://', 'redis://reader:secret@')
    const { exit, err } = await commandLine('purge-redis --yes --older-than 0', {
      ...here.both.env,
      REDIS_URL: url,
    })
    expect(exit).toBe(2)
    expect(err).toContain('UNLINK')
    expect(await here.dumps()).toEqual(before)
    const undone = await commandLine('rollback --yes --json', here.both.env)
    expect(undone.exit, undone.out).toBe(0)
  })

  // What the server says of itself comes first, several kilobytes of it.
  test.each([
    ['toServer', 2500],
    ['toServer', 5000],
    ['toClient', 20_000],
  ] as const)(
    'a wire to Redis that breaks again and again (%s, after %i bytes) is mended',
    async (direction, bytes) => {
      await here.verified(thread, other)
      const keys = await here.redis.dbsize()
      const proxy = await proxyTo(here.both.redis, { cutAfter: { direction, bytes } })
      const timer = setInterval(() => proxy.set({}), 1500)
      const env = { ...here.both.env, REDIS_URL: proxy.url(here.both.redis) }
      const line = 'purge-redis --yes --older-than 0 --json'
      const done = await commandLine(`${line} --source-name ${new URL(here.both.redis).host}/0`, env)
      clearInterval(timer)
      expect(done.exit, done.err).toBe(0)
      expect(proxy.connections()).toBeGreaterThan(2)
      expect(JSON.parse(done.out)).toMatchObject({ threads: { purged: 2 }, keys: { deleted: keys } })
      // Another port is another source, of which nothing is on record.
      await here.thread(thread)
      const unnamed = await commandLine(line, env)
      expect(JSON.parse(unnamed.out)).toMatchObject({ lefts: { 'not-migrated': 1 }, keys: { deleted: 0 } })
      await here.empty()
      expect(await here.redis.dbsize()).toBe(0)
    },
  )

  test('a replica is refused before anything is read', async () => {
    const { url } = await freshRedis()
    await redisClient(url).call('REPLICAOF', '127.0.0.1', new URL(here.both.redis).port)
    const { exit, err } = await commandLine('purge-redis --yes', { ...here.both.env, REDIS_URL: url })
    expect(exit).toBe(1)
    expect(err).toContain('it is a replica')
  })
})

test('a thread that lives on in Postgres alone can be read there after its purge', async () => {
  await here.verified(thread)
  const before = await here.both.read('postgres', thread)
  await here.purge()
  await continueThread(here.both.postgres, thread, '1fffffff-0000-6000-8000-000000000001')
  const after = await here.both.read('postgres', thread)
  expect(after.length).toBe(before.length + 1)
  expect(after.slice(1)).toEqual(before)
})
