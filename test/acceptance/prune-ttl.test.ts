/** prune --by-redis-ttl: what Redis would have let expire goes from Postgres, neither earlier nor anything else. */
import { beforeAll, expect, it } from 'vitest'
import type { PruneReport } from '../../src/model/prune-report.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const HOUR_MS = 3_600_000
/** Thread → hours that its keys still live. The others have no TTL, and of `prims` one key has none. */
const HOURS: Readonly<Record<string, number>> = { fork: 1, topic: 1, prims: 1, 'int-pending': 10 }

let env: Record<string, string> = {}

async function pruned(line: string, hoursLater: number): Promise<PruneReport> {
  const now = () => Date.now() + hoursLater * HOUR_MS
  const { out, err } = await commandLine(`prune --by-redis-ttl --json${line}`, env, { now })
  if (out === '') throw new Error(err)
  return JSON.parse(out)
}

async function threadsLeft(): Promise<string[]> {
  const rows = await sql(env.CHECKPOINT_DB_URI!, 'SELECT DISTINCT thread_id FROM checkpoints')
  return rows.map(({ thread_id }) => String(thread_id)).sort()
}

beforeAll(async () => {
  const { url } = await freshRedis()
  await loadCase(fixture('python/0.5.2-full'), url)
  const redis = redisClient(url)
  for (const [threadId, hours] of Object.entries(HOURS))
    for (const key of await redis.keys(`checkpoint*:${threadId}:*`)) await redis.pexpire(key, hours * HOUR_MS)
  const [key] = await redis.keys('checkpoint:prims:*')
  await redis.persist(key!)
  env = ends(url, await freshDatabase())
  await commandLine('init --dialect python', env)
  await commandLine('migrate', env)
  // The application goes on with one of them.
  await sql(
    env.CHECKPOINT_DB_URI!,
    `UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{ts}', to_jsonb(now()))
     WHERE checkpoint_id = (SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = 'topic')`,
  )
})

it('nothing goes before Redis would have let it go', async () => {
  const { threads } = await pruned('', 0.5)
  expect(threads).toMatchObject({ pruned: 0, refused: 0, ageUnknown: 0 })
  expect(threads.withoutTtl).toBe(threads.looked - 3)
})

it('whole threads go once their last key would have expired, and of them only those that were not continued', async () => {
  const before = await threadsLeft()
  const plan = await pruned('', 2)
  expect(await threadsLeft()).toEqual(before)
  const report = await pruned(' --yes', 2)
  expect(report.rows).toEqual(plan.rows)
  expect(await threadsLeft()).toEqual(before.filter((threadId) => threadId !== 'fork'))
  for (const table of ['checkpoint_blobs', 'checkpoint_writes'])
    expect(await sql(env.CHECKPOINT_DB_URI!, `SELECT 1 FROM ${table} WHERE thread_id = 'fork'`)).toEqual([])
})

it('a thread that was continued goes as long after that as it would have in Redis', async () => {
  const [row] = await sql(
    env.CHECKPOINT_DB_URI!,
    `SELECT extract(epoch FROM now() - latest_at) / 3600 AS idle FROM cp_migrate.current_threads WHERE thread_id = 'topic'`,
  )
  const idleHours = Number(row!.idle)
  expect((await pruned(' --thread topic', idleHours + 0.5)).threads.pruned).toBe(0)
  expect((await pruned(' --thread topic', idleHours + 2)).threads.pruned).toBe(1)
})

it('is a rule of its own, and needs the ledger', async () => {
  expect((await commandLine('prune --by-redis-ttl --latest-only', env)).exit).toBe(2)
  await commandLine('ledger drop --yes', env)
  const { exit, err } = await commandLine('prune --by-redis-ttl', env)
  expect([exit, err]).toEqual([2, expect.stringContaining('there is no ledger')])
})
