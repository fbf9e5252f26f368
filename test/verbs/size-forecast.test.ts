/** What a rehearsal foretells, against what the run then takes, on real servers. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compressedSize } from '../../src/codec/compressed-size.js'
import { commandLine, ends } from '../acceptance/command-line.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'

const GENERATE = join(import.meta.dirname, '..', '..', 'bench', 'generate.py')

/** Threads, checkpoints of each, bytes a checkpoint: many small rows; values that are stored apart. */
for (const [threads, checkpoints, bytes] of [
  ['150', '10', '60'],
  ['20', '24', '4000'],
] as const) {
  test(`the forecast for ${threads} threads of ${checkpoints} checkpoints is within a fifth of what Postgres takes`, async () => {
    const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
    await runPython(GENERATE, { args: ['a5', url, threads, checkpoints, bytes] })
    const env = ends(url, postgres)
    const rehearsed = JSON.parse((await commandLine('migrate --dry-run --json', env)).out)
    const { forecast, survey } = rehearsed
    await commandLine('init', env)
    expect((await commandLine('migrate --json', env)).exit).toBe(0)
    const [{ taken } = { taken: 0 }] = await sql<{ taken: number }>(
      postgres,
      `SELECT sum(pg_total_relation_size(oid))::float8 AS taken FROM pg_class
        WHERE relname IN ('checkpoints', 'checkpoint_blobs', 'checkpoint_writes') AND relkind = 'r'`,
    )
    expect(forecast.basis).toBe('everything')
    expect(forecast.postgresBytes / taken).toBeGreaterThan(0.8)
    expect(forecast.postgresBytes / taken).toBeLessThan(1.2)
    const [{ kept } = { kept: 0 }] = await sql<{ kept: number }>(
      postgres,
      `SELECT pg_total_relation_size('cp_migrate.threads')::float8 AS kept`,
    )
    expect(forecast.ledgerBytes / kept).toBeGreaterThan(0.7)
    expect(forecast.ledgerBytes / kept).toBeLessThan(1.3)
    expect(forecast.seconds).toBeGreaterThan(0)
    expect(survey.threads).toBe(Number(threads))
    expect(
      survey.growth.steps.reduce((sum: number, step: { checkpoints: number }) => sum + step.checkpoints, 0),
    ).toBe(Number(threads) * Number(checkpoints))
    // A later rehearsal finds everything there: nothing more is needed, and the sizes are still told.
    const later = JSON.parse((await commandLine('migrate --dry-run --json', env)).out)
    expect(later.forecast.postgresBytes).toBe(0)
    expect(later.survey.sizes).toEqual(survey.sizes)
    expect(later.survey.growth).toEqual(survey.growth)
  })
}

test('a run without a rehearsal tells of its threads too, and foretells nothing', async () => {
  const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
  await runPython(GENERATE, { args: ['a5', url, '3', '4', '100'] })
  const env = ends(url, postgres)
  await commandLine('init', env)
  const report = JSON.parse((await commandLine('migrate --json', env)).out)
  expect(report.forecast).toBeNull()
  expect(report.survey.largest).toHaveLength(3)
  expect(report.survey.largest[0]).toMatchObject({ checkpoints: 4, layout: 'python-full' })
})

test('what repeats compresses, what is chance does not', () => {
  const text = Buffer.from('the refund order shipment was delayed by two days '.repeat(200))
  expect(compressedSize(text, 'lz4')).toBeLessThan(200)
  expect(compressedSize(text, 'pglz')).toBeLessThan(300)
  let state = 1
  const chance = Buffer.alloc(10_000)
  for (let at = 0; at < chance.length; at++) {
    state = (state * 48_271) % 2_147_483_647
    chance[at] = state & 255
  }
  expect(compressedSize(chance, 'pglz')).toBe(10_000)
  expect(compressedSize(chance, 'lz4')).toBe(10_000)
  expect(compressedSize(Buffer.alloc(0), 'lz4')).toBe(0)
})
