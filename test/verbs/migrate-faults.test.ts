/** What can go wrong in the middle of a run: the process dies, the wire breaks, a server goes away. The same end is reached. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fakeTerminal } from '../cli/terminal.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { databaseUrl, freshDatabase, ownPostgres, sql } from '../services/postgres.js'
import { type Fault, proxyTo, type Proxy as WireProxy } from '../services/proxy.js'
import { freshRedis, redisClient } from '../services/redis.js'
import type { Report } from './migrate-setup.js'

const CASE = fixture('python/0.5.2-full')
const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'cp-migrate.js')
/** So little memory makes several batches of so small a case. */
const COMMAND = 'migrate --json --memory 300KB --retry-for 60s'

let redisUrl = ''
let clean: string[] = []
let postgresUrl = ''
let toPostgres: WireProxy
let toRedis: WireProxy

const rowsOf = async (url: string): Promise<string[]> => {
  const tables = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes']
  const all = await Promise.all(
    tables.map((table) =>
      sql<{ row: string }>(
        url,
        `SELECT '${table} ' || t::text AS row FROM ${table} t ORDER BY t::text COLLATE "C"`,
      ),
    ),
  )
  return all.flat().map(({ row }) => row)
}

interface Ended extends Report {
  readonly exit: number
  readonly err: string
}

const ended = (exit: number, out: string, err: string): Ended => ({
  ...(out === '' ? {} : JSON.parse(out)),
  exit,
  err,
})

async function run(redis = redisUrl, postgres = toPostgres.url(postgresUrl), more = ''): Promise<Ended> {
  const { exit, out, err } = await commandLine(`${COMMAND} ${more}`.trim(), ends(redis, postgres))
  return ended(exit, out, err)
}

/** Whether the rows and the ledger are what a run without any fault leaves. */
async function expectWhole(report: Ended): Promise<void> {
  expect(report.stoppedBy, report.err).toBeNull()
  expect(report.exit).toBe(0)
  expect(await rowsOf(postgresUrl)).toEqual(clean)
  const [totals] = await sql(
    postgresUrl,
    `SELECT sum(checkpoints)::int AS checkpoints, sum(blobs)::int AS blobs, sum(writes)::int AS writes,
       count(*)::int AS threads, count(DISTINCT run_id)::int AS runs FROM cp_migrate.threads`,
  )
  const of = (table: string) => clean.filter((row) => row.startsWith(`${table} `)).length
  expect(totals).toEqual({
    checkpoints: of('checkpoints'),
    blobs: of('checkpoint_blobs'),
    writes: of('checkpoint_writes'),
    threads: report.threads.selected,
    runs: 1,
  })
  expect(await sql(postgresUrl, 'SELECT state FROM cp_migrate.runs')).toEqual([{ state: 'done' }])
}

beforeAll(async () => {
  const redis = await freshRedis()
  redisUrl = redis.url
  await loadCase(CASE, redisUrl)
  const url = await freshDatabase()
  await commandLine('init', ends(redisUrl, url))
  expect(await commandLine('migrate', ends(redisUrl, url))).toMatchObject({ exit: 0 })
  clean = await rowsOf(url)
  expect(clean.length).toBeGreaterThan(500)
  toRedis = await proxyTo(redisUrl)
})

beforeEach(async () => {
  postgresUrl = await freshDatabase()
  await commandLine('init', ends(redisUrl, postgresUrl))
  toPostgres = await proxyTo(postgresUrl)
  toRedis.set({})
})

describe('a process that is killed', () => {
  /** A run in a process of its own, killed at a COMMIT. Its output and how many COMMITs passed. */
  async function killed(at: { commit: number; moment: 'before' | 'after' }): Promise<void> {
    let child: ChildProcess | undefined
    toPostgres.set({
      atCommit: (moment, commit) => {
        if (moment !== at.moment || commit !== at.commit) return undefined
        child?.kill('SIGKILL')
        return 'reset'
      },
    })
    const env = { ...process.env, ...ends(redisUrl, toPostgres.url(postgresUrl)) }
    child = spawn(process.execPath, [PROGRAM, ...COMMAND.split(' ')], { env, stdio: 'ignore' })
    const [code, signal] = await once(child, 'exit')
    expect([code, signal]).toEqual([null, 'SIGKILL'])
    toPostgres.set({})
  }

  // COMMIT 1 is the lease's, 2 the run's, from 3 on there are batches.
  test.each([
    { commit: 2, moment: 'before' },
    { commit: 3, moment: 'before' },
    { commit: 4, moment: 'after' },
    { commit: 6, moment: 'before' },
    { commit: 6, moment: 'after' },
  ] as const)('$moment COMMIT $commit: the same command goes on with the same run', async (at) => {
    await killed(at)
    const report = await run()
    await expectWhole(report)
    if (at.commit > 2) expect(report.runId).toBe('1')
    if (at.commit > 3) {
      expect(report.resumed?.threadsBefore).toBeGreaterThan(0)
      expect(report.threads.unchanged).toBe(report.resumed?.threadsBefore)
      expect(report.threads.new).toBe(report.threads.selected - report.threads.unchanged)
    }
  })

  test('another command begins a run of its own, and the interrupted one is no longer called running', async () => {
    await killed({ commit: 5, moment: 'after' })
    expect(await sql(postgresUrl, 'SELECT state FROM cp_migrate.runs')).toEqual([{ state: 'running' }])
    const report = await run(redisUrl, postgresUrl, '--match *')
    expect(report).toMatchObject({ exit: 0, runId: '2', resumed: null })
    const states = await sql<{ state: string }>(postgresUrl, 'SELECT state FROM cp_migrate.runs ORDER BY id')
    expect(states.map(({ state }) => state)).toEqual(['stopped', 'done'])
    expect(await rowsOf(postgresUrl)).toEqual(clean)
  })
})

describe('a wire that breaks', () => {
  const healing = (fault: Fault): Fault => {
    setTimeout(() => toPostgres.set({}), 1500).unref()
    return fault
  }

  test.each([12_000, 40_000, 150_000])(
    'to Postgres, after %i bytes: the run waits and goes on by itself',
    async (bytes) => {
      toPostgres.set(healing({ cutAfter: { direction: 'toServer', bytes, how: 'reset' } }))
      // The very first connection must come about: an address that never answered is not waited for.
      await expectWhole(await run())
    },
  )

  test('while the answer to a COMMIT is under way: what was committed is not done twice, and is counted', async () => {
    let cut = 0
    toPostgres.set({
      atCommit: (moment, commit) => {
        if (moment !== 'after' || commit < 3 || cut >= 2) return undefined
        cut++
        return 'reset'
      },
    })
    const report = await run()
    expect(cut).toBe(2)
    await expectWhole(report)
    expect(report.threads.new).toBe(report.threads.selected)
    expect(report.checkpoints.inserted).toBe(clean.filter((row) => row.startsWith('checkpoints ')).length)
  })

  test('to Redis, in the middle of the values: threads that were under way are read again', async () => {
    toRedis.set({ cutAfter: { direction: 'toClient', bytes: 200_000, how: 'reset' } })
    const healed = setInterval(() => {
      if (toRedis.connections() > 3) toRedis.set({})
    }, 20)
    const report = await run(toRedis.url(redisUrl))
    clearInterval(healed)
    expect(toRedis.connections()).toBeGreaterThan(2)
    await expectWhole(report)
    expect(report.threads.new).toBe(report.threads.selected)
  })

  test('for longer than --retry-for: the run ends as failed, and the same command finishes it', async () => {
    toPostgres.set({
      atCommit: (moment, commit) => {
        if (moment !== 'before' || commit !== 4) return undefined
        toPostgres.set({ refuse: true })
        setImmediate(() => toPostgres.endAll())
        return 'reset'
      },
    })
    const report = await run(redisUrl, toPostgres.url(postgresUrl), '--retry-for 1s')
    expect(report).toMatchObject({ exit: 5, stoppedBy: { id: expect.stringMatching(/^postgres-/) } })
    toPostgres.set({})
    const again = await run()
    expect(again.resumed?.threadsBefore).toBeGreaterThan(0)
    await expectWhole(again)
  })
})

describe('a server that ends sessions', () => {
  test('Postgres, all of ours at once', async () => {
    let ended = 0
    toPostgres.set({
      atCommit: async (moment, commit) => {
        if (moment === 'before' && (commit === 3 || commit === 5)) {
          ended++
          await sql(
            postgresUrl,
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'cp-migrate' AND datname = current_database()`,
          )
        }
        return undefined
      },
    })
    const report = await run()
    expect(ended).toBe(2)
    await expectWhole(report)
  })

  test('Redis, again and again', async () => {
    const client = redisClient(redisUrl)
    let kills = 0
    const kill = () => {
      kills++
      void client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => {})
    }
    const killer = setInterval(() => kills < 4 && kill(), 250)
    toRedis.set({ delayMs: 10 })
    const report = await run(toRedis.url(redisUrl))
    clearInterval(killer)
    expect(kills).toBeGreaterThan(1)
    await expectWhole(report)
  })
})

test('Postgres that crashes and starts again is waited for, and nothing it had confirmed is lost', async () => {
  const server = await ownPostgres({ settings: { fsync: 'on', full_page_writes: 'on' } })
  await sql(server.url, 'CREATE DATABASE app')
  postgresUrl = databaseUrl(server.url, 'app')
  await commandLine('init', ends(redisUrl, postgresUrl))
  toPostgres = await proxyTo(postgresUrl)
  let crashed = false
  toPostgres.set({
    atCommit: async (moment, commit) => {
      if (moment !== 'after' || commit !== 4 || crashed) return undefined
      crashed = true
      await server.halt('SIGQUIT')
      setTimeout(() => void server.start(), 700)
      return 'reset'
    },
  })
  const report = await run()
  expect(crashed).toBe(true)
  await expectWhole(report)
})

test('Redis that ends and starts again with the same data is waited for', async () => {
  const redis = await freshRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  await loadCase(CASE, redis.url)
  const proxy = await proxyTo(redis.url, { delayMs: 10 })
  const running = run(proxy.url(redis.url))
  setTimeout(() => {
    void redis.halt('SIGKILL').then(() => redis.start())
  }, 400)
  await expectWhole(await running)
})

test('a first Ctrl-C ends the batch and the run: it is called stopped, and the same command goes on', async () => {
  const terminal = fakeTerminal({ env: ends(redisUrl, toPostgres.url(postgresUrl)), cwd: '/' })
  toPostgres.set({
    atCommit: (moment, commit) => {
      if (moment === 'before' && commit === 4) terminal.signals.emit('SIGINT')
      return undefined
    },
  })
  const exit = await main(COMMAND.split(' '), terminal)
  expect(exit).toBe(130)
  expect(JSON.parse(terminal.out())).toMatchObject({ stoppedBy: { id: 'interrupted' }, exitCode: 130 })
  expect(await sql(postgresUrl, 'SELECT state, last_error IS NULL AS clean FROM cp_migrate.runs')).toEqual([
    { state: 'stopped', clean: false },
  ])
  const stoppedAt = await sql<{ n: number }>(postgresUrl, 'SELECT count(*)::int AS n FROM cp_migrate.threads')
  expect(stoppedAt[0]!.n).toBeGreaterThan(0)
  toPostgres.set({})
  const report = await run()
  expect(report.resumed).toEqual({ threadsBefore: stoppedAt[0]!.n })
  await expectWhole(report)
})
