/** Snapshots of real databases: what is moved from the file is what is moved from the server that saved it. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { RedisServer } from '../../scripts/services/redis.mjs'
import { type Case, fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { savedBy, temporaryFolder } from '../source/rdb/snapshot.js'
import { commandLine, ends } from './command-line.js'

let server: RedisServer
let folder: string

beforeAll(async () => {
  server = await freshRedis()
  folder = await temporaryFolder()
})

/** Loads the case into the emptied server; the URL of a snapshot of it. */
async function snapshotOf(from: Case): Promise<string> {
  const redis = redisClient(server.url)
  await redis.flushall()
  await loadCase(from, server.url)
  return `file:${await savedBy(redis, folder, `${from.name.replace('/', '-')}.rdb`)}`
}

/** Every row of the saver's tables as text, sorted. */
async function rowsOf(postgres: string): Promise<string[]> {
  const tables = await Promise.all(
    ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'].map((table) =>
      sql<{ row: string }>(postgres, `SELECT '${table} ' || t::text AS row FROM ${table} t ORDER BY 1`),
    ),
  )
  return tables.flat().map(({ row }) => row)
}

/** Makes the tables in a fresh database and migrates; its rows and the report. */
async function migrated(redisUrl: string, flags: readonly string[]) {
  const env = ends(redisUrl, await freshDatabase())
  const dialect = flags.includes('js') ? ' --dialect js' : ''
  expect(await commandLine(`init${dialect}`, env)).toMatchObject({ exit: 0 })
  const run = await commandLine(['migrate', '--json', ...flags], env)
  return { env, exit: run.exit, report: JSON.parse(run.out), rows: await rowsOf(env.CHECKPOINT_DB_URI!) }
}

/** What both reports say of threads, rows and findings. */
const saidOf = ({ report }: { report: Record<string, unknown> }) => {
  const { threads, checkpoints, writes, blobs, bytes, keysScanned, leftAlone, findings } = report
  const reasons = (findings as { reason: string; count: number }[]).map(({ reason, count }) => [
    reason,
    count,
  ])
  return { threads, checkpoints, writes, blobs, bytes, keysScanned, leftAlone, reasons: reasons.sort() }
}

/** One of every kind of layout and TYPE; that every fixture's keys are read alike, the tests of the source show. */
const CASES = [
  'python/0.5.2-full',
  'python/0.5.2-prefixes-ttl',
  'python/0.5.2-store-noise',
  'python/0.0.8-full',
  'js/1.0.11-full',
  'pickle/f1-hostile',
  'pickle/f2',
  'plain/d1-valkey',
].map(fixture)

describe.each(CASES)('$name', (from) => {
  test('a snapshot gives the same rows and the same report as the server, and verifies', async () => {
    const flags = [...from.flags, ...(from.family === 'js' ? ['--dialect', 'js'] : [])]
    const url = await snapshotOf(from)
    const [file, live] = [await migrated(url, flags), await migrated(server.url, flags)]
    expect(file.rows.length).toBeGreaterThan(0)
    expect(file.rows).toEqual(live.rows)
    expect(saidOf(file)).toEqual(saidOf(live))
    expect(file.exit).toBe(live.exit)
    const verify = ['verify', ...from.flags]
    expect((await commandLine(verify, file.env)).exit).toBe((await commandLine(verify, live.env)).exit)
  })
})
