/** Threads of JavaScript that stopped half-way go on from Postgres, in a real graph, to the end they would have come to in memory. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { run } from '../../scripts/services/run.mjs'
import { officialJavaScript } from '../services/javascript.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

interface Outcome {
  readonly stood: { readonly waits: readonly unknown[] }
  readonly ended: unknown
  readonly past: readonly unknown[]
}

const SCENARIOS = ['interrupted', 'static', 'fan-out:', 'nested', 'forked', 'failed', 'functional']

async function graphs(...args: string[]): Promise<string> {
  const env = { ...process.env, PACKAGES: await officialJavaScript() }
  return run(process.execPath, [join(import.meta.dirname, 'javascript-resume.mjs'), ...args], { env })
}

let onPostgres: Record<string, Outcome> = {}
let inMemory: Record<string, Outcome> = {}

beforeAll(async () => {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await graphs('write', redisUrl)
  const env = ends(redisUrl, postgresUrl)
  expect(await commandLine('init --dialect js', env)).toMatchObject({ exit: 0 })
  expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
  onPostgres = JSON.parse(await graphs('finish', postgresUrl))
  inMemory = JSON.parse(await graphs('memory'))
})

describe.each(SCENARIOS)('a thread that is %s', (name) => {
  test('stands in Postgres as it would stand in memory, and comes to the same end', () => {
    expect(onPostgres[name]?.stood.waits).not.toEqual([])
    expect(onPostgres[name]?.stood).toEqual(inMemory[name]?.stood)
    expect(onPostgres[name]?.ended).toEqual(inMemory[name]?.ended)
  })

  test('has every state of its past, on both branches of a fork', () => {
    expect(onPostgres[name]?.past.length).toBeGreaterThan(1)
    expect(onPostgres[name]?.past).toEqual(inMemory[name]?.past)
  })
})
