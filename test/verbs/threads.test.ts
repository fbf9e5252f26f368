/** threads lists what real savers wrote, the same in Redis and, once it has moved, in Postgres. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { ListedThread, ThreadsReport } from '../../src/model/threads-report.js'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import { fixture, linesOf } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'

interface Row {
  readonly table: string
  readonly thread_id: string
}

let env: Record<string, string> = {}

async function listed(line: string, world = env): Promise<ThreadsReport & { readonly next: string | null }> {
  const { exit, out, err } = await commandLine(`threads --json ${line}`.trim(), world)
  expect(exit, err).toBe(0)
  return JSON.parse(out)
}

async function movedCase(name: string, dialect: string): Promise<Record<string, string>> {
  const redis = (await freshRedis()).url
  await loadCase(fixture(name), redis)
  const world = ends(redis, await freshDatabase())
  expect(await commandLine(`init --dialect ${dialect}`, world)).toMatchObject({ exit: 0 })
  const { exit, err } = await commandLine(['migrate', ...fixture(name).flags], world)
  expect([0, 3], err).toContain(exit)
  return world
}

const CASES = [
  ['python/0.5.2-full', 'python'],
  ['python/0.1.3-full', 'python'],
  ['python/0.5.2-shallow-sync', 'python'],
  ['js/1.0.11-full', 'js'],
  ['js/1.0.11-shallow', 'js'],
] as const

describe.each(CASES)('%s', (name, dialect) => {
  let world: Record<string, string> = {}
  beforeAll(async () => {
    world = await movedCase(name, dialect)
  })

  test('has the threads and checkpoints that the official savers gave, in Redis and in Postgres', async () => {
    const [inRedis, inPostgres] = [
      await listed('--limit 10000', world),
      await listed('--in postgres --limit 10000', world),
    ]
    const wanted = new Map<string, number>()
    for (const { table, thread_id } of linesOf<Row>(fixture(name), 'golden.pg.jsonl'))
      if (table === 'checkpoints') wanted.set(thread_id, (wanted.get(thread_id) ?? 0) + 1)
    const counts = (report: ThreadsReport) =>
      new Map(report.threads.map(({ threadId, checkpoints }) => [threadId, checkpoints]))
    expect(counts(inPostgres)).toEqual(wanted)
    for (const [id, checkpoints] of wanted) expect(counts(inRedis).get(id), id).toBe(checkpoints)
    expect(inRedis.engine).toBe('redis')
    expect(inPostgres).toMatchObject({ engine: 'postgres', total: wanted.size, matching: wanted.size })
  })

  test('is told of the same in both: namespaces, last activity, what waits', async () => {
    const redis = new Map((await listed('--limit 10000', world)).threads.map((one) => [one.threadId, one]))
    const { threads } = await listed('--in postgres --limit 10000', world)
    const facts = ({ namespaces, lastAt, state, dialect: language }: ListedThread) => ({
      namespaces,
      lastAt,
      state,
      language,
    })
    for (const thread of threads)
      expect({ id: thread.threadId, ...facts(thread) }).toEqual({
        id: thread.threadId,
        ...facts(redis.get(thread.threadId)!),
      })
    expect(new Set(threads.map(({ state }) => state)).has('waiting')).toBe(true)
    expect(threads.every(({ bytes }) => bytes! > 0)).toBe(true)
  })
})

describe('a list', () => {
  beforeAll(async () => {
    env = await movedCase('python/0.5.2-full', 'python')
  })

  test.each(['redis', 'postgres'])('of %s can be filtered, and counts what it does not show', async (end) => {
    const all = await listed(`--in ${end}`)
    const waiting = await listed(`--in ${end} --waiting --limit 2`)
    expect(waiting.threads).toHaveLength(2)
    expect(waiting.threads.every(({ state }) => state === 'waiting')).toBe(true)
    expect(waiting.matching).toBe(all.threads.filter(({ state }) => state === 'waiting').length)
    expect(waiting.total).toBe(all.total)
    const matched = await listed(`--in ${end} --match approve-* --match fork*`)
    expect(matched.matching).toBeGreaterThan(1)
    expect(matched.threads.every(({ threadId }) => /^(approve-|fork)/.test(threadId))).toBe(true)
    expect((await listed(`--in ${end} --newer-than 1s`)).threads).toEqual([])
    const [newest] = all.threads
    const idleMs = Date.now() - Date.parse(newest!.lastAt!)
    const older = await listed(
      `--in ${end} --older-than ${Math.floor(Math.max(idleMs, 1000) / 1000) * 1000 - 1}ms`,
    )
    expect(older.matching).toBe(all.matching)
  })

  test.each(['redis', 'postgres'])('of %s is in the order that was asked for', async (end) => {
    const by = async (sort: string) => (await listed(`--in ${end} --sort ${sort}`)).threads
    const sorted = <Key extends keyof ListedThread>(threads: readonly ListedThread[], key: Key) =>
      threads.map((one) => one[key])
    expect(sorted(await by('id'), 'threadId')).toEqual(sorted(await by('id'), 'threadId').toSorted())
    for (const [sort, key] of [
      ['size', 'bytes'],
      ['checkpoints', 'checkpoints'],
    ] as const) {
      const values = sorted(await by(sort), key) as number[]
      expect(values).toEqual(values.toSorted((a, b) => b - a))
      expect(new Set(values).size).toBeGreaterThan(2)
    }
    const times = sorted(await by('last'), 'lastAt') as string[]
    expect(times).toEqual(times.toSorted().reverse())
  })

  test('says what threads wait for, and how to look at them', async () => {
    const { threads, next } = await listed('--match approve-pending')
    expect(threads).toMatchObject([
      { threadId: 'approve-pending', state: 'waiting', layouts: ['python-full'] },
    ])
    expect(next).toBe('cp-migrate inspect --as-thread -- approve-pending')
    expect((await commandLine(next!.slice('cp-migrate '.length), env)).exit).toBe(0)
    expect((await listed('--match parallel-fail')).threads).toMatchObject([{ state: 'failed' }])
  })

  test('fits 80 columns, with ids whole and at the end', async () => {
    for (const end of ['redis', 'postgres']) {
      const { out, exit }: CommandRun = await commandLine(`threads --in ${end} --sort id`, env)
      expect(exit).toBe(0)
      const lines = out.split('\n').filter((line) => !/^Next/.test(line))
      const ids = (await listed(`--in ${end} --sort id`)).threads.map(({ threadId }) => threadId)
      for (const id of ids.filter((one) => /^[\w-]+$/.test(one)))
        expect(
          lines.some((line) => line.endsWith(`  ${id}`)),
          id,
        ).toBe(true)
      expect(
        lines.filter((line) => line.length > 80 && !ids.some((id) => id.length > 36 && line.endsWith(id))),
      ).toEqual([])
      expect(out).toMatch(/^\d+ threads · \d+ waiting · \d+ checkpoints · [\d.]+ [KM]iB, last|by id\n/)
    }
    const { out } = await commandLine('threads --quiet', env)
    expect(out.split('\n')).toHaveLength(2)
  })

  test('of two ends is of the one that a flag names', async () => {
    const flagged = await listed(`--postgres ${env.CHECKPOINT_DB_URI}`)
    expect(flagged.engine).toBe('postgres')
    expect((await commandLine('threads', {})).exit).toBe(2)
  })

  test('of a database without the tables says what is missing', async () => {
    const { exit, err } = await commandLine('threads', { CHECKPOINT_DB_URI: await freshDatabase() })
    expect(exit).toBe(2)
    expect(err).toContain('lacks table checkpoint')
  })

  test('does not stumble over checkpoints that no saver would write', async () => {
    const postgres = env.CHECKPOINT_DB_URI!
    await sql(
      postgres,
      `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint, metadata) VALUES
        ('odd', '', 'x', '{"ts":"2024-02-03T04:05:06+00:00","channel_versions":null,"versions_seen":[1]}', '{}'),
        ('odder', 'only:below', 'y', '3', 'null')`,
    )
    const { threads } = await listed('--in postgres --match odd* --sort id')
    expect(threads).toMatchObject([
      { threadId: 'odd', lastAt: '2024-02-03T04:05:06.000Z', state: 'done', dialect: null },
      { threadId: 'odder', lastAt: null, state: null, namespaces: 1 },
    ])
    await sql(postgres, `DELETE FROM checkpoints WHERE thread_id IN ('odd', 'odder')`)
  })
})
