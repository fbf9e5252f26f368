/** One run at a time in a target: the second is told who is there, and a first one that lost its lock writes nothing more. */
import { hostname } from 'node:os'
import { beforeEach, describe, expect, test } from 'vitest'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { proxyTo, type Proxy as WireProxy } from '../services/proxy.js'
import { freshRedis } from '../services/redis.js'

let redisUrl = ''
let postgresUrl = ''
let toPostgres: WireProxy

beforeEach(async () => {
  redisUrl = (await freshRedis()).url
  postgresUrl = await freshDatabase()
  toPostgres = await proxyTo(postgresUrl)
  await loadCase(fixture('python/0.5.2-store-noise'), redisUrl)
  await commandLine('init', ends(redisUrl, postgresUrl))
})

const migrate = (postgres: string, flags = ''): Promise<CommandRun> =>
  commandLine(`migrate --memory 100KB ${flags}`.trim(), ends(redisUrl, postgres))

/** A run that is held at one of its COMMITs until it is let go. */
async function heldRun(commit: number): Promise<{ letGo(): void; readonly ended: Promise<CommandRun> }> {
  let letGo = () => {}
  const go = new Promise<undefined>((resolve) => {
    letGo = () => resolve(undefined)
  })
  const reached = new Promise<void>((resolve) => {
    toPostgres.set({
      atCommit: (moment, at) => {
        if (moment !== 'before' || at !== commit) return undefined
        resolve()
        return go
      },
    })
  })
  const ended = migrate(toPostgres.url(postgresUrl))
  await reached
  return { letGo, ended }
}

const count = async (): Promise<number> => {
  const [row] = await sql<{ n: number }>(postgresUrl, 'SELECT count(*)::int AS n FROM checkpoints')
  return row!.n
}

describe('two runs at once', () => {
  test('the second ends with exit code 11 and names the first; the first does not notice', async () => {
    const first = await heldRun(4)
    const before = await count()
    const second = await migrate(postgresUrl)
    expect(second.exit).toBe(11)
    expect(second.err).toMatch(
      new RegExp(
        `in use by another run: cp-migrate migrate, process ${process.pid} on ${hostname()}, since \\d{4}-`,
      ),
    )
    expect(second.out).toBe('')
    expect(await count()).toBe(before)
    first.letGo()
    expect(await first.ended).toMatchObject({ exit: 0 })
    expect(await sql(postgresUrl, 'SELECT id, state FROM cp_migrate.runs')).toEqual([
      { id: 1, state: 'done' },
    ])
  })

  test('another schema of the same database is another target', async () => {
    await commandLine('init --schema other', ends(redisUrl, postgresUrl))
    const first = await heldRun(4)
    expect(await migrate(postgresUrl, '--schema other')).toMatchObject({ exit: 0 })
    first.letGo()
    expect(await first.ended).toMatchObject({ exit: 0 })
  })
})

describe('a run whose lock is gone', () => {
  const endLockSession = () =>
    sql(postgresUrl, 'SELECT pg_terminate_backend(backend_pid) FROM cp_migrate.lease')

  test('keeps a successor waiting for its batch in flight, and writes nothing after it', async () => {
    const first = await heldRun(4)
    await endLockSession()
    const early = await migrate(postgresUrl, '--takeover-timeout 500ms')
    expect(early.exit).toBe(11)
    expect(early.err).toContain('is still at work')

    // The server may take a while to notice that the early one has left.
    await lockWait(0)
    const successor = migrate(postgresUrl)
    await lockWait(1)
    first.letGo()
    const [late, next] = [await first.ended, await successor]
    expect(next.exit).toBe(0)
    expect(late.exit).toBe(11)
    expect(late.err).toMatch(/another run has taken over .* cp-migrate migrate, process/)
    // Both had the same command, so it is one run, and the one that was thrown out does not speak for it.
    const runs = await sql(postgresUrl, 'SELECT id, state, resumed, last_error FROM cp_migrate.runs')
    expect(runs).toEqual([{ id: 1, state: 'done', resumed: 1, last_error: null }])
    const [double] = await sql(
      postgresUrl,
      `SELECT (SELECT sum(checkpoints)::int FROM cp_migrate.threads) AS recorded, (SELECT count(*)::int FROM checkpoints) AS there`,
    )
    expect(double!.recorded).toBe(double!.there)
  })

  test('takes it back by itself where nobody else came', async () => {
    const first = await heldRun(4)
    await sql(
      postgresUrl,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'cp-migrate' AND datname = current_database()`,
    )
    first.letGo()
    expect(await first.ended).toMatchObject({ exit: 0 })
    expect(await migrate(postgresUrl)).toMatchObject({ exit: 0 })
  })

  /** Until that many sessions wait for the lease. */
  async function lockWait(sessions: number): Promise<void> {
    for (;;) {
      const waiting = await sql(
        postgresUrl,
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%lease%' AND datname = current_database()`,
      )
      if (waiting.length === sessions) return
    }
  }
})

test('without a ledger migrate says how to make one', async () => {
  await sql(postgresUrl, 'DROP SCHEMA cp_migrate CASCADE')
  const { exit, err } = await migrate(postgresUrl)
  expect(exit).toBe(2)
  expect(err).toContain('Run cp-migrate init first')
})
