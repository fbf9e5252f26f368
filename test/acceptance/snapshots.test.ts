/** Snapshots of real databases: what is moved from the file is what is moved from the server that saved it. */
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RedisServer } from '../../scripts/services/redis.mjs'
import { type Case, fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { savedBy, temporaryFolder } from '../source/rdb/snapshot.js'
import { freshEnds } from '../verbs/migrate-setup.js'
import { commandLine, ends } from './command-line.js'

let server: RedisServer
let folder: string

beforeAll(async () => {
  server = await freshRedis({ args: ['--enable-debug-command', 'yes'] })
  folder = await temporaryFolder()
})

/** Loads the case into the emptied server; the URL of a snapshot of it. */
async function snapshotOf(from: Case): Promise<string> {
  const redis = redisClient(server.url)
  await redis.flushall()
  await loadCase(from, server.url)
  return `file:${await savedBy(redis, folder, `${from.name.replace('/', '-')}.rdb`)}`
}

/** Every row of the saver's tables as text, sorted. */
async function rowsOf(postgres: string): Promise<string[]> {
  const tables = await Promise.all(
    ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'].map((table) =>
      sql<{ row: string }>(postgres, `SELECT '${table} ' || t::text AS row FROM ${table} t ORDER BY 1`),
    ),
  )
  return tables.flat().map(({ row }) => row)
}

/** Makes the tables in a fresh database and migrates; its rows and the report. */
async function migrated(redisUrl: string, flags: readonly string[]) {
  const env = ends(redisUrl, await freshDatabase())
  const dialect = flags.includes('js') ? ' --dialect js' : ''
  expect(await commandLine(`init${dialect}`, env)).toMatchObject({ exit: 0 })
  const run = await commandLine(['migrate', '--json', ...flags], env)
  return { env, exit: run.exit, report: JSON.parse(run.out), rows: await rowsOf(env.CHECKPOINT_DB_URI!) }
}

/** What both reports say of threads, rows and findings. */
const saidOf = ({ report }: { report: Record<string, unknown> }) => {
  const { threads, checkpoints, writes, blobs, bytes, keysScanned, leftAlone, findings } = report
  const reasons = (findings as { reason: string; count: number }[]).map(({ reason, count }) => [
    reason,
    count,
  ])
  return { threads, checkpoints, writes, blobs, bytes, keysScanned, leftAlone, reasons: reasons.sort() }
}

/** One of every kind of layout and TYPE; that every fixture's keys are read alike, the tests of the source show. */
const CASES = [
  'python/0.5.2-full',
  'python/0.5.2-store-noise',
  'js/1.0.11-full',
  'pickle/f1-hostile',
  'plain/d1-valkey',
].map(fixture)

describe.each(CASES)('$name', (from) => {
  test('a snapshot gives the same rows and the same report as the server, and verifies', async () => {
    const flags = [...from.flags, ...(from.family === 'js' ? ['--dialect', 'js'] : [])]
    const url = await snapshotOf(from)
    const [file, live] = [await migrated(url, flags), await migrated(server.url, flags)]
    expect(file.rows.length).toBeGreaterThan(0)
    expect(file.rows).toEqual(live.rows)
    expect(saidOf(file)).toEqual(saidOf(live))
    expect(file.exit).toBe(live.exit)
    const verify = ['verify', ...from.flags]
    expect((await commandLine(verify, file.env)).exit).toBe((await commandLine(verify, live.env)).exit)
  })
})

/** A report of `detect` without what is measured in the server's memory, and without samples, which come in the order of the keys. */
function comparable(report: Record<string, unknown>) {
  const { startedAt, seconds, source, server, forecast, ...found } = report
  const text = JSON.stringify(found, (name, value) =>
    name === 'samples' ? value.length : name === 'memoryBytes' ? undefined : value,
  )
  return JSON.parse(text)
}

describe('commands on a snapshot', () => {
  test('detect says of it what it says of the server', async () => {
    for (const name of ['python/0.5.2-store-noise', 'pickle/f3', 'js/1.0.9-full']) {
      const url = await snapshotOf(fixture(name))
      const [file, live] = await Promise.all(
        [url, server.url].map(async (redisUrl) => {
          const { exit, out } = await commandLine('detect --json', { REDIS_URL: redisUrl })
          return { exit, found: comparable(JSON.parse(out)) }
        }),
      )
      expect(file, name).toEqual(live)
    }
    const { out } = await commandLine('detect', { REDIS_URL: await snapshotOf(fixture('pickle/f2')) })
    expect(out).toMatch(
      /^file:\S+pickle-f2\.rdb\s+snapshot of Redis 7\.4\.1, saved 20\d\d-\d\d-\d\d \d\d:\d\d UTC · /,
    )
  })

  test('a rehearsal needs nothing but the file; what expired is said; the next command names the file', async () => {
    const redis = redisClient(server.url)
    const from = fixture('python/0.5.2-full')
    await snapshotOf(from)
    const [, keys] = await redis.scan(0, 'MATCH', 'checkpoint_write:*', 'COUNT', 100_000)
    await redis.pexpire(keys[0]!, 60_000)
    // A server that has not come round to it still saves what is over.
    await redis.call('DEBUG', 'SET-ACTIVE-EXPIRE', '0')
    await redis.set('over', 'x', 'PX', 1)
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const path = await savedBy(redis, folder, 'with space.rdb')
    const later = { now: () => Date.now() + 3_600_000 }
    const run = await commandLine(['migrate', '--dry-run', '--redis', `file:${path}`], {}, later)
    expect(run.exit, run.err).toBe(0)
    expect(run.out).toContain('1 key had expired when the snapshot was saved; left out')
    expect(run.out).toContain('1 key has expired since the snapshot was saved; taken as they were then.')
    expect(run.out.replace(/\s+/g, ' ')).toContain(`--redis 'file:${path}'`)
    const live = await commandLine('migrate --dry-run --json', { REDIS_URL: server.url })
    const file = await commandLine('migrate --dry-run --json', { REDIS_URL: `file:${path}` })
    expect(saidOf({ report: JSON.parse(file.out) })).toEqual(saidOf({ report: JSON.parse(live.out) }))
  })

  test('another logical database by ?db= or by flag, with a word on the one that holds something', async () => {
    const redis = redisClient(server.url)
    await redis.flushall()
    await loadCase(fixture('pickle/f2'), server.url.replace(/0$/, '2'))
    const url = `file://${await savedBy(redis, folder, 'second.rdb')}`
    const threadsOf = async (line: string[], env = {}) =>
      JSON.parse((await commandLine(['detect', '--json', ...line], env)).out).threads.count
    expect(await threadsOf(['--redis', `${url}?db=2`])).toBeGreaterThan(0)
    expect(await threadsOf(['--redis', url, '--redis-db', '2'])).toBeGreaterThan(0)
    expect(await threadsOf([], { REDIS_URL: url, REDIS_DB: '2' })).toBeGreaterThan(0)
    expect(await threadsOf(['--redis', url])).toBe(0)
    await loadCase(fixture('python/0.5.2-shallow-sync'), server.url.replace(/0$/, '2'))
    const both = await savedBy(redis, folder, 'both.rdb')
    expect((await commandLine(['detect', '--redis', `file:${both}`], {})).out).toContain('?db=2')
  })

  test('what deletes or writes keys is refused before anything is opened', async () => {
    const env = ends('file:nowhere.rdb', 'postgres://nobody@127.0.0.1:1/nothing')
    for (const line of ['purge-redis', 'purge-redis --yes', 'restore-archive some.cpmarc']) {
      const run = await commandLine(line, env)
      expect(run, line).toMatchObject({ exit: 2, out: '' })
      if (line.startsWith('purge')) expect(run.err).toContain('a snapshot is a copy, and is only read')
    }
  })

  test('a damaged file stops everything before a row is written', async () => {
    const url = await snapshotOf(fixture('python/0.5.2-full'))
    const path = url.slice('file:'.length)
    const env = ends(url, await freshDatabase())
    expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
    const bytes = await readFile(path)
    bytes[bytes.length >> 1]! ^= 0x10
    await writeFile(path, bytes)
    const damaged = await commandLine('migrate', env)
    expect(damaged).toMatchObject({ exit: 1, out: '' })
    expect(damaged.err).toMatch(/is (damaged|not whole)/)
    await truncate(path, bytes.length - 100)
    expect(await commandLine('migrate', env)).toMatchObject({
      exit: 1,
      err: expect.stringContaining('is not whole'),
    })
    expect(await rowsOf(env.CHECKPOINT_DB_URI!)).toEqual([])
  })
})

describe('a snapshot first, the server later', () => {
  test('a later pass over the server finds the same threads unchanged and brings only what is new', async () => {
    const side = await freshEnds()
    const redis = redisClient(side.redis)
    for (const thread of ['a', 'b']) {
      await side.put('redis', thread, { messages: ['one'] })
      await side.writes('redis', thread, [['messages', 'two']])
    }
    const file = { REDIS_URL: `file:${await savedBy(redis, folder, 'before.rdb')}` }
    expect(await side.cli('migrate', file)).toMatchObject({ exit: 0 })
    const proof = await side.cli('verify', file)
    expect(proof).toMatchObject({ exit: 0 })
    expect(proof.out).toContain('Next  cp-migrate migrate --redis redis://HOST:6379/0')
    const moved = await side.rows()
    expect(await side.migrate()).toMatchObject({
      exit: 0,
      threads: { selected: 2, unchanged: 2 },
      checkpoints: { inserted: 0, updated: 0, alreadyThere: 2 },
    })
    expect(await side.rows()).toEqual(moved)
    await side.put('redis', 'b', { messages: ['one', 'two'] })
    expect(await side.migrate()).toMatchObject({
      exit: 0,
      threads: { changed: 1 },
      checkpoints: { inserted: 1 },
    })
    await side.expectSame('a')
    await side.expectSame('b')
    // An older snapshot takes nothing back.
    const again = await side.cli('migrate --json', file)
    expect(JSON.parse(again.out)).toMatchObject({ exitCode: 0, checkpoints: { inserted: 0, updated: 0 } })
    await side.expectSame('b')
    expect((await side.cli('verify')).exit).toBe(0)
    const purge = await side.cli('purge-redis --older-than 0 --json')
    expect(JSON.parse(purge.out).threads).toMatchObject({ selected: 2, purged: 2 })
  })

  test('what has another value since is a conflict: the row is that of the file, and stays', async () => {
    const side = await freshEnds()
    await side.put('redis', 'a', { messages: ['one'] })
    await side.writes('redis', 'a', [['__resume__', 'first answer']])
    const file = { REDIS_URL: `file:${await savedBy(redisClient(side.redis), folder, 'answer.rdb')}` }
    expect(await side.cli('migrate', file)).toMatchObject({ exit: 0 })
    await side.writes('redis', 'a', [['__resume__', 'second answer']])
    const report = await side.migrate()
    expect(report).toMatchObject({ exit: 3, writes: { updated: 0 } })
    expect(report.findings).toContainEqual(expect.objectContaining({ reason: 'row-differs', count: 1 }))
  })

  test('what a file brought is undone like any other run, and no server is asked for it', async () => {
    const side = await freshEnds()
    await side.put('redis', 'a', { messages: ['one'] })
    const file = { REDIS_URL: `file:${await savedBy(redisClient(side.redis), folder, 'undone.rdb')}` }
    expect(await side.cli('migrate', file)).toMatchObject({ exit: 0 })
    expect((await side.rows()).length).toBeGreaterThan(0)
    expect((await side.cli('rollback --yes', file)).exit).toBe(0)
    expect(await side.rows()).toEqual([])
  })

  test('with the name of the server a pass over the file counts as one over the server', async () => {
    const side = await freshEnds()
    await side.put('redis', 'a', { messages: ['one'] })
    await side.writes('redis', 'a', [['__resume__', 'first answer']])
    const { host } = new URL(side.redis)
    const file = {
      REDIS_URL: `file:${await savedBy(redisClient(side.redis), folder, 'named.rdb')}`,
      CP_MIGRATE_SOURCE_NAME: `${host}/0`,
    }
    expect(await side.cli('migrate', file)).toMatchObject({ exit: 0 })
    await side.writes('redis', 'a', [['__resume__', 'second answer']])
    expect(await side.migrate()).toMatchObject({ exit: 0, threads: { changed: 1 }, writes: { updated: 1 } })
    expect((await side.cli('verify')).exit).toBe(0)
    const purge = await side.cli('purge-redis --older-than 0 --json')
    expect(JSON.parse(purge.out).threads).toMatchObject({ selected: 1, purged: 1 })
  })
})
