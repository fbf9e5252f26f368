/** What can go wrong in the middle of a verification: the wire breaks, a server goes away, the user stops it. Nothing false is recorded. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { main } from '../../src/cli/main.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fakeTerminal } from '../cli/terminal.js'
import { fixture } from '../corpus/cases.js'
import { proxyTo, type Proxy as WireProxy } from '../services/proxy.js'
import { freshEnds } from './migrate-setup.js'
import { migratedCase, type Report, type Side } from './verify-setup.js'

const NAME = '--source-name lab'
let base: Side
let side: Side
let toPostgres: WireProxy
let toRedis: WireProxy

beforeAll(async () => {
  base = await migratedCase(fixture('python/0.5.2-full'))
  await base.sql(`UPDATE cp_migrate.threads SET source_name = 'lab'`)
  toRedis = await proxyTo(base.redis)
  toPostgres = await proxyTo(base.postgres)
})

beforeEach(async () => {
  side = await base.copy()
  toRedis.set({})
  toPostgres.set({})
})

const both = () => ends(toRedis.url(base.redis), toPostgres.url(side.postgres))

/** With so little memory that there are many reads. */
async function verify(more = ''): Promise<Report> {
  const line = `verify --json --memory 300KB --retry-for 60s ${NAME} ${more}`.trim()
  const { exit, out, err } = await commandLine(line, both())
  if (out === '') throw new Error(err)
  return { ...(JSON.parse(out) as Omit<Report, 'exit'>), exit }
}

async function expectWhole(report: Report): Promise<void> {
  const [{ n } = { n: 0 }] = await side.sql<{ n: number }>(
    'SELECT count(*)::int AS n FROM cp_migrate.threads',
  )
  expect(report).toMatchObject({ exit: 0, differences: [], threads: { compared: n, equal: n } })
  expect(await side.sql(`SELECT DISTINCT progress FROM cp_migrate.threads`)).toEqual([
    { progress: 'verified' },
  ])
  expect(await side.sql('SELECT id FROM cp_migrate.verifications WHERE finished_at IS NULL')).toEqual([])
}

/** Acts the first few times it is asked. */
function times(count: number, act: () => void): () => Promise<void> {
  let left = count
  return async () => {
    if (left-- > 0) act()
  }
}

describe('a verification goes on', () => {
  test.each([20_000, 200_000])('after Redis has cut its wires behind %i bytes', async (bytes) => {
    toRedis.set({ cutAfter: { direction: 'toClient', bytes, how: 'reset' } })
    setTimeout(() => toRedis.set({}), 300)
    await expectWhole(await verify())
  })

  test('after Postgres has cut its wires in the middle of the rows', async () => {
    toPostgres.set({ before: { text: 'COPY (SELECT', act: times(3, () => toPostgres.endAll('reset')) } })
    await expectWhole(await verify())
  })

  test.each(['before', 'after'] as const)('when the wire breaks right %s a COMMIT', async (when) => {
    toPostgres.set({ atCommit: (moment, commit) => (moment === when && commit === 3 ? 'reset' : undefined) })
    await expectWhole(await verify())
  })

  test('after the server has ended its sessions', async () => {
    const kill = () =>
      void base.sql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cp-migrate' AND datname = $1`,
        [new URL(side.postgres).pathname.slice(1)],
      )
    toPostgres.set({ before: { text: 'checkpoint_writes" WHERE', act: times(2, kill) } })
    await expectWhole(await verify())
  })
})

describe('a verification that is stopped', () => {
  test('says so, and what it had proven stays proven', async () => {
    const app = await freshEnds()
    for (let at = 0; at < 120; at++) await app.put('redis', `t-${at}`, { list: [at] })
    expect((await app.migrate()).exit).toBe(0)
    const proxy = await proxyTo(app.postgres)
    const env = ends(app.redis, proxy.url(app.postgres))
    const terminal = fakeTerminal({ env })
    proxy.set({
      atCommit: (moment, commit) => {
        // The lease, the verification, and the first threads that were compared.
        if (moment === 'after' && commit === 3) terminal.signals.emit('SIGINT')
        return undefined
      },
    })
    expect(await main(['verify', '--json'], terminal)).toBe(130)
    const report = JSON.parse(terminal.out()) as Report & { stoppedBy: { id: string } }
    expect(report).toMatchObject({ stoppedBy: { id: 'interrupted' }, threads: { equal: 100 } })
    const progress = () =>
      app.sql(`SELECT progress, count(*)::int AS threads FROM cp_migrate.threads GROUP BY 1 ORDER BY 1`)
    expect(await progress()).toEqual([
      { progress: 'migrated', threads: 20 },
      { progress: 'verified', threads: 100 },
    ])
    const [ended] = await app.sql('SELECT counts FROM cp_migrate.verifications WHERE finished_at IS NOT NULL')
    expect(ended?.counts).toMatchObject({ equal: 100 })
    expect((await commandLine('verify', env)).exit).toBe(0)
    expect(await progress()).toEqual([{ progress: 'verified', threads: 120 }])
  })

  test('by a server that stays away ends with what to do, and proves nothing more', async () => {
    toPostgres.set({
      before: {
        text: 'COPY (SELECT',
        act: async () => {
          toPostgres.set({ refuse: true })
          toPostgres.endAll('reset')
        },
      },
    })
    const { exit, err } = await commandLine(`verify ${NAME} --retry-for 1s`, both())
    expect(exit).toBe(5)
    expect(err).toContain('cannot connect to postgres://')
    expect(await side.sql(`SELECT DISTINCT progress FROM cp_migrate.threads`)).toEqual([
      { progress: 'migrated' },
    ])
  })
})
