/** Real databases of the official JavaScript savers, migrated and read back by their official Postgres saver. */
import { describe, expect, test } from 'vitest'
import { type Case, fixture, fixtures, fullCorpora, linesOf } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { judgeJs } from '../judge/javascript.js'
import { isSame } from '../judge/javascript-values.js'
import { judgeCase } from '../judge/judge.js'
import { postgresSaver } from '../services/javascript.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const full = new Set(fullCorpora().map(({ folder }) => folder))

async function loaded(from: Case) {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await loadCase(from, redisUrl)
  return { postgresUrl, env: ends(redisUrl, postgresUrl) }
}

describe.each([...fixtures('js'), ...fullCorpora('js')])('$name', (from) => {
  const size = full.has(from.folder) ? 'whole' : 'selection'

  test(`every checkpoint is what the Redis saver holds, forks with their own values (${size})`, async () => {
    const { env, postgresUrl } = await loaded(from)
    expect(await commandLine('init --dialect js', env)).toMatchObject({ exit: 0 })
    expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
    const verdict = await judgeJs(from, postgresUrl)
    const { checkpoints } = verdict
    expect(verdict).toMatchObject({ equal: checkpoints, missing: 0, extra: 0, differences: [] })
    if (from.name.includes('full')) expect(verdict.renumbered).toBeGreaterThan(0)
  })

  test(`blobs are those of the official writer, where that is right (${size})`, async () => {
    const { env, postgresUrl } = await loaded(from)
    await commandLine('init --dialect js', env)
    await commandLine('migrate', env)
    const { differing, golden, equalBytes } = await comparedBlobs(from, postgresUrl)
    // Of two forks with one number that writer keeps the older one's value for both.
    expect(differing.filter((row) => row.thread_id !== 'fork-1')).toEqual([])
    expect(equalBytes).toBeGreaterThan(golden * 0.9)
  })
})

interface GoldenRow {
  readonly table: string
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly channel: string
  readonly version: string
  readonly type: string
  readonly blob: string | null
}

/** Values are compared as they are read: Redis spells some numbers in another way, and has a name on Sends that nobody reads. */
async function comparedBlobs(from: Case, postgresUrl: string) {
  const rows = await sql<GoldenRow>(
    postgresUrl,
    `SELECT thread_id, checkpoint_ns, channel, version, type, replace(encode(blob, 'base64'), E'\\n', '') AS blob
     FROM checkpoint_blobs`,
  )
  const keyOf = (row: GoldenRow) => [row.thread_id, row.checkpoint_ns, row.channel, row.version].join('\0')
  const stored = new Map(rows.map((row) => [keyOf(row), row]))
  const golden = linesOf<GoldenRow>(from, 'golden.pg.jsonl').filter((row) => row.table === 'checkpoint_blobs')
  const isEqual = (row: GoldenRow) => stored.get(keyOf(row))?.blob === row.blob
  return {
    golden: golden.length,
    equalBytes: golden.filter(isEqual).length,
    differing: golden.filter((row) => {
      const own = stored.get(keyOf(row))
      return own?.type !== row.type || !isSame(decoded(own.blob), decoded(row.blob))
    }),
  }
}

const decoded = (blob: string | null): unknown =>
  blob === null ? null : JSON.parse(Buffer.from(blob, 'base64').toString())

describe('a second pass over a JavaScript source', () => {
  test('writes nothing, renumbered forks included', async () => {
    const { env } = await loaded(fixture('js/1.0.11-full'))
    await commandLine('init --dialect js', env)
    await commandLine('migrate', env)
    const { out } = await commandLine('migrate --json', env)
    const { checkpoints, blobs, writes } = JSON.parse(out)
    for (const counts of [checkpoints, blobs, writes])
      expect(counts).toMatchObject({ inserted: 0, updated: 0 })
  })
})

describe('tables', () => {
  test('that the official saver made are taken as they are', async () => {
    const { env, postgresUrl } = await loaded(fixture('js/1.0.9-full'))
    await (await postgresSaver(postgresUrl)).setup()
    expect(await commandLine('init --dialect js', env)).toMatchObject({ exit: 0 })
    expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
  })

  test('of the JavaScript saver take no rows of Python', async () => {
    const { env } = await loaded(fixture('python/0.5.2-prefixes-ttl'))
    await commandLine('init --dialect js', env)
    const { flags } = fixture('python/0.5.2-prefixes-ttl')
    const { exit, err } = await commandLine(['migrate', ...flags], env)
    expect(exit).toBe(2)
    expect(err).toContain('it lacks column checkpoint_writes.task_path')
  })
})

describe('the schema', () => {
  test('is public unless told otherwise, where the JavaScript saver looks whatever the search path says', async () => {
    const { env, postgresUrl } = await loaded(fixture('js/1.0.9-full'))
    await sql(postgresUrl, 'CREATE SCHEMA app')
    await sql(
      postgresUrl,
      `ALTER DATABASE ${new URL(postgresUrl).pathname.slice(1)} SET search_path TO app, public`,
    )
    await commandLine('init', env)
    const misled = await commandLine('migrate', env)
    expect(misled).toMatchObject({
      exit: 2,
      err: expect.stringContaining('looks in public (--schema public)'),
    })
    expect(await commandLine('init --dialect js', env)).toMatchObject({ exit: 0 })
    expect(await commandLine('migrate --dialect js', env)).toMatchObject({ exit: 0 })
    const verdict = await judgeJs(fixture('js/1.0.9-full'), postgresUrl)
    expect(verdict).toMatchObject({ equal: verdict.checkpoints, missing: 0 })
  })
})

describe('a Redis with threads of both languages', () => {
  const [python, js] = [fixture('python/0.5.2-full'), fixture('js/1.0.11-full')]
  const threadsOf = (from: Case) =>
    new Set(linesOf<{ thread_id: string }>(from, 'expected.jsonl').map((line) => line.thread_id))

  async function loadedBoth() {
    const { postgresUrl, env } = await loaded(python)
    await loadCase(js, env.REDIS_URL!)
    return { postgresUrl, env }
  }

  test('is refused until one of them is chosen', async () => {
    const { env } = await loadedBoth()
    await commandLine('init', env)
    const { exit, err } = await commandLine('migrate', env)
    expect(exit).toBe(2)
    expect(err).toContain('--dialect python, and with --dialect js --schema ANOTHER')
  })

  test('goes into two schemas, each run naming the threads that are not its own', async () => {
    const { env, postgresUrl } = await loadedBoth()
    const runs = [
      // A write without a checkpoint may belong to one in the target: its thread is named like the others.
      { flags: '--dialect python', others: new Set([...threadsOf(js), 'orphan']) },
      { flags: '--dialect js --schema js', others: threadsOf(python) },
    ]
    for (const { flags, others } of runs) {
      await commandLine(`init ${flags}`, env)
      const { exit, out } = await commandLine(`migrate --json ${flags}`, env)
      expect(exit).toBe(3)
      const found = JSON.parse(out).findings.find(
        (entry: { reason: string }) => entry.reason === 'other-dialect',
      )
      expect(found.count).toBe(others.size)
      expect(new Set(found.samples.map((sample: { threadId: string }) => sample.threadId))).toEqual(others)
    }
    const { checkpoints, ...verdict } = await judgeJs(js, postgresUrl, 'js')
    expect(verdict).toMatchObject({ equal: checkpoints, missing: 0, extra: 0 })
    expect(await judgeCase(python, postgresUrl)).toMatchObject({ missing: 0, extra: 0, writeRowsMissing: 0 })
  })
})
