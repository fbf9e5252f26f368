/** The functions as another program calls them: values come back, nothing is printed, and a caller may stop a run. */
import { beforeAll, describe, expect, test, vi } from 'vitest'
import {
  CpMigrateError,
  detect,
  init,
  migrate,
  plan,
  purgeRedis,
  type RunEvent,
  rollback,
  status,
  verify,
} from '../../src/library/index.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { judgeCase } from '../judge/judge.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'

const FROM = fixture('python/0.5.2-mutated')
let redis = ''
let postgres = ''

beforeAll(async () => {
  const [{ url }, database] = await Promise.all([freshRedis(), freshDatabase()])
  redis = url
  postgres = database
  await loadCase(FROM, redis)
})

describe('the functions', () => {
  test('tell the whole way, print nothing and read no variable', async () => {
    const written = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write'))
    vi.stubEnv('CHECKPOINT_DB_URI', 'postgres://127.0.0.1:1/somewhere_else')
    vi.stubEnv('REDIS_DB', '9')

    const found = await detect({ redis })
    expect(found.layouts.length).toBeGreaterThan(0)
    const planned = await plan({ redis })
    expect(planned).toMatchObject({ dryRun: true, target: null, threads: { whole: 4 }, stoppedBy: null })
    expect(await init({ postgres, check: true })).toMatchObject({ exitCode: 4 })
    expect(await init({ postgres })).toMatchObject({ exitCode: 0 })
    const moved = await migrate({ redis, postgres })
    expect(moved.checkpoints.inserted).toBe(planned.checkpoints.inserted)
    expect(await verify({ redis, postgres })).toMatchObject({ command: 'verify', exitCode: 0 })
    expect((await status({ postgres })).runs).toHaveLength(1)
    expect(await purgeRedis({ redis, postgres, olderThan: '0' })).toMatchObject({
      planOnly: true,
      stoppedBy: null,
    })

    expect(written.flatMap((spy) => spy.mock.calls)).toEqual([])
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
    expect(await judgeCase(FROM, postgres)).toMatchObject({ missing: 0, differing: 0, writeRowsMissing: 0 })
  })

  test('take back what they wrote', async () => {
    expect(await rollback({ postgres })).toMatchObject({ planOnly: true })
    expect(await rollback({ postgres, yes: true })).toMatchObject({ planOnly: false, stoppedBy: null })
    const [left] = await sql(postgres, 'SELECT count(*)::int AS rows FROM checkpoints')
    expect(left).toEqual({ rows: 0 })
  })

  test('say how far they are', async () => {
    const events: RunEvent[] = []
    await migrate({ redis, postgres }, { onEvent: (event) => events.push(event) })
    expect(events.map(({ kind }) => kind)).toContain('threads')
    expect(events.findLast((event) => event.kind === 'threads')?.progress.threads).toBe(4)
  })
})

describe('a caller that gives up', () => {
  test('gets what was done so far, and the next call finishes it', async () => {
    const database = await freshDatabase()
    await init({ postgres: database })
    const giveUp = new AbortController()
    const stopped = await migrate(
      { redis, postgres: database },
      { signal: giveUp.signal, onEvent: () => giveUp.abort('no time left') },
    )
    expect(stopped.stoppedBy).toMatchObject({ id: 'aborted' })
    expect(stopped.exitCode).toBe(130)
    expect(await migrate({ redis, postgres: database })).toMatchObject({
      stoppedBy: null,
      threads: { whole: 4 },
    })
    expect(await judgeCase(FROM, database)).toMatchObject({ missing: 0, differing: 0 })
  })

  test('before the beginning finds nothing written', async () => {
    const database = await freshDatabase()
    await init({ postgres: database })
    const result = await migrate({ redis, postgres: database }, { signal: AbortSignal.abort() })
    expect(result.stoppedBy).toMatchObject({ id: 'aborted' })
    expect(await sql(database, 'SELECT count(*)::int AS rows FROM checkpoints')).toEqual([{ rows: 0 }])
  })
})

describe('a call that cannot begin', () => {
  test('rejects with the words of the command line and without passwords', async () => {
    const call = migrate({ redis: 'redis://:geheim@127.0.0.1:1/0', postgres })
    const error = await call.then(
      () => null,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(CpMigrateError)
    expect(error).toMatchObject({ id: 'redis-refused', exitCode: 5 })
    expect(String((error as CpMigrateError).hint)).not.toBe('')
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('geheim')
  })

  test('names tables that are missing', async () => {
    await expect(migrate({ redis, postgres: await freshDatabase() })).rejects.toMatchObject({
      id: 'tables-missing',
    })
  })

  test('refuses a setting that is none', async () => {
    await expect(verify({ redis, postgres, rate: 'quick' })).rejects.toMatchObject({
      id: 'bad-setting',
      exitCode: 2,
    })
  })
})
