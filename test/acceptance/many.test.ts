/** More checkpoints than the official Redis saver lists: its `list(None)` stops at 10,000, and whole threads vanish. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase, sql } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const GENERATE = join(import.meta.dirname, '..', '..', 'bench', 'generate.py')

test('1,200 threads of 10 checkpoints arrive whole, and a second run finds nothing to do', async () => {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await runPython(GENERATE, { args: ['a5', redisUrl, '1200', '10', '100'] })
  const env = ends(redisUrl, postgresUrl)
  await commandLine('init', env)
  const first = await commandLine('migrate --json', env)
  expect(first.exit, first.err).toBe(0)
  const [counts] = await sql(
    postgresUrl,
    `SELECT count(*)::int AS checkpoints, count(DISTINCT thread_id)::int AS threads,
            (SELECT count(*)::int FROM checkpoint_writes) AS writes FROM checkpoints`,
  )
  // Four inputs with two writes and three human messages with one, in each thread.
  expect(counts).toEqual({ checkpoints: 12_000, threads: 1200, writes: 1200 * (4 * 2 + 3) })
  const second = JSON.parse((await commandLine('migrate --json', env)).out)
  expect(second.checkpoints.inserted).toBe(0)
  expect(second.threads).toMatchObject({ whole: 1200, unchanged: 1200 })
})
