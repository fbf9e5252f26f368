/** A rollback leaves the tables as they were before the run, and keeps its hands off what others built on them. */
import { beforeAll, describe, expect, test } from 'vitest'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import { fixture, fixtures, linesOf } from '../corpus/cases.js'
import { type KeyLine, loadCase, loadRedis } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { proxyTo } from '../services/proxy.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { continueThread, tablesOf } from './tables.js'

const CASE = fixture('python/0.2.1-full')
const LATER_ID = '1fffffff-0000-6000-8000-000000000001'
const EMPTY = { checkpoints: [], checkpoint_blobs: [], checkpoint_writes: [] }

let redisUrl = ''
let threads: string[] = []
beforeAll(async () => {
  redisUrl = (await freshRedis()).url
  await loadRedis(linesOf<KeyLine>(CASE, 'redis.jsonl'), redisUrl)
})

/** A target after `init` and `migrate`, with the command line for both ends. */
async function migrated(
  ...flags: string[]
): Promise<{ url: string; cli: (line: string) => Promise<CommandRun> }> {
  const url = await freshDatabase()
  const env = ends(redisUrl, url)
  const cli = (line: string) => commandLine(line, env)
  expect((await cli('init --quiet')).exit).toBe(0)
  expect((await cli(['migrate --quiet', ...flags].join(' '))).exit).toBe(0)
  threads = (
    await sql<{ thread_id: string }>(url, 'SELECT DISTINCT thread_id FROM checkpoints ORDER BY 1')
  ).map(({ thread_id }) => thread_id)
  return { url, cli }
}

const report = ({ out }: CommandRun) => JSON.parse(out)
const statesOf = async (url: string) =>
  (await sql<{ state: string }>(url, 'SELECT state FROM cp_migrate.runs ORDER BY id')).map(
    ({ state }) => state,
  )

describe('rolling back a run', () => {
  test('is a plan first, which changes nothing and names what would go', async () => {
    const { url, cli } = await migrated()
    const before = await tablesOf(url)
    const plan = await cli('rollback')
    expect(plan.exit).toBe(0)
    expect(plan.out).toContain('Plan only; nothing is removed without --yes.')
    expect(plan.out).toContain(`run 1: ${threads.length} threads would be rolled back`)
    expect(plan.out).toContain('Next  cp-migrate rollback --yes')
    expect(report(await cli('rollback --json'))).toMatchObject({
      planOnly: true,
      rows: {
        checkpoints: before.checkpoints.length,
        writes: before.checkpoint_writes.length,
        blobs: before.checkpoint_blobs.length,
      },
    })
    expect(await tablesOf(url)).toEqual(before)
    expect(await statesOf(url)).toEqual(['done'])
  })

  test('leaves empty tables empty, says what it removed, and can be told from a run that stands', async () => {
    const { url, cli } = await migrated()
    const { checkpoints, checkpoint_writes, checkpoint_blobs } = await tablesOf(url)
    const done = await cli('rollback --yes --json')
    expect(done.exit).toBe(0)
    expect(report(done)).toMatchObject({
      planOnly: false,
      threads: { removed: threads.length, refused: 0 },
      rows: {
        checkpoints: checkpoints.length,
        writes: checkpoint_writes.length,
        blobs: checkpoint_blobs.length,
        restored: 0,
      },
      runs: [{ id: 1, isGone: true }],
    })
    expect(await tablesOf(url)).toEqual(EMPTY)
    expect(await statesOf(url)).toEqual(['rolled_back'])
    const again = await cli('rollback --yes')
    expect(again).toMatchObject({ exit: 0 })
    expect(again.out).toContain('nothing to roll back')
    expect(await cli('rollback --run 1')).toMatchObject({
      exit: 0,
      out: expect.stringContaining('run 1 was rolled back before'),
    })
    expect(await cli('rollback --run 7')).toMatchObject({ exit: 2 })
  })

  test('lets the same threads be moved again, as if nothing had been', async () => {
    const { url, cli } = await migrated()
    const before = await tablesOf(url)
    await cli('rollback --yes')
    expect((await cli('migrate --quiet')).exit).toBe(0)
    expect(await tablesOf(url)).toEqual(before)
    expect(await statesOf(url)).toEqual(['rolled_back', 'done'])
  })

  test('keeps rows that were there before, in threads that the run only completed', async () => {
    const { url, cli } = await migrated()
    await sql(url, 'TRUNCATE cp_migrate.threads, cp_migrate.runs RESTART IDENTITY')
    await sql(
      url,
      `DELETE FROM checkpoints c USING (
         SELECT thread_id, checkpoint_ns, checkpoint_id, row_number() OVER (
           PARTITION BY thread_id, checkpoint_ns ORDER BY checkpoint_id DESC) AS n FROM checkpoints) k
       WHERE c.thread_id = k.thread_id AND c.checkpoint_ns = k.checkpoint_ns AND c.checkpoint_id = k.checkpoint_id AND n <= 2`,
    )
    await sql(
      url,
      `DELETE FROM checkpoint_blobs b WHERE NOT EXISTS (
         SELECT FROM checkpoints c WHERE c.thread_id = b.thread_id AND c.checkpoint_ns = b.checkpoint_ns
           AND c.checkpoint -> 'channel_versions' ->> b.channel = b.version)`,
    )
    const before = await tablesOf(url)
    expect((await cli('migrate --quiet')).exit).toBe(0)
    expect((await tablesOf(url)).checkpoints.length).toBeGreaterThan(before.checkpoints.length)
    expect((await sql(url, 'SELECT 1 FROM cp_migrate.inserted')).length).toBeGreaterThan(0)
    expect((await cli('rollback --yes')).exit).toBe(0)
    expect(await tablesOf(url)).toEqual(before)
    expect(await sql(url, 'SELECT 1 FROM cp_migrate.inserted')).toEqual([])
  })
})

test.each(fixtures().map(({ name }) => [name] as const))('%s leaves nothing behind', async (name) => {
  const from = fixture(name)
  const { url: redis } = await freshRedis()
  await loadCase(from, redis)
  const url = await freshDatabase()
  const env = ends(redis, url)
  await commandLine(`init --quiet --dialect ${from.family === 'js' ? 'js' : 'python'}`, env)
  const { exit, err } = await commandLine(['migrate', '--quiet', ...from.flags], env)
  expect([0, 3], err).toContain(exit)
  expect((await tablesOf(url)).checkpoints).not.toEqual([])
  expect(await commandLine('rollback --yes --quiet', env)).toMatchObject({ exit: 0 })
  expect(await tablesOf(url)).toEqual(EMPTY)
})

describe('of several runs', () => {
  /** Three runs: a part of each thread, the rest of it, and rows that followed a change of their source. */
  async function threeRuns() {
    const own = await freshRedis()
    const lines = linesOf<KeyLine>(CASE, 'redis.jsonl')
    const documents = lines.filter(({ name }) => name?.startsWith('checkpoint:'))
    const newest = new Set(documents.filter((_, at) => at % 3 === 0).map(({ name }) => name))
    await loadRedis(
      lines.filter(({ name }) => !newest.has(name)),
      own.url,
    )
    const url = await freshDatabase()
    const cli = (line: string) => commandLine(line, ends(own.url, url))
    const states = [
      await (async () => {
        await cli('init --quiet')
        return tablesOf(url)
      })(),
    ]
    const run = async () => {
      const { exit } = await cli('migrate --quiet --allow-older-head')
      expect([0, 3]).toContain(exit)
      states.push(await tablesOf(url))
    }
    await run()
    await loadRedis(
      lines.filter(({ name }) => newest.has(name)),
      own.url,
    )
    await run()
    const redis = redisClient(own.url)
    for (const { name } of documents.slice(0, 12)) {
      const metadata = JSON.parse(String(await redis.call('JSON.GET', name!, '.metadata')))
      const changed = JSON.stringify({ ...JSON.parse(metadata), reviewed: true })
      await redis.call('JSON.SET', name!, '$.metadata', JSON.stringify(changed))
    }
    await run()
    return { url, cli, states }
  }

  test('the last goes alone, rows that it rewrote come back; then the others by their names, down to the beginning', async () => {
    const { url, cli, states } = await threeRuns()
    expect((await sql(url, 'SELECT 1 FROM cp_migrate.replaced')).length).toBeGreaterThan(5)
    expect(states[3]).not.toEqual(states[2])
    expect(states[2]).not.toEqual(states[1])
    const last = await cli('rollback --yes --json')
    expect(report(last).rows.restored).toBeGreaterThan(5)
    expect(await tablesOf(url)).toEqual(states[2])
    // Whoever did not see the first answer says the same again: that must not take the run before.
    expect(await cli('rollback --yes')).toMatchObject({
      exit: 0,
      out: expect.stringContaining('run 3 was rolled back before'),
    })
    expect(await tablesOf(url)).toEqual(states[2])
    expect((await cli('rollback --yes --run 2')).exit).toBe(0)
    expect(await tablesOf(url)).toEqual(states[1])
    expect((await cli('rollback --yes --to-before 1')).exit).toBe(0)
    expect(await tablesOf(url)).toEqual(EMPTY)
  })

  test('all go in one plan, newest first', async () => {
    const { url, cli, states } = await threeRuns()
    expect((await cli('rollback --to-before 2 --yes')).exit).toBe(0)
    expect(await tablesOf(url)).toEqual(states[1])
    const { url: other, cli: otherCli } = await threeRuns()
    expect((await otherCli('rollback --all --yes')).exit).toBe(0)
    expect(await tablesOf(other)).toEqual(EMPTY)
    expect(await statesOf(other)).toEqual(['rolled_back', 'rolled_back', 'rolled_back'])
  })

  test('an older one keeps the threads that a later one built on, and says which run that is', async () => {
    const { url, cli } = await threeRuns()
    const before = await tablesOf(url)
    const plan = report(await cli('rollback --run 1 --json'))
    expect(plan.exitCode).toBe(3)
    const refused = await cli('rollback --run 1 --yes')
    expect(refused.exit).toBe(3)
    expect(refused.out).toContain('a later run built on it')
    const touched = await sql<{ thread_id: string }>(
      url,
      'SELECT thread_id FROM cp_migrate.threads GROUP BY thread_id HAVING min(run_id) = 1 AND max(run_id) > 1',
    )
    expect(plan.refusals).toEqual({ 'built-on': touched.length })
    const after = await tablesOf(url)
    const kept = await sql<{ thread_id: string }>(url, 'SELECT DISTINCT thread_id FROM checkpoints')
    expect(kept.map(({ thread_id }) => thread_id)).toEqual(
      expect.arrayContaining(touched.map(({ thread_id }) => thread_id)),
    )
    expect(kept.length).toBeLessThan(new Set(before.checkpoints.map((line) => line.split(',')[0])).size)
    expect(before.checkpoints).toEqual(expect.arrayContaining([...after.checkpoints]))
  })
})

test('a thread that was cut by prune is said to be cut, one that was continued since to be continued', async () => {
  const { url, cli } = await migrated()
  const cut = JSON.parse((await cli('prune --latest-only --yes --json')).out).threads.pruned
  expect(cut).toBeGreaterThan(3)
  const [continued] = await sql<{ thread_id: string }>(
    url,
    `SELECT thread_id FROM cp_migrate.threads WHERE checkpoints > 2 ORDER BY 1 LIMIT 1`,
  )
  await continueThread(url, continued!.thread_id, LATER_ID)
  const plan = await cli('rollback')
  expect(plan.out).toContain('as prune does')
  const { refusals, refused } = report(await cli('rollback --json'))
  expect(Object.keys(refusals).sort()).toEqual(['continued', 'pruned'])
  expect(refusals.continued).toBe(1)
  expect(refused).toContainEqual(
    expect.objectContaining({ reason: 'continued', threadId: continued!.thread_id }),
  )
  expect((await cli('rollback --yes --discard-continued')).exit).toBe(0)
  expect(await tablesOf(url)).toEqual(EMPTY)
})

describe('a thread that the application has continued', () => {
  test('by a checkpoint, by a write or by a new value stays; with --discard-continued it goes whole', async () => {
    const { url, cli } = await migrated()
    const [checkpoint, write, value] = threads as [string, string, string]
    await continueThread(url, checkpoint, LATER_ID)
    await sql(
      url,
      `INSERT INTO checkpoint_writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob)
       SELECT thread_id, checkpoint_ns, checkpoint_id, 'task', 0, 'c', 'null', '' FROM checkpoints
       WHERE thread_id = $1 ORDER BY checkpoint_id DESC LIMIT 1`,
      [write],
    )
    await sql(url, `INSERT INTO checkpoint_blobs VALUES ($1, '', 'new', '9', 'null', '')`, [value])
    const before = await tablesOf(url)
    const plan = report(await cli('rollback --json'))
    expect(plan.refusals).toEqual({ continued: 3 })
    expect(plan.refused.map((thread: { threadId: string }) => thread.threadId).sort()).toEqual(
      [checkpoint, write, value].sort(),
    )
    const done = await cli('rollback --yes')
    expect(done.exit).toBe(3)
    expect(done.out).toContain('the application has continued it in Postgres')
    const left = await sql<{ thread_id: string }>(url, 'SELECT DISTINCT thread_id FROM checkpoints')
    expect(left.map(({ thread_id }) => thread_id).sort()).toEqual([checkpoint, write, value].sort())
    expect(before.checkpoints).toEqual(expect.arrayContaining([...(await tablesOf(url)).checkpoints]))
    expect(await statesOf(url)).toEqual(['done'])

    expect((await cli('rollback --yes --discard-continued')).exit).toBe(0)
    expect(await tablesOf(url)).toEqual(EMPTY)
    expect(await statesOf(url)).toEqual(['rolled_back'])
  })

  test('in part: what was there before the run stays, what stands on the run goes with it', async () => {
    const { url, cli } = await migrated()
    await sql(url, 'TRUNCATE cp_migrate.threads, cp_migrate.runs RESTART IDENTITY')
    const [threadId] = threads as [string]
    await sql(
      url,
      `DELETE FROM checkpoints WHERE thread_id = $1 AND checkpoint_ns = '' AND checkpoint_id = (
         SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = $1 AND checkpoint_ns = '')`,
      [threadId],
    )
    const before = await tablesOf(url)
    await cli('migrate --quiet')
    await continueThread(url, threadId, LATER_ID)
    expect((await cli('rollback --yes')).exit).toBe(3)
    expect((await cli('rollback --yes --discard-continued')).exit).toBe(0)
    expect((await tablesOf(url)).checkpoints).toEqual(before.checkpoints)
  })

  test('beside what the run completed is no reason to stop: history of others stays', async () => {
    const { url, cli } = await migrated()
    await sql(url, 'TRUNCATE cp_migrate.threads, cp_migrate.runs RESTART IDENTITY')
    const [threadId] = threads as [string]
    const olderId = '1e000000-0000-6000-8000-000000000001'
    await sql(url, 'DELETE FROM checkpoints WHERE thread_id = $1', [threadId])
    await sql(url, 'DELETE FROM checkpoint_writes WHERE thread_id = $1', [threadId])
    await sql(url, 'DELETE FROM checkpoint_blobs WHERE thread_id = $1', [threadId])
    await sql(
      url,
      `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata)
       VALUES ($1, '', $2, '{"v": 4, "channel_versions": {}}', '{}')`,
      [threadId, olderId],
    )
    const before = await tablesOf(url)
    await cli('migrate --quiet')
    expect((await tablesOf(url)).checkpoints.length).toBeGreaterThan(before.checkpoints.length)
    expect((await cli('rollback --yes')).exit).toBe(0)
    expect(await tablesOf(url)).toEqual(before)
  })
})

describe('when something comes in between', () => {
  test.each(['before', 'after'] as const)(
    'a wire cut %s every COMMIT loses nothing and removes nothing twice',
    async (when) => {
      const { url } = await migrated()
      let cuts = 0
      const proxy = await proxyTo(url, {
        // The first one takes the lock.
        atCommit: (moment, commit) => (moment === when && commit > 1 && cuts++ < 3 ? 'reset' : undefined),
      })
      const done = await commandLine('rollback --yes --json', ends(redisUrl, proxy.url(url)))
      expect(report(done).threads).toMatchObject({ removed: threads.length, refused: 0 })
      expect(done.exit).toBe(0)
      expect(await tablesOf(url)).toEqual(EMPTY)
      expect(await statesOf(url)).toEqual(['rolled_back'])
    },
  )

  test('rows that the application holds are given up after a while, all others go', async () => {
    const { url, cli } = await migrated()
    const [held] = threads as [string]
    const { default: pg } = await import('pg')
    const app = new pg.Client({ connectionString: url })
    await app.connect()
    await app.query('BEGIN')
    await app.query('SELECT FROM checkpoints WHERE thread_id = $1 FOR UPDATE', [held])
    const done = await cli('rollback --yes')
    await app.end()
    expect(done.exit).toBe(3)
    expect(done.out).toContain('the application held its rows all the time')
    const left = await sql<{ thread_id: string }>(url, 'SELECT DISTINCT thread_id FROM checkpoints')
    expect(left).toEqual([{ thread_id: held }])
    expect((await cli('rollback --yes')).exit).toBe(0)
    expect(await tablesOf(url)).toEqual(EMPTY)
  })

  test('a second one is kept out, and told who is at work', async () => {
    const { url, cli } = await migrated()
    const { takeLease } = await import('../../src/target/ledger/lease.js')
    const { openPostgres } = await import('../../src/target/connection/connect.js')
    const { parsePostgresUrl } = await import('../../src/commands/endpoint-url.js')
    const postgres = await openPostgres(parsePostgresUrl(url, {}), { writes: true })
    const lease = await takeLease(postgres, {
      schema: 'public',
      ledgerSchema: 'cp_migrate',
      verb: 'migrate',
      takeoverTimeoutMs: 1000,
    })
    const { exit, err } = await cli('rollback --yes')
    expect(exit).toBe(11)
    expect(err).toContain(`process ${process.pid}`)
    expect((await cli('rollback')).exit).toBe(0)
    await lease.release()
    await postgres.close()
  })

  test('a thread whose keys were purged is refused, whatever flag is given', async () => {
    const { url, cli } = await migrated()
    const [purged] = threads as [string]
    await sql(url, `UPDATE cp_migrate.threads SET progress = 'purging' WHERE thread_id = $1`, [purged])
    const plan = report(await cli('rollback --json'))
    expect(plan.refused).toMatchObject([{ threadId: purged, reason: 'purged' }])
    expect((await cli('rollback --yes --all --discard-continued')).exit).toBe(3)
    const left = await sql<{ thread_id: string }>(url, 'SELECT DISTINCT thread_id FROM checkpoints')
    expect(left).toEqual([{ thread_id: purged }])
  })
})

describe('what cannot be', () => {
  test.each([
    ['rollback --run 9', 'run 9 cannot be rolled back'],
    ['rollback --run 1 --all', 'exclude each other'],
    ['rollback --run first', '--run is not valid'],
  ])('%s exits 2', async (line, message) => {
    const { cli } = await migrated()
    const { exit, err } = await cli(line)
    expect(exit).toBe(2)
    expect(err).toContain(message)
  })

  test('a database without a ledger has nothing to take back', async () => {
    const url = await freshDatabase()
    const { exit, err } = await commandLine('rollback', ends(redisUrl, url))
    expect(exit).toBe(2)
    expect(err).toContain('there is no ledger')
  })
})
