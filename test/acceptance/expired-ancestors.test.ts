/** Passes between which the source forgets: what came first has expired when the rest comes, and the target ends as if all had come at once. */
import { describe, expect, it } from 'vitest'
import { type Case, fixture, linesOf } from '../corpus/cases.js'
import { type KeyLine, loadRedis } from '../corpus/load.js'
import { judgeJs } from '../judge/javascript.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const TABLES = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'] as const
interface Ids {
  readonly thread_id: string
  readonly checkpoint_id: string
}
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-6[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/

async function contentOf(url: string): Promise<Record<string, string[]>> {
  const content: Record<string, string[]> = {}
  for (const table of TABLES) {
    const rows = await sql<{ row: string }>(url, `SELECT t::text AS row FROM ${table} t ORDER BY 1`)
    content[table] = rows.map(({ row }) => row)
  }
  return content
}

/** Each thread in three parts, by the ids in the names of keys; keys without an id are in the last. */
function thirdsOf(from: Case): [KeyLine[], KeyLine[], KeyLine[]] {
  const ids = new Map<string, Set<string>>()
  for (const { thread_id, checkpoint_id } of linesOf<Ids>(from, 'expected.jsonl'))
    ids.set(thread_id, (ids.get(thread_id) ?? new Set()).add(checkpoint_id))
  const partOf = new Map<string, number>()
  for (const all of ids.values())
    for (const [at, id] of [...all].sort().entries()) partOf.set(id, Math.floor((at * 3) / all.size))
  const parts: [KeyLine[], KeyLine[], KeyLine[]] = [[], [], []]
  for (const line of linesOf<KeyLine>(from, 'redis.jsonl')) {
    const id = ID.exec(Buffer.from(line.key, 'base64').toString())?.[0]
    parts[partOf.get(id ?? '') ?? 2]!.push(line)
  }
  return parts
}

async function migrated(from: Case, passes: readonly (readonly KeyLine[])[]) {
  const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
  const redis = redisClient(url)
  const env = ends(url, postgres)
  await commandLine(`init --dialect ${from.family === 'js' ? 'js' : 'python'}`, env)
  for (const lines of passes) {
    await redis.flushdb()
    await loadRedis(lines, url)
    const { exit, err, out } = await commandLine(['migrate', ...from.flags], env)
    expect([0, 3], err + out).toContain(exit)
    const verified = await commandLine(['verify', ...from.flags], env)
    expect(verified.exit, verified.out).toBe(0)
  }
  return { postgres, content: await contentOf(postgres) }
}

describe('a source whose older checkpoints expire between the passes', () => {
  it.each([
    'python/0.5.2-mutated',
    'python/0.1.3-full',
    'pickle/f1-protocol4',
    'pickle/f3',
    'pickle/f6',
    'plain/c3-dollar',
    'plain/d1-valkey',
    'js/1.0.11-full',
    'js/1.0.9-full',
  ])('%s: versions, forks and values go on where the target stands', async (name) => {
    const from = fixture(name)
    const [first, second, third] = thirdsOf(from)
    expect(Math.min(first.length, second.length)).toBeGreaterThan(5)
    const passes = await migrated(from, [[...first, ...second], [...second, ...third], third])
    if (from.family === 'js') {
      // Forks that come later take other numbers; what stands under them is the same.
      const { checkpoints, ...verdict } = await judgeJs(from, passes.postgres)
      expect(verdict).toMatchObject({ equal: checkpoints, missing: 0, extra: 0, differences: [] })
      return
    }
    const whole = await migrated(from, [[...first, ...second, ...third]])
    for (const table of TABLES) {
      const [a, b] = [new Set(whole.content[table]), new Set(passes.content[table])]
      const missing = whole.content[table]!.filter((row) => !b.has(row))
      const extra = passes.content[table]!.filter((row) => !a.has(row))
      expect.soft({ table, missing, extra }).toEqual({ table, missing: [], extra: [] })
    }
  })
})
