/** prune leaves what the official prune() leaves, says before what it will do, and takes nothing that is needed. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { PruneReport } from '../../src/model/prune-report.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { tablesOf } from '../verbs/tables.js'
import { commandLine, ends } from './command-line.js'

const PRUNE = join(import.meta.dirname, 'prune.py')
/** prune() also clears links that led nowhere before. */
const CLEAR_DANGLING = `UPDATE checkpoints c SET parent_checkpoint_id = NULL WHERE NOT EXISTS (
  SELECT 1 FROM checkpoints p WHERE p.thread_id = c.thread_id AND p.checkpoint_ns = c.checkpoint_ns
    AND p.checkpoint_id = c.parent_checkpoint_id)`

async function moved(name: string, dialect: string): Promise<Record<string, string>> {
  const { url } = await freshRedis()
  await loadCase(fixture(name), url)
  const env = ends(url, await freshDatabase())
  await commandLine(`init --dialect ${dialect}`, env)
  await commandLine('migrate', env)
  return env
}

async function pruned(
  line: string,
  env: Record<string, string>,
): Promise<PruneReport & { exitCode: number }> {
  const { out, err, exit } = await commandLine(`prune ${line} --json`, env)
  if (out === '') throw new Error(err)
  const report = JSON.parse(out)
  expect(report.exitCode).toBe(exit)
  return report
}

const rowsOf = (tables: Awaited<ReturnType<typeof tablesOf>>): number =>
  Object.values(tables).reduce((sum, rows) => sum + rows.length, 0)

describe.each([
  ['python/0.5.2-full', 'python'],
  ['python/0.0.8-full', 'python'],
  ['js/1.0.11-full', 'js'],
])('%s', (name, dialect) => {
  it('is left with --latest-only as the official prune() leaves it, which takes it for no damage', async () => {
    const [official, ours] = [await moved(name, dialect), await moved(name, dialect)]
    const refused: string[] = JSON.parse(await runPython(PRUNE, { args: [official.CHECKPOINT_DB_URI!] }))
    const url = ours.CHECKPOINT_DB_URI!
    const before = await tablesOf(url)
    const plan = await pruned('--latest-only', ours)
    expect(await tablesOf(url)).toEqual(before)
    const report = await pruned('--latest-only --yes', ours)
    expect(report.exitCode).toBe(0)
    expect(plan.rows).toEqual(report.rows)
    const { checkpoints, writes, blobs } = report.rows
    expect(rowsOf(before) - rowsOf(await tablesOf(url))).toBe(checkpoints + writes + blobs)
    expect(checkpoints).toBeGreaterThan(5)
    for (const { threadId } of report.refused) expect(refused).toContain(threadId)
    for (const end of [official, ours]) await sql(end.CHECKPOINT_DB_URI!, CLEAR_DANGLING)
    expect(await tablesOf(url)).toEqual(await tablesOf(official.CHECKPOINT_DB_URI!))
    expect((await pruned('--latest-only --yes', ours)).threads.pruned).toBe(0)
  })
})

describe('a target', () => {
  let env: Record<string, string> = {}
  beforeAll(async () => {
    env = await moved('python/0.5.2-full', 'python')
  })
  const checkpoints = (where = 'true') =>
    sql(env.CHECKPOINT_DB_URI!, `SELECT checkpoint_id FROM checkpoints WHERE ${where} ORDER BY 1`)

  it('keeps so many of each namespace, of the threads that are named', async () => {
    const others = await checkpoints(`thread_id <> 'fork'`)
    const newest = (await checkpoints(`thread_id = 'fork'`)).slice(-3)
    const report = await pruned('--keep-last 3 --thread fork --yes', env)
    expect(report.threads).toMatchObject({ looked: 1, pruned: 1 })
    expect(await checkpoints(`thread_id = 'fork'`)).toEqual(newest)
    expect(await checkpoints(`thread_id <> 'fork'`)).toEqual(others)
    expect((await commandLine('verify', env)).exit).toBe(0)
    expect((await pruned('--keep-last 3 --thread nobody --yes', env)).exitCode).toBe(3)
  })

  it('keeps the checkpoint that the saver finds newest, by the order of the database', async () => {
    const url = await freshDatabase()
    await commandLine('init', ends('', url))
    // 'a' comes before 'B' here, and behind it in the order of bytes.
    await sql(url, 'ALTER TABLE checkpoints ALTER COLUMN checkpoint_id TYPE text COLLATE "en-x-icu"')
    for (const id of ['a', 'B'])
      await sql(
        url,
        `INSERT INTO checkpoints (thread_id, checkpoint_id, checkpoint) VALUES ('t', $1, '{"v": 4, "channel_versions": {}}')`,
        [id],
      )
    const newest = await sql(url, 'SELECT checkpoint_id FROM checkpoints ORDER BY checkpoint_id DESC LIMIT 1')
    expect((await commandLine('prune --latest-only --yes', ends('', url))).exit).toBe(0)
    expect(await sql(url, 'SELECT checkpoint_id FROM checkpoints')).toEqual(newest)
  })

  it('says the command that does it with the rule as a shell takes it', async () => {
    const { out } = await commandLine(['prune', '--older-than', '0h 1ms'], env)
    expect(out).toContain(`cp-migrate prune --older-than '0h 1ms' --yes`)
  })

  it('loses whole threads by their age, never one that was continued', async () => {
    expect((await pruned('--older-than 3000d', env)).threads.pruned).toBe(0)
    await sql(
      env.CHECKPOINT_DB_URI!,
      `UPDATE checkpoints SET checkpoint = jsonb_set(checkpoint, '{ts}', '"2999-01-01T00:00:00+00:00"')
       WHERE checkpoint_id = (SELECT min(checkpoint_id) FROM checkpoints WHERE thread_id = 'prims')`,
    )
    const { out, exit } = await commandLine('prune --older-than 1s --yes --quiet', env)
    expect(exit).toBe(0)
    expect(out).toMatch(/^postgres:.*: \d+ rows of \d+ threads removed in .*, [\d.]+ KiB\n$/)
    const left = await sql(env.CHECKPOINT_DB_URI!, 'SELECT DISTINCT thread_id FROM checkpoints')
    expect(left).toEqual([{ thread_id: 'prims' }])
    for (const table of ['checkpoint_blobs', 'checkpoint_writes'])
      expect(await sql(env.CHECKPOINT_DB_URI!, `SELECT 1 FROM ${table} WHERE thread_id <> 'prims'`)).toEqual(
        [],
      )
    // What was moved and is gone was deleted on purpose.
    const again = JSON.parse((await commandLine('migrate --json', env)).out)
    expect(again.checkpoints.inserted).toBe(0)
  })

  it('needs no ledger', async () => {
    await commandLine('ledger drop --yes', env)
    const { out, exit } = await commandLine('prune --latest-only --yes', env)
    expect(exit).toBe(0)
    expect(out).toContain('VACUUM ANALYZE public.checkpoints')
    expect(await checkpoints()).toHaveLength(1)
  })

  it.each(['prune', 'prune --keep-last 2 --older-than 3d', 'prune --keep-last 0'])(
    '%s is wrong usage',
    async (line) => {
      expect((await commandLine(line, env)).exit).toBe(2)
    },
  )
})
