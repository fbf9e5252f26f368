/** What was archived before it was purged comes back as it was, and nothing is overwritten by it. */
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RestoreReport } from '../../src/model/restore-report.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fixture, fixtures } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { PurgeEnds, purgeEnds } from './purge-setup.js'

let here: PurgeEnds
let archive = ''
let thread = ''
let other = ''
let nextThread = 0
beforeAll(async () => {
  here = await purgeEnds()
})
beforeEach(async () => {
  await here.empty()
  archive = join(mkdtempSync(join(tmpdir(), 'cp-migrate-archive-')), 'purged.cpmarc')
  thread = `user:${++nextThread}`
  other = `other:${nextThread}`
})

type Restored = Omit<RestoreReport, 'stoppedBy'> & { readonly exit: number; readonly exitCode: number }

async function restore(flags = '', env = here.both.env): Promise<Restored> {
  const { exit, out, err } = await commandLine(`restore-archive ${archive} --json ${flags}`.trim(), env)
  if (out === '') throw new Error(err)
  return { ...JSON.parse(out), exit }
}

/** TTLs run on while the test does. */
function expectSameKeys(
  after: Awaited<ReturnType<PurgeEnds['dumps']>>,
  before: Awaited<ReturnType<PurgeEnds['dumps']>>,
): void {
  expect([...after.keys()]).toEqual([...before.keys()])
  for (const [key, { dump, expires }] of before) {
    expect(after.get(key)!.dump, key).toBe(dump)
    const left = after.get(key)!.expires
    if (expires < 0) expect(left, key).toBe(-1)
    else {
      expect(left, key).toBeLessThanOrEqual(expires)
      expect(left, key).toBeGreaterThan(expires - 60_000)
    }
  }
}

describe('an archive', () => {
  test('brings every key back, byte for byte, with its time to live', async () => {
    await here.verified(thread, other)
    for (const key of await here.keysOf(thread)) await here.redis.pexpire(key, 5_000_000)
    const before = await here.dumps()
    const purged = await here.purge(`--archive ${archive}`)
    expect(purged).toMatchObject({ exit: 0, archived: before.size, archive, keys: { deleted: before.size } })
    expect(statSync(archive).mode & 0o777).toBe(0o600)
    expect(await here.redis.dbsize()).toBe(0)

    expect(await restore('--dry-run')).toMatchObject({ exit: 0, keys: { restored: before.size } })
    expect(await here.redis.dbsize()).toBe(0)
    expect(await restore()).toMatchObject({
      exit: 0,
      threads: 2,
      keys: { restored: before.size, alreadyThere: 0, differing: 0, refused: 0 },
      damaged: 0,
      unlocked: 2,
    })
    expectSameKeys(await here.dumps(), before)
    await here.both.expectSame(thread)
    expect(await restore()).toMatchObject({ exit: 0, keys: { restored: 0, alreadyThere: before.size } })
  })

  test.each(
    fixtures()
      .filter(({ name }) => name !== 'pickle/f1-hostile' && !name.includes('layout'))
      .map(({ name }) => [name] as const),
  )('of %s holds everything that went', async (name) => {
    const from = fixture(name)
    const { url } = await freshRedis()
    const database = await freshDatabase()
    await loadCase(from, url)
    const env = ends(url, database)
    const dialect = from.family === 'js' ? '--dialect js' : ''
    await commandLine(`init --quiet ${dialect}`.trim(), env)
    const { exit, err } = await commandLine(['migrate', '--quiet', ...from.flags], env)
    expect([0, 3], err).toContain(exit)
    await commandLine(['verify', '--quiet', ...from.flags], env)
    const looks = new PurgeEnds({ redis: url } as PurgeEnds['both'])
    const before = await looks.dumps()
    const flags = ['purge-redis', '--yes', '--older-than', '0', '--json', '--archive', archive, ...from.flags]
    const purged = await commandLine(flags, env)
    const report = JSON.parse(purged.out)
    expect(report.keys.deleted, purged.out).toBeGreaterThan(0)
    expect(report.archived).toBeGreaterThanOrEqual(report.keys.deleted)
    expect((await looks.dumps()).size).toBe(before.size - report.keys.deleted)
    expect(await restore('', env)).toMatchObject({ exit: 0, keys: { restored: report.keys.deleted } })
    expectSameKeys(await looks.dumps(), before)
  })

  test('of several purges goes on in one file, and the newest content of a key comes back', async () => {
    await here.verified(thread, other)
    await here.purge(`--thread ${other} --archive ${archive}`)
    await here.purge(`--thread ${thread} --archive ${archive}`)
    await here.thread(thread)
    await here.migrate()
    const again = await here.dumps()
    expect(again.size).toBeGreaterThan(5)
    // The pointer has the same name as before, and another content.
    const pointer = `checkpoint_latest:${thread}:__empty__`
    const newest = await here.redis.get(pointer)
    expect(await here.purge(`--archive ${archive}`)).toMatchObject({ threads: { purged: 1 } })
    expect(await here.redis.dbsize()).toBe(0)
    expect(await restore()).toMatchObject({ exit: 0, threads: 2, keys: { differing: 0 } })
    expect(await here.redis.get(pointer)).toBe(newest)
    expect(await here.keysOf(other)).not.toEqual([])
  })

  test('never overwrites: what was written since stays and is named', async () => {
    await here.verified(thread)
    await here.purge(`--archive ${archive}`)
    const id = await here.both.put('redis', thread, { n: 77 })
    const mine = await here.dumps()
    const restored = await restore()
    expect(restored).toMatchObject({ exit: 3, keys: { differing: 1 }, unlocked: 0, incomplete: [thread] })
    expect(restored.notRestored).toEqual([{ key: `checkpoint_latest:${thread}:__empty__`, why: 'differs' }])
    for (const [key, { dump }] of mine) expect((await here.dumps()).get(key)!.dump).toBe(dump)
    expect((await here.both.read('redis', thread)).map((tuple) => tuple.id)).toContain(id)
  })

  test('can be asked for single threads', async () => {
    await here.verified(thread, other)
    await here.purge(`--archive ${archive}`)
    expect(await restore(`--thread ${thread} --thread nobody`)).toMatchObject({
      exit: 3,
      threads: 1,
      notFound: ['nobody'],
    })
    expect(await here.keysOf(other)).toEqual([])
    expect(await here.keysOf(thread)).not.toEqual([])
  })

  test('needs no Postgres to bring keys back', async () => {
    await here.verified(thread)
    const before = await here.dumps()
    await here.purge(`--archive ${archive}`)
    const env = { REDIS_URL: here.both.redis }
    const { exit, out } = await commandLine(`restore-archive ${archive}`, env)
    expect(exit).toBe(0)
    expect(out).toContain('No Postgres was named')
    expectSameKeys(await here.dumps(), before)
    expect(await here.progressOf(thread)).toEqual(['purged'])
    expect(await restore()).toMatchObject({ keys: { alreadyThere: before.size }, unlocked: 1 })
    expect(await here.progressOf(thread)).toEqual(['migrated'])
  })
})

describe('a rollback after a purge', () => {
  test('is refused, whatever flag is given, until every key is back with its content', async () => {
    await here.verified(thread)
    const rows = await here.both.rows()
    await here.purge(`--archive ${archive}`)
    const rollback = (flags: string) => here.both.cli(`rollback --yes --json ${flags}`.trim())
    for (const flags of ['', '--discard-continued', '--all --discard-continued']) {
      const refused = await rollback(flags)
      expect(refused.exit).toBe(3)
      expect(JSON.parse(refused.out).refused).toMatchObject([{ threadId: thread, reason: 'purged' }])
      expect(await here.both.rows()).toEqual(rows)
    }
    await restore()
    const [write] = (await here.keysOf(thread)).filter((key) => key.startsWith('checkpoint_write:'))
    await here.both.sql(`UPDATE cp_migrate.threads SET progress = 'purged', purged_at = now()`)
    await here.redis.rename(write!, 'kept')
    expect(await restore()).toMatchObject({ exit: 0, keys: { restored: 1 }, unlocked: 1 })
    await here.redis.del('kept')
    expect((await rollback('')).exit).toBe(0)
    expect(await here.both.rows()).toEqual([])
    expect((await here.both.migrate()).exit).toBe(0)
    expect(await here.both.rows()).toEqual(rows)
  })

  test('a thread that came back has to be verified before it goes again', async () => {
    await here.verified(thread)
    await here.purge(`--archive ${archive}`)
    await restore()
    expect(await here.purge()).toMatchObject({ lefts: { 'not-verified': 1 }, keys: { deleted: 0 } })
    await here.migrate()
    expect(await here.purge()).toMatchObject({ threads: { purged: 1 } })
  })
})

describe('a file', () => {
  test('that a crash has torn is read up to the tear, cut there and gone on with', async () => {
    await here.verified(thread, other)
    await here.purge(`--thread ${thread} --archive ${archive}`)
    const { size } = statSync(archive)
    await here.purge(`--thread ${other} --archive ${archive}`)
    const whole = join(tmpdir(), `whole-${process.pid}`)
    copyFileSync(archive, whole)
    const cuts = [size + 1, size + 8, size + 9, size + 200, statSync(whole).size - 1]
    for (const cut of cuts) {
      copyFileSync(whole, archive)
      truncateSync(archive, cut)
      expect(await restore('--dry-run')).toMatchObject({ threads: 1, damaged: 0 })
    }
    await here.thread('third')
    await here.migrate()
    expect(await here.purge(`--archive ${archive}`)).toMatchObject({ exit: 0, threads: { purged: 1 } })
    expect(await restore('--dry-run')).toMatchObject({ threads: 2, damaged: 0, exit: 0 })
    copyFileSync(whole, archive)
    appendFileSync(archive, Buffer.alloc(4096))
    expect(await restore('--dry-run')).toMatchObject({ threads: 2, damaged: 0 })
  })

  test('of which a byte was changed gives back all but that key, and says so', async () => {
    await here.verified(thread)
    const before = await here.dumps()
    await here.purge(`--archive ${archive}`)
    const bytes = readFileSync(archive)
    const at = bytes.indexOf('checkpoint_write:')
    bytes[at] = bytes[at]! ^ 1
    writeFileSync(archive, bytes)
    expect(await restore()).toMatchObject({
      exit: 3,
      damaged: 1,
      keys: { restored: before.size - 1 },
      unlocked: 0,
      incomplete: [thread],
    })
  })

  test('that is something else is neither written to nor read', async () => {
    await here.verified(thread)
    writeFileSync(archive, 'my diary')
    const { exit, err } = await here.both.cli(`purge-redis --yes --older-than 0 --archive ${archive}`)
    expect(exit).toBe(2)
    expect(err).toContain('it is something else')
    expect(readFileSync(archive, 'utf8')).toBe('my diary')
    expect(await here.keysOf(thread)).not.toEqual([])
    expect(await here.both.cli(`restore-archive ${archive}`)).toMatchObject({ exit: 2 })
    expect(await here.both.cli(`restore-archive ${archive}-not`)).toMatchObject({ exit: 2 })
  })

  test('that cannot take more ends the purge before a key goes', async () => {
    await here.verified(thread)
    const before = await here.dumps()
    const { exit, err } = await here.both.cli('purge-redis --yes --older-than 0 --archive /dev/full')
    expect([1, 2]).toContain(exit)
    expect(err).toContain('/dev/full')
    expect(await here.dumps()).toEqual(before)
    expect(await here.progressOf(thread)).toEqual(['verified'])
  })

  test('of a newer server is refused key by key where this one cannot read it', async () => {
    await here.verified(thread)
    await here.purge(`--archive ${archive}`)
    const plain = await freshRedis({ modules: false })
    const restored = await restore('', { REDIS_URL: plain.url })
    expect(restored.exit).toBe(3)
    expect(restored.keys.refused).toBeGreaterThan(5)
    expect(restored.notRestored[0]).toMatchObject({ why: 'refused' })
    expect(await redisClient(plain.url).keys('checkpoint:*')).toEqual([])
  })
})
