/** The official conformance suite through a migration: run after every few writes, each pass brings exactly what is new. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { atEndOfFile } from '../services/each-file.js'
import { freshDatabase } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

test('all 58 tests pass that apply to a store that is migrated before every read', async () => {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  const env = ends(redisUrl, postgresUrl)
  await commandLine('init', env)
  let migrations = 0
  const server = createServer(async (_, response) => {
    migrations++
    const { exit, err } = await commandLine('migrate', env)
    response.statusCode = exit === 0 ? 200 : 500
    response.end(err)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEndOfFile(() => new Promise<void>((resolve) => server.close(() => resolve())))
  const migrateUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const program = join(import.meta.dirname, 'conformance.py')
  const results: Record<string, string | null> = JSON.parse(
    await runPython(program, { args: [redisUrl, postgresUrl, migrateUrl] }),
  )
  const failed = Object.fromEntries(Object.entries(results).filter(([, error]) => error !== null))
  expect(failed).toEqual({})
  expect(Object.keys(results)).toHaveLength(58)
  expect(migrations).toBeGreaterThan(40)
})
