/** Bounds: what --latest-only leaves is what the official prune() would leave of the whole; threads are chosen by their age. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { MigrateReport } from '../../src/model/report.js'
import { unpackKeys } from '../../src/target/ledger/pack.js'
import { type Case, fixture, fixtures } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const PRUNE = join(import.meta.dirname, 'prune.py')
const TABLES = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'] as const

interface Migrated {
  readonly report: MigrateReport
  readonly exit: number
}

async function migrate(env: Record<string, string>, flags: readonly string[]): Promise<Migrated> {
  const run = await commandLine(['migrate', '--json', ...flags], env)
  expect([0, 3], run.err).toContain(run.exit)
  return { report: JSON.parse(run.out), exit: run.exit }
}

async function initialised(
  redisUrl: string,
  dialect = 'python',
): Promise<Record<string, string> & { readonly postgres: string }> {
  const postgres = await freshDatabase()
  const env = { ...ends(redisUrl, postgres), postgres }
  expect(await commandLine(['init', '--dialect', dialect], env)).toMatchObject({ exit: 0 })
  return env
}

/** Every row as text, by table, without those of some threads. */
async function contentOf(url: string, without: readonly string[] = []): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {}
  for (const table of TABLES) {
    const rows = await sql<{ row: string }>(
      url,
      `SELECT t::text AS row FROM ${table} t WHERE NOT thread_id = ANY($1::text[]) ORDER BY 1`,
      [without],
    )
    content[table] = rows.map(({ row }) => row)
  }
  return content
}

const sizeOf = (content: Record<string, readonly string[]>): number =>
  Object.values(content).reduce((sum, rows) => sum + rows.length, 0)

async function redisOf(from: Case): Promise<string> {
  const { url } = await freshRedis()
  await loadCase(from, url)
  return url
}

const cases = fixtures().map((one) => [one.name, one] as const)

const CLEAR_DANGLING = `UPDATE checkpoints c SET parent_checkpoint_id = NULL WHERE NOT EXISTS (SELECT FROM checkpoints p
  WHERE (p.thread_id, p.checkpoint_ns, p.checkpoint_id) = (c.thread_id, c.checkpoint_ns, c.parent_checkpoint_id))
  AND NOT EXISTS (SELECT FROM checkpoint_writes w
  WHERE (w.thread_id, w.checkpoint_ns, w.checkpoint_id) = (c.thread_id, c.checkpoint_ns, c.parent_checkpoint_id))`

const dialectOf = ({ family }: Case): string => (family === 'js' ? 'js' : 'python')

describe('--latest-only', () => {
  it.each(cases)('%s is what the official prune leaves of a whole migration', async (_, from) => {
    const redis = await redisOf(from)
    const [whole, latest] = [
      await initialised(redis, dialectOf(from)),
      await initialised(redis, dialectOf(from)),
    ]
    const all = await migrate(whole, from.flags)
    const before = sizeOf(await contentOf(whole.postgres))
    const refused: string[] = JSON.parse(await runPython(PRUNE, { args: [whole.postgres] }))
    const { report } = await migrate(latest, [...from.flags, '--latest-only'])
    // A parent that was never there is not left out by us; prune() clears links to such, too.
    await sql(latest.postgres, CLEAR_DANGLING)
    const kept = await contentOf(latest.postgres)
    expect(kept).toEqual(await contentOf(whole.postgres, refused))
    const cut = report.bounds!.leftOut
    // A key whose document belongs to another thread is looked at twice.
    if (refused.length === 0 && from.name !== 'pickle/f1-hostile')
      expect(cut.checkpoints + cut.writes + cut.blobs).toBe(before - sizeOf(kept))
    const deltas = report.findings.find(({ reason }) => reason === 'delta-not-cut')?.count ?? 0
    expect(deltas).toBe(refused.length)
    expect(all.report.threads.whole).toBeGreaterThan(0)
  })

  it('migrated again without a bound is the whole, linked as it would have been at once', async () => {
    const redis = await redisOf(fixture('python/0.5.2-full'))
    const [whole, later] = [await initialised(redis), await initialised(redis)]
    await migrate(whole, [])
    await migrate(later, ['--latest-only'])
    const again = await migrate(later, ['--latest-only'])
    expect(again.report).toMatchObject({ checkpoints: { inserted: 0, updated: 0 } })
    const { report } = await migrate(later, [])
    expect(await contentOf(later.postgres)).toEqual(await contentOf(whole.postgres))
    expect(report.findings.find(({ reason }) => reason === 'bound-changed')?.count).toBeGreaterThan(0)
    expect((await commandLine('migrate', later)).exit).toBe(0)
    expect(await contentOf(later.postgres)).toEqual(await contentOf(whole.postgres))
  })
})

describe('a cut thread', () => {
  it.each(['python/0.5.2-full', 'js/1.0.11-full', 'python/0.0.8-full'])(
    'of %s passes verification; a purge leaves what was left out, until it is told to take it',
    async (name) => {
      const from = fixture(name)
      const redis = await redisOf(from)
      const env = await initialised(redis, dialectOf(from))
      const { report } = await migrate(env, ['--latest-only'])
      const verified = await commandLine('verify', env)
      expect(verified.exit, verified.out).toBe(0)
      const checkpoints = async () => (await redisClient(redis).keys('checkpoint:*')).length
      const before = await checkpoints()
      await commandLine('purge-redis --older-than 0 --yes', env)
      const left = await checkpoints()
      expect(left).toBeGreaterThanOrEqual(report.bounds!.leftOut.checkpoints)
      expect(left).toBeLessThan(before)
      await commandLine('purge-redis --older-than 0 --yes --include-skipped', env)
      expect(await checkpoints()).toBe(left - report.bounds!.leftOut.checkpoints)
    },
  )
})

describe('--keep-last', () => {
  it('keeps so many of each namespace, and says in the ledger what was left in Redis', async () => {
    const redis = await redisOf(fixture('python/0.5.2-mutated'))
    const [whole, cut] = [await initialised(redis), await initialised(redis)]
    await migrate(whole, [])
    const { report, exit } = await migrate(cut, ['--keep-last', '3'])
    expect(exit).toBe(0)
    const newest = `SELECT thread_id, checkpoint_ns, checkpoint_id FROM (SELECT *, row_number() OVER
      (PARTITION BY thread_id, checkpoint_ns ORDER BY checkpoint_id DESC) AS place FROM checkpoints) t WHERE place <= 3 ORDER BY 1, 2, 3`
    const kept = await sql(
      cut.postgres,
      'SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints ORDER BY 1, 2, 3',
    )
    expect(kept).toEqual(await sql(whole.postgres, newest))
    const recorded = await sql<{ bounds: unknown; source_keys: Buffer }>(
      cut.postgres,
      'SELECT bounds, source_keys FROM cp_migrate.threads WHERE bounds IS NOT NULL',
    )
    expect(recorded.length).toBe(report.bounds?.threadsCut)
    expect(recorded.every(({ bounds }) => JSON.stringify(bounds) === '{"keepLast":3}')).toBe(true)
    const keys = recorded.flatMap((row) => [...unpackKeys(row.source_keys)])
    const skipped = keys.filter(({ use }) => use === 'skipped').map(({ key }) => key.toString())
    const { leftOut } = report.bounds!
    expect(skipped.length).toBe(leftOut.checkpoints + leftOut.writes)
    const ids = new Set(kept.map((row) => row.checkpoint_id))
    expect(skipped.some((key) => ids.has(key.split(':').at(-1)))).toBe(false)
  })

  it('can be foreseen: a rehearsal of the whole says what each choice would leave out', async () => {
    const redis = await redisOf(fixture('python/0.5.2-mutated'))
    const env = await initialised(redis)
    const rehearsal = await migrate(env, ['--dry-run'])
    const foreseen = rehearsal.report.choices.find(({ flag }) => flag === '--latest-only')
    const { report } = await migrate(env, ['--latest-only'])
    expect(foreseen).toEqual({
      flag: '--latest-only',
      threads: report.bounds?.threadsCut,
      leftOut: report.bounds?.leftOut,
    })
    const { out } = await commandLine('migrate --dry-run', { REDIS_URL: redis })
    expect(out).toMatch(/could be left out\n\s+--latest-only\s+\d+ threads\s+\d+ checkpoints/)
  })

  it.each(['--keep-last 0', '--keep-last many', '--keep-last 2 --latest-only', '--newer-than 30'])(
    '%s is wrong usage',
    async (flags) => {
      const run = await commandLine(`migrate --dry-run ${flags}`, { REDIS_URL: 'redis://127.0.0.1:1/0' })
      expect(run.exit).toBe(2)
      expect(run.err).toContain('--')
    },
  )
})

const DAY_MS = 24 * 3600 * 1000

/** A version 6 UUID of that time. */
function uuid6(ms: number): string {
  const steps = (BigInt(ms) * 10_000n + 0x01b21dd213814000n).toString(16).padStart(15, '0')
  return `${steps.slice(0, 8)}-${steps.slice(8, 12)}-6${steps.slice(12, 15)}-8000-000000000000`
}

describe('threads by their age', () => {
  const now = Date.now()
  const [old, young] = [now - 90 * DAY_MS, now - DAY_MS]

  async function threads(): Promise<string> {
    const { url } = await freshRedis()
    const redis = redisClient(url)
    const put = async (
      thread_id: string,
      id: string,
      { ns = '', ...more }: { ns?: string; ts?: string; checkpoint_ts?: number },
    ) => {
      const { ts, ...rest } = more
      const checkpoint = {
        v: 4,
        id,
        ...(ts && { ts }),
        type: 'json',
        channel_values: {},
        channel_versions: {},
        versions_seen: {},
      }
      const checkpoint_ns = ns === '' ? '__empty__' : ns
      const document = {
        thread_id,
        checkpoint_ns,
        checkpoint_id: id,
        parent_checkpoint_id: '',
        checkpoint,
        metadata: '{}',
        has_writes: false,
        ...rest,
      }
      await redis.call(
        'JSON.SET',
        `checkpoint:${thread_id}:${checkpoint_ns}:${id}`,
        '$',
        JSON.stringify(document),
      )
    }
    const ns = 'sub:00000000-0000-4000-8000-000000000001'
    await put('old', uuid6(old), {})
    await put('young', uuid6(young), {})
    await put('young in a subgraph', uuid6(old), {})
    await put('young in a subgraph', uuid6(young), { ns })
    // An id that is no UUID says nothing: then its ts does, and where it has none, the time the saver noted.
    await put('old by ts', 'step-1', { ts: new Date(old).toISOString() })
    await put('young by ts', 'step-1', { ts: new Date(young).toISOString() })
    await put('old as stored', 'step-1', { checkpoint_ts: old })
    await put('a UUID of no time that can be', uuid6(now + 300 * DAY_MS), { ts: new Date(old).toISOString() })
    await put('undated', 'step-1', {})
    return url
  }

  const moved = async (postgres: string) =>
    (await sql<{ id: string }>(postgres, 'SELECT DISTINCT thread_id AS id FROM checkpoints ORDER BY 1')).map(
      ({ id }) => id,
    )

  it('are taken whole by the latest time in any namespace', async () => {
    const redis = await threads()
    const [newer, older] = [await initialised(redis), await initialised(redis)]
    const first = await migrate(newer, ['--newer-than', '30d'])
    expect(await moved(newer.postgres)).toEqual(['undated', 'young', 'young by ts', 'young in a subgraph'])
    expect(first.report.threads.leftOut).toBe(4)
    expect(first.report.bounds).toMatchObject({ threadsTooOld: 4, threadsTooYoung: 0, threadsCut: 0 })
    const second = await migrate(older, ['--older-than', '30d'])
    expect(await moved(older.postgres)).toEqual([
      'a UUID of no time that can be',
      'old',
      'old as stored',
      'old by ts',
    ])
    // What has no age is never older, and is named.
    expect(second.report.bounds).toMatchObject({ threadsTooYoung: 3, threadsOfUnknownAge: 1 })
    expect(second.report.findings).toMatchObject([
      { reason: 'age-unknown', count: 1, samples: [{ threadId: 'undated' }] },
    ])
    expect([first.exit, second.exit]).toEqual([0, 0])
  })

  it('outside of what was asked for are no reason to complain, unless they were named', async () => {
    const redis = await threads()
    const env = { REDIS_URL: redis }
    const both = await commandLine(
      'migrate --dry-run --json --newer-than 120d --older-than 30d --match old*',
      env,
    )
    expect(JSON.parse(both.out)).toMatchObject({ threads: { whole: 3, leftOut: 0 }, exitCode: 0 })
    const text = await commandLine('migrate --dry-run --newer-than 30d', env)
    expect(text.out).toContain('left out on purpose')
    expect(text.out).toContain('4 threads without a checkpoint young enough')
    expect(text.out).toMatch(/migrate --newer-than 30d/)
    const named = await commandLine('migrate --dry-run --newer-than 30d --thread old', env)
    expect(named.exit).toBe(3)
    expect(named.out).toContain('named, and left out by its age: old')
  })
})

describe('threads that were interrupted', () => {
  it('go on from their latest checkpoint alone, to the same end', async () => {
    const [{ url: redis }, program] = [await freshRedis(), join(import.meta.dirname, 'resume.py')]
    await runPython(program, { args: ['write', redis] })
    const [whole, latest] = [await initialised(redis), await initialised(redis)]
    await migrate(whole, [])
    await migrate(latest, ['--latest-only'])
    const [fromWhole, fromLatest] = await Promise.all(
      [whole, latest].map(({ postgres }) => runPython(program, { args: ['finish', 'postgres', postgres] })),
    )
    const ends = (text: string | undefined) =>
      JSON.stringify(JSON.parse(text!), (name, value) => (name === 'checkpoints' ? undefined : value))
    expect(ends(fromLatest)).toBe(ends(fromWhole))
  })
})
