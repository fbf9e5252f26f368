/** The way back as a user goes it: from Postgres to Redis by the command line, judged by the official savers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { judgeJs } from '../judge/javascript.js'
import { loadGolden } from '../judge/judge.js'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine } from './command-line.js'

/** Both ends of the way back, and commands between them. */
async function between(redisUrl: string, postgresUrl: string) {
  const cli = (line: string) => commandLine([...line.split(' '), '--from', postgresUrl, '--to', redisUrl], {})
  return {
    redisUrl,
    postgresUrl,
    redis: redisClient(redisUrl),
    cli,
    async report(line: string) {
      const { exit, out, err } = await cli(`${line} --json`)
      if (out === '') throw new Error(err)
      return { ...JSON.parse(out), exit }
    },
    async compared(name: string) {
      const { types } = fixture(name)
      const input = {
        postgres: postgresUrl,
        redis: redisUrl,
        types,
        judge: join(import.meta.dirname, '../judge'),
      }
      return JSON.parse(
        await runPython(join(import.meta.dirname, '../pipeline/way-back/compare.py'), { input }),
      )
    },
  }
}

/** The rows that the official writer makes of a case, and an empty Redis. */
async function golden(name: string) {
  const [{ url }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await loadGolden(fixture(name), postgresUrl)
  const ends = await between(url, postgresUrl)
  const { exit, err } = await ends.cli('init --quiet')
  expect(err).not.toContain('✗')
  expect(exit).toBe(0)
  return ends
}

describe('threads that go back to Redis', () => {
  const NAME = 'python/0.5.2-full'
  let ends: Awaited<ReturnType<typeof golden>>
  beforeAll(async () => {
    ends = await golden(NAME)
  })

  test('init makes the indexes that setup() makes, once', async () => {
    expect(await ends.report('init')).toMatchObject({ exit: 0, made: [], missing: [] })
    const official = await freshRedis()
    await runPython(
      'import sys\nfrom langgraph.checkpoint.redis import RedisSaver\nwith RedisSaver.from_conn_string(sys.argv[1]) as saver: saver.setup()',
      { args: [official.url] },
    )
    const shapes = async (redis: Redis) => {
      const names = ((await redis.call('FT._LIST')) as string[]).sort()
      const infos = (await Promise.all(names.map((name) => redis.call('FT.INFO', name)))) as unknown[][]
      return infos.map((info) => [0, 1, 2, 3, 4, 5, 6, 7].map((at) => info[at]))
    }
    expect(await shapes(ends.redis)).toEqual(await shapes(redisClient(official.url)))
  })

  test('a rehearsal writes nothing', async () => {
    const report = await ends.report('migrate --dry-run')
    expect(report).toMatchObject({ exit: 0, dryRun: true, dialect: 'python' })
    expect(report.threads.whole).toBeGreaterThan(10)
    expect(report.redisMemory.needed).toBeGreaterThan(0)
    expect(await ends.redis.dbsize()).toBe(0)
  })

  test('the official saver reads every checkpoint as it stands in Postgres', async () => {
    const report = await ends.report('migrate')
    expect(report).toMatchObject({ exit: 0, runId: '1', threads: { partial: 0, rejected: 0, unchanged: 0 } })
    const { checkpoints, equal, places, listed, differences } = await ends.compared(NAME)
    expect(differences).toEqual([])
    expect(checkpoints).toBe(report.checkpoints.inserted)
    expect({ equal, listed }).toEqual({ equal: checkpoints, listed: places })
  })

  test('a second run moves nothing', async () => {
    const keys = await ends.redis.dbsize()
    const report = await ends.report('migrate')
    expect(report).toMatchObject({ exit: 0, threads: { new: 0, changed: 0 } })
    for (const rows of [report.checkpoints, report.writes])
      expect(rows).toMatchObject({ inserted: 0, updated: 0 })
    expect(await ends.redis.dbsize()).toBe(keys)
    const { runs } = await ends.report('status')
    expect(runs).toMatchObject([
      { id: 2, state: 'done', threads: { whole: 0 } },
      { id: 1, state: 'done', dialect: 'python', sourceName: 'Postgres, schema public' },
    ])
    const plain = ['status', '--postgres', ends.postgresUrl]
    expect((await commandLine(plain, {})).out).toContain(
      '2 runs of the way back: cp-migrate status --from POSTGRES --to REDIS',
    )
    const { out } = await commandLine([...plain, '--json'], {})
    expect(JSON.parse(out)).toMatchObject({ runs: [], runsOfWayBack: 2 })
  })

  test('verify finds both sides equal, and what differs', async () => {
    const report = await ends.report('verify')
    expect(report.differences).toEqual([])
    expect(report).toMatchObject({ exit: 0, threads: { differs: 0, behind: 0, onlyInLedger: 0 } })
    expect(report.threads.equal).toBe(report.threads.compared)
    expect(report.otherForms.threads).toBeGreaterThanOrEqual(3)
  })

  test('verify names what was lost, what was changed, and what Postgres has since', async () => {
    const [first, second, third] = (await ends.redis.keys('checkpoint:*')).sort()
    const lost = await ends.redis.call('JSON.GET', first!)
    const whole = await ends.redis.call('JSON.GET', second!)
    await ends.redis.del(first!)
    await ends.redis.call('JSON.SET', second!, '$.metadata', '"{\\"step\\": 99}"')
    await sql(
      ends.postgresUrl,
      `INSERT INTO checkpoints SELECT 'new', checkpoint_ns, checkpoint_id, NULL, type, checkpoint, metadata FROM checkpoints LIMIT 1`,
    )
    const report = await ends.report('verify')
    expect(report.exit).toBe(4)
    expect(report.threads.behind).toBe(1)
    const idOf = (key: string | undefined) => key!.split(':').at(-1)
    expect(report.differences).toContainEqual(
      expect.objectContaining({ kind: 'missing', part: 'checkpoint', checkpointId: idOf(first) }),
    )
    expect(report.differences).toContainEqual(
      expect.objectContaining({ kind: 'differs', part: 'metadata', checkpointId: idOf(second) }),
    )
    expect(
      report.differences.some(({ checkpointId }: { checkpointId: string }) => checkpointId === idOf(third)),
    ).toBe(false)
    await sql(ends.postgresUrl, `DELETE FROM checkpoints WHERE thread_id = 'new'`)
    await ends.redis.call('JSON.SET', second!, '$', String(whole))
    await ends.redis.call('JSON.SET', first!, '$', String(lost))
    expect(await ends.report('verify')).toMatchObject({ exit: 0 })
  })

  test('rollback removes what the run wrote', async () => {
    expect(await ends.report('rollback --run 1')).toMatchObject({
      exit: 0,
      planOnly: true,
      threads: { refused: 0 },
    })
    expect(await ends.redis.dbsize()).toBeGreaterThan(0)
    const report = await ends.report('rollback --run 1 --yes')
    expect(report).toMatchObject({ exit: 0, threads: { refused: 0 }, runs: [{ id: 1, isGone: true }] })
    expect(await ends.redis.keys('*')).toEqual([])
  })
})

describe('a Redis that Postgres was filled from', () => {
  let ends: Awaited<ReturnType<typeof between>>
  const contents = async () => {
    const held: Record<string, string> = {}
    for (const key of await ends.redis.keys('checkpoint*')) {
      const type = await ends.redis.type(key)
      held[key] = String(
        type === 'string' ? await ends.redis.get(key) : await ends.redis.call('JSON.GET', key),
      )
    }
    return held
  }
  beforeAll(async () => {
    const [{ url }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
    await runPython(join(import.meta.dirname, 'resume.py'), { args: ['write', url] })
    const env = { REDIS_URL: url, CHECKPOINT_DB_URI: postgresUrl }
    expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
    expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
    ends = await between(url, postgresUrl)
  })

  test('keeps its keys as they are, but for writes that the saver had hidden', async () => {
    const before = await contents()
    const report = await ends.report('migrate')
    const [shown, ...others] = report.findings
    expect(others).toEqual([])
    expect(shown).toMatchObject({ reason: 'writes-shown', count: report.checkpoints.updated })
    expect(report).toMatchObject({ exit: 0, checkpoints: { inserted: 0 } })
    const after = await contents()
    const changed = Object.keys(before).filter((key) => before[key] !== after[key])
    expect(changed).toHaveLength(shown.count)
    for (const key of changed)
      expect(after[key]).toBe(before[key]!.replace('"has_writes":false', '"has_writes":true'))
  })

  test('gets what the application wrote in Postgres since, and gives it back at a rollback', async () => {
    const before = await contents()
    await runPython(join(import.meta.dirname, 'resume.py'), {
      args: ['finish', 'postgres', ends.postgresUrl],
    })
    const report = await ends.report('migrate')
    expect(report).toMatchObject({ exit: 0, threads: { partial: 0, rejected: 0 } })
    expect(report.checkpoints.inserted).toBeGreaterThan(10)
    const { checkpoints, equal, differences } = await ends.compared('python/0.5.2-full')
    // Postgres has a version of its own for the list that was changed in place; Redis keeps the document that it had.
    const itsOwn = { path: 'checkpoint/channel_versions/log', at: ['mutated', '', expect.any(String)] }
    expect(differences).toEqual([expect.objectContaining(itsOwn)])
    expect(equal).toBe(checkpoints - 1)
    expect(await ends.report('migrate')).toMatchObject({ exit: 0, checkpoints: { inserted: 0, updated: 0 } })
    expect(await ends.report(`rollback --run ${report.runId} --yes`)).toMatchObject({
      exit: 0,
      threads: { refused: 0 },
    })
    expect(await contents()).toEqual(before)
  })
})

describe('threads that went to Postgres and back to another Redis', () => {
  test('come to the same end there', async () => {
    const [{ url: first }, { url: second }, postgresUrl] = await Promise.all([
      freshRedis(),
      freshRedis(),
      freshDatabase(),
    ])
    const program = join(import.meta.dirname, 'resume.py')
    await runPython(program, { args: ['write', first] })
    const env = { REDIS_URL: first, CHECKPOINT_DB_URI: postgresUrl }
    expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
    expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
    const ends = await between(second, postgresUrl)
    expect(await ends.report('migrate')).toMatchObject({ exit: 0 })
    expect(await ends.report('verify')).toMatchObject({ exit: 0, threads: { differs: 0, behind: 0 } })
    const onRedis = JSON.parse(await runPython(program, { args: ['finish', 'redis', second] }))
    expect(JSON.parse(await runPython(program, { args: ['finish', 'postgres', postgresUrl] }))).toEqual(
      onRedis,
    )
    expect(Object.keys(onRedis)).toHaveLength(9)
    // The application has gone on in Redis: nothing is written over it, and nothing of it is taken back.
    const report = await ends.report('migrate')
    expect(report.exit).toBe(3)
    expect(report.findings.map(({ reason }: { reason: string }) => reason)).toContain('redis-is-newer')
    expect(report.checkpoints).toMatchObject({ inserted: 0, updated: 0 })
    expect(await ends.report('rollback --all')).toMatchObject({
      exit: 3,
      refusals: { 'continued-in-redis': 9 },
    })
  })

  test('are the same again in Postgres, in JavaScript too', async () => {
    const [{ url: first }, { url: second }, there, again] = await Promise.all([
      freshRedis(),
      freshRedis(),
      freshDatabase(),
      freshDatabase(),
    ])
    const js = fixture('js/1.0.11-full')
    await loadCase(js, first)
    const env = { REDIS_URL: first, CHECKPOINT_DB_URI: there }
    expect(await commandLine('init --dialect js', env)).toMatchObject({ exit: 0 })
    expect((await commandLine('migrate', env)).exit).toBe(0)
    const ends = await between(second, there)
    expect(await ends.report('init --dialect js')).toMatchObject({ exit: 0 })
    expect(await ends.report('migrate')).toMatchObject({
      exit: 0,
      dialect: 'js',
      threads: { partial: 0, rejected: 0 },
    })
    expect(await ends.report('migrate')).toMatchObject({ checkpoints: { inserted: 0, updated: 0 } })
    const verified = await ends.report('verify')
    expect(verified.differences).toEqual([])
    expect(verified).toMatchObject({ exit: 0, threads: { differs: 0, behind: 0 } })
    const onwards = { REDIS_URL: second, CHECKPOINT_DB_URI: again }
    expect(await commandLine('init --dialect js', onwards)).toMatchObject({ exit: 0 })
    expect((await commandLine('migrate', onwards)).exit).toBe(0)
    const { checkpoints, equal, differences } = await judgeJs(js, again)
    expect(differences).toEqual([])
    expect(equal).toBe(checkpoints)
    expect(await ends.report('rollback --all --yes')).toMatchObject({ exit: 0, threads: { refused: 0 } })
    expect(await ends.redis.keys('*')).toEqual([])
  })
})

test('from a Postgres in a folder, and to it again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-back-'))
  atEndOfFile(() => rm(folder, { recursive: true, force: true }))
  const [{ url: first }, { url: second }] = await Promise.all([freshRedis(), freshRedis()])
  await loadCase(fixture('python/0.5.2-mutated'), first)
  const env = { REDIS_URL: first, CHECKPOINT_DB_URI: `pglite:${folder}/there` }
  expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
  expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
  const ends = await between(second, `pglite:${folder}/there`)
  expect(await ends.report('migrate')).toMatchObject({ exit: 0, threads: { partial: 0, rejected: 0 } })
  expect(await ends.report('verify')).toMatchObject({ exit: 0, threads: { differs: 0, behind: 0 } })
})
