/** What a migration left out on purpose: a purge leaves it, until it is told to take it; and then nothing else goes with it. */
import { describe, expect, it } from 'vitest'
import { unpackKeys } from '../../src/target/ledger/pack.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'

const STRANGERS = ['session:1', 'store:01ABC', 'checkpoint_write:strange']

async function migrated(name: string, flags: string) {
  const from = fixture(name)
  const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
  await loadCase(from, url)
  const redis = redisClient(url)
  for (const key of STRANGERS) await redis.set(key, 'not ours')
  const env = ends(url, postgres)
  const line = async (text: string) => {
    const run = await commandLine(text, env)
    expect([0, 3], run.err + run.out).toContain(run.exit)
    return run.out
  }
  await line(`init --dialect ${from.family === 'js' ? 'js' : 'python'}`)
  await line(`migrate ${flags}`)
  await line('verify')
  const keys = async () => new Set(await redis.keys('*'))
  const purge = async (more = '') => JSON.parse(await line(`purge-redis --json --older-than 0 --yes${more}`))
  return { env, redis, postgres, keys, purge, line }
}

/** Keys by what the ledger says of them. */
async function recorded(postgres: string): Promise<Map<string, string>> {
  const rows = await sql<{ source_keys: Buffer | null }>(
    postgres,
    'SELECT source_keys FROM cp_migrate.threads',
  )
  return new Map(
    rows.flatMap(({ source_keys: packed }) =>
      packed === null
        ? []
        : [...unpackKeys(packed)].map(({ key, use }): [string, string] => [key.toString(), use]),
    ),
  )
}

describe('checkpoints that --latest-only left out', () => {
  it.each([
    'python/0.5.2-full',
    'python/0.0.8-full',
    'pickle/f4',
    'plain/c3-dollar',
    'plain/d1-valkey',
    'plain/e1-plainredis',
    'js/1.0.11-full',
  ])('of %s stay, and go with --include-skipped; rows in Postgres stay as they were', async (name) => {
    const { postgres, keys, purge, line } = await migrated(name, '--latest-only')
    const before = await keys()
    const uses = await recorded(postgres)
    const skipped = [...before].filter((key) => uses.get(key) === 'skipped')
    expect(skipped.length).toBeGreaterThan(5)
    const rows = () =>
      sql(
        postgres,
        'SELECT thread_id, checkpoint_ns, checkpoint_id, metadata FROM checkpoints ORDER BY 1, 2, 3',
      )
    const stood = await rows()

    const plain = await purge()
    const left = await keys()
    expect(plain.keys.deleted).toBeGreaterThan(0)
    expect(skipped.filter((key) => !left.has(key))).toEqual([])

    const plan = JSON.parse(await line('purge-redis --json --older-than 0 --include-skipped'))
    expect(await keys()).toEqual(left)
    const { keys: counts, listed } = await purge(' --include-skipped')
    const after = await keys()
    const gone = [...left].filter((key) => !after.has(key))
    // Indexes of what was left stayed with it.
    const content = gone.filter((key) => uses.get(key) !== 'index')
    expect(content.sort()).toEqual(skipped.filter((key) => left.has(key)).sort())
    expect(plan.keys.deleted).toBe(counts.deleted)
    expect(counts.deleted).toBe(gone.length)
    expect(listed.every(({ why }: { why: string }) => why === 'skipped')).toBe(true)
    for (const key of STRANGERS) expect(after).toContain(key)
    expect(await rows()).toEqual(stood)
  })

  it('stay where one of them has changed since', async () => {
    const { postgres, redis, purge } = await migrated('python/0.5.2-mutated', '--latest-only')
    const skipped = [...(await recorded(postgres))].flatMap(([key, use]) => (use === 'skipped' ? [key] : []))
    const changed = skipped.find((key) => key.startsWith('checkpoint:'))!
    await redis.call('JSON.SET', changed, '$.has_writes', '"changed"')
    const report = await purge(' --include-skipped')
    expect(report.lefts).toMatchObject({ changed: 1 })
    expect(await redis.exists(changed)).toBe(1)
  })
})

const DAY_MS = 24 * 3600 * 1000

/** A version 6 UUID of that time. */
function uuid6(ms: number): string {
  const steps = (BigInt(ms) * 10_000n + 0x01b21dd213814000n).toString(16).padStart(15, '0')
  return `${steps.slice(0, 8)}-${steps.slice(8, 12)}-6${steps.slice(12, 15)}-8000-000000000000`
}

describe('threads that --newer-than left out', () => {
  const documentOf = (thread: string, id: string, shallow: boolean) => ({
    thread_id: thread,
    checkpoint_ns: '__empty__',
    checkpoint_id: id,
    ...(!shallow && { parent_checkpoint_id: '', has_writes: false }),
    checkpoint: { v: 4, id, type: 'json', channel_values: {}, channel_versions: {}, versions_seen: {} },
    metadata: '{}',
    checkpoint_ts: 1,
  })

  async function aged(flags = '--newer-than 30d') {
    const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
    const redis = redisClient(url)
    const env = ends(url, postgres)
    const [old, young] = [uuid6(Date.now() - 90 * DAY_MS), uuid6(Date.now() - DAY_MS)]
    const put = (thread: string, id: string) =>
      redis.call(
        'JSON.SET',
        `checkpoint:${thread}:__empty__:${id}`,
        '$',
        JSON.stringify(documentOf(thread, id, false)),
      )
    const putShallow = (thread: string, id: string) =>
      redis.call('JSON.SET', `checkpoint:${thread}:`, '$', JSON.stringify(documentOf(thread, id, true)))
    await put('old', old)
    await redis.set(`checkpoint_latest:old:__empty__`, `checkpoint:old:__empty__:${old}`)
    await put('young', young)
    await putShallow('old and shallow', old)
    await redis.set('session:1', 'not ours')
    const line = async (text: string, exits: readonly number[] = [0]) => {
      const run = await commandLine(text, env)
      expect(exits, run.err + run.out).toContain(run.exit)
      return run.out
    }
    await line('init')
    await line(`migrate ${flags}`)
    await line('verify')
    const purge = async (more = '') =>
      JSON.parse(await line(`purge-redis --json --older-than 0 --yes${more}`))
    const threads = async () =>
      [...new Set((await redis.keys('checkpoint:*')).map((key) => key.split(':')[1]))].sort()
    return { redis, put, putShallow, purge, threads, line }
  }

  it('stay, are named as such, and go with --include-skipped; nothing else does', async () => {
    const { redis, purge, threads, line } = await aged()
    const first = await purge()
    expect(first.lefts).toEqual({ skipped: 2 })
    expect(await threads()).toEqual(['old', 'old and shallow'])
    expect(await line('purge-redis --older-than 0')).toContain('--include-skipped')
    const second = await purge(' --include-skipped')
    const listed = second.listed.map(({ threadId, why }: Record<string, string>) => `${why}: ${threadId}`)
    expect(listed.sort()).toEqual(['skipped: old', 'skipped: old and shallow'])
    expect(await redis.keys('*')).toEqual(['session:1'])
  })

  it('are no longer left out when somebody has written to them', async () => {
    const { put, putShallow, purge, threads } = await aged()
    const now = uuid6(Date.now())
    await put('old', now)
    await putShallow('old and shallow', now)
    expect((await purge(' --include-skipped')).lefts).toEqual({ 'not-migrated': 2 })
    expect(await threads()).toEqual(['old', 'old and shallow'])
  })

  it('and threads that wait for another run, or were not asked for, are not taken', async () => {
    for (const flags of [
      '--older-than 100d',
      '--newer-than 30d --thread young',
      '--newer-than 30d --limit 1',
    ]) {
      const { purge, threads } = await aged(flags)
      const { lefts } = await purge(' --include-skipped')
      expect(lefts).toEqual({ 'not-migrated': flags.startsWith('--older') ? 3 : 2 })
      expect(await threads()).toContain('old')
    }
  })

  it('are taken only once when a later run has moved them, and was undone', async () => {
    const { purge, threads, line } = await aged()
    await line('migrate')
    await line('rollback --yes')
    expect((await purge(' --include-skipped')).lefts).toEqual({ 'not-migrated': 2 })
    expect(await threads()).toEqual(['old', 'old and shallow'])
  })
})
