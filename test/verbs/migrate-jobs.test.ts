/** `--jobs`: several threads of the process move threads side by side, and nobody can tell from what they leave. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fakeTerminal } from '../cli/terminal.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { proxyTo, type Proxy as WireProxy } from '../services/proxy.js'
import { freshRedis } from '../services/redis.js'
import { tablesOf } from './tables.js'

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'cp-migrate.js')
/** So little memory makes several batches of so small a case. */
const COMMAND = 'migrate --json --memory 600KB --retry-for 60s'

/** All that the ledger says of threads, but when it was said. */
const LEDGER = `
  SELECT run_id, thread_id, layouts, completeness, progress, had_rows_before, checkpoints, blobs, writes, source_bytes,
    target_bytes, keys, source_keys FROM cp_migrate.threads ORDER BY run_id, thread_id`
const FINDINGS = `
  SELECT run_id, thread_id, key, kind, reason, detail, count FROM cp_migrate.findings ORDER BY findings::text`

const everything = async (url: string) => ({
  ...(await tablesOf(url)),
  threads: await sql(url, LEDGER),
  findings: await sql(url, FINDINGS),
})

interface Run {
  readonly exit: number
  readonly err: string
  // biome-ignore lint/suspicious/noExplicitAny: a report is compared as a whole
  readonly report: any
}

async function run(redis: string, postgres: string, flags = ''): Promise<Run> {
  const { exit, out, err } = await commandLine(
    `${COMMAND} ${flags}`.trim().split(/ +/),
    ends(redis, postgres),
  )
  return { exit, err, report: out === '' ? null : JSON.parse(out) }
}

/** What a report says that does not depend on the order in which threads were done, nor on the clock. */
function sorted(report: Run['report']) {
  const { startedAt, finishedAt, seconds, target, survey, ...rest } = report
  const text = (value: unknown) => JSON.stringify(value)
  const findings = rest.findings
    .map(({ samples, ...finding }: { samples: unknown[] }) => ({ ...finding, samples: samples.length }))
    .sort((a: unknown, b: unknown) => (text(a) < text(b) ? -1 : 1))
  const layouts = rest.layouts.toSorted((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1))
  return { ...rest, findings, layouts }
}

test.each([
  ['python/0.5.2-full', '', ''],
  ['python/0.5.2-full', '', '--keep-last 2 --limit 40'],
  ['python/0.5.2-shallow-sync', '', ''],
  ['python/0.5.2-store-noise', '--include store', '--include store'],
  ['pickle/f1-hostile', '', ''],
  ['js/1.0.9-full', '--dialect js', ''],
  ['plain/c3-dollar', '', '--rate 5000'],
])(
  'three jobs leave the same rows, ledger and report as one, and so does the next run: %s %s %s',
  async (name, init, flags) => {
    const { url: redis } = await freshRedis()
    await loadCase(fixture(name), redis)
    const [alone, together] = [await freshDatabase(), await freshDatabase()]
    for (const url of [alone, together]) await commandLine(`init ${init}`.trim(), ends(redis, url))
    const one = await run(redis, alone, flags)
    const three = await run(redis, together, `${flags} --jobs 3`)
    expect(three.exit, three.err).toBe(one.exit)
    expect(sorted(three.report)).toEqual(sorted(one.report))
    expect(await everything(together)).toEqual(await everything(alone))
    expect(one.report.threads.new).toBeGreaterThan(0)

    const again = await run(redis, together, `${flags} --jobs 2`)
    expect(sorted(again.report)).toEqual(sorted((await run(redis, alone, flags)).report))
    expect(again.report.checkpoints.inserted).toBe(0)
  },
)

test('each job has connections of its own, and the lock is held once', async () => {
  const [redis, database] = [(await freshRedis()).url, await freshDatabase()]
  await loadCase(fixture('python/0.5.2-full'), redis)
  await commandLine('init', ends(redis, database))
  const made = async (flags: string) => {
    const [toRedis, toPostgres] = await Promise.all([proxyTo(redis), proxyTo(database)])
    await run(toRedis.url(redis), toPostgres.url(database), flags)
    return { redis: toRedis.connections(), postgres: toPostgres.connections() }
  }
  const one = await made('')
  const three = await made('--jobs 3')
  expect(three.redis - one.redis).toBe(3)
  expect(three.postgres - one.postgres).toBeGreaterThanOrEqual(3)
})

describe('what goes wrong', () => {
  let redis = ''
  let clean: Awaited<ReturnType<typeof everything>>
  let postgres = ''
  let wire: WireProxy

  beforeAll(async () => {
    redis = (await freshRedis()).url
    await loadCase(fixture('python/0.5.2-full'), redis)
    const url = await freshDatabase()
    await commandLine('init', ends(redis, url))
    await run(redis, url)
    clean = await everything(url)
  })
  beforeEach(async () => {
    postgres = await freshDatabase()
    await commandLine('init', ends(redis, postgres))
    wire = await proxyTo(postgres)
  })

  async function expectWhole({ exit, err, report }: Run): Promise<void> {
    expect(report.stoppedBy, err).toBeNull()
    expect(exit).toBe(0)
    expect(await everything(postgres)).toEqual(clean)
    expect(await sql(postgres, 'SELECT state FROM cp_migrate.runs')).toEqual([{ state: 'done' }])
  }

  test.each(['before', 'after'] as const)(
    'a process that is killed %s a COMMIT: the next run goes on, with jobs or without',
    async (at) => {
      let child: ChildProcess | undefined
      wire.set({
        atCommit: (moment, commit) => {
          if (moment !== at || commit !== 5) return undefined
          child?.kill('SIGKILL')
          return 'reset'
        },
      })
      const env = { ...process.env, ...ends(redis, wire.url(postgres)) }
      const line = [PROGRAM, ...COMMAND.split(' '), '--jobs', '2']
      child = spawn(process.execPath, line, { env, stdio: 'ignore' })
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
      wire.set({})
      const next = await run(redis, postgres, at === 'before' ? '' : '--jobs 2')
      expect(next.report.resumed.threadsBefore).toBeGreaterThan(0)
      await expectWhole(next)
    },
  )

  test('answers to COMMITs that never come: what was committed is not done twice, and is counted', async () => {
    let cut = 0
    wire.set({
      atCommit: (moment, commit) => {
        if (moment !== 'after' || commit < 3 || cut >= 3) return undefined
        cut++
        return 'reset'
      },
    })
    const report = await run(redis, wire.url(postgres), '--jobs 2')
    expect(cut).toBe(3)
    await expectWhole(report)
  })

  test('sessions that Postgres ends, the one that holds the lock among them', async () => {
    let ended = 0
    wire.set({
      atCommit: async (moment, commit) => {
        if (moment !== 'before' || (commit !== 4 && commit !== 7)) return undefined
        ended++
        await sql(
          postgres,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE application_name = 'cp-migrate' AND datname = current_database()`,
        )
        return undefined
      },
    })
    const report = await run(redis, wire.url(postgres), '--jobs 2')
    expect(ended).toBe(2)
    await expectWhole(report)
  })

  test('a server that stays away: the run ends as failed, and the same command finishes it', async () => {
    wire.set({
      atCommit: (moment, commit) => {
        if (moment !== 'before' || commit !== 5) return undefined
        wire.set({ refuse: true })
        setImmediate(() => wire.endAll())
        return 'reset'
      },
    })
    const { exit, report } = await run(redis, wire.url(postgres), '--jobs 2 --retry-for 1s')
    expect([exit, report.stoppedBy.id]).toEqual([5, expect.stringMatching(/^postgres-/)])
    await expectWhole(await run(redis, postgres, '--jobs 2'))
  })

  test('Redis that cuts the wire in the middle of the values', async () => {
    const toRedis = await proxyTo(redis, {
      cutAfter: { direction: 'toClient', bytes: 100_000, how: 'reset' },
    })
    const healed = setInterval(() => toRedis.connections() > 5 && toRedis.set({}), 20)
    await expectWhole(
      await run(toRedis.url(redis), postgres, `--jobs 2 --source-name ${new URL(redis).host}/0`),
    )
    clearInterval(healed)
    expect(toRedis.connections()).toBeGreaterThan(4)
  })

  test('Ctrl-C ends the batches and the run, and the same command goes on', async () => {
    const terminal = fakeTerminal({ env: ends(redis, wire.url(postgres)), cwd: '/' })
    wire.set({
      atCommit: (moment, commit) => {
        if (moment === 'before' && commit === 4) terminal.signals.emit('SIGINT')
        return undefined
      },
    })
    expect(await main([...COMMAND.split(' '), '--jobs', '2'], terminal)).toBe(130)
    expect(JSON.parse(terminal.out())).toMatchObject({ stoppedBy: { id: 'interrupted' } })
    const [{ n } = { n: 0 }] = await sql<{ n: number }>(
      postgres,
      'SELECT count(*)::int AS n FROM cp_migrate.threads',
    )
    expect(n).toBeGreaterThan(0)
    const next = await run(redis, postgres, '--jobs 2')
    expect(next.report.resumed).toEqual({ threadsBefore: n })
    await expectWhole(next)
  })

  test('another run that takes over: every job stops at its next batch', async () => {
    wire.set({
      atCommit: async (moment, commit) => {
        if (moment === 'after' && commit === 4)
          await sql(postgres, 'UPDATE cp_migrate.lease SET token = token + 1')
        return undefined
      },
    })
    const { exit, report } = await run(redis, wire.url(postgres), '--jobs 2')
    expect([exit, report.stoppedBy.id]).toEqual([11, 'lease-lost'])
  })
})

test.each([
  ['--jobs 0', 'a whole number from 1 to 64'],
  ['--jobs many', 'a whole number from 1 to 64'],
  ['--jobs 2 --postgres pglite:./nowhere', 'from a Redis server to a Postgres server'],
  ['--jobs 2 --redis sqlite:nowhere.db', 'from a Redis server to a Postgres server'],
])('%s is refused in one sentence', async (flags, words) => {
  const { exit, err } = await commandLine(
    `migrate ${flags}`,
    ends('redis://127.0.0.1:1/0', 'postgresql://127.0.0.1:1/x'),
  )
  expect(exit).toBe(2)
  expect(err).toContain(words)
})
