/** Threads that stopped half-way go on from Postgres, in a real graph, to the end they would have come to on Redis. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

interface Outcome {
  readonly stood: unknown
  readonly 'waited for': readonly string[]
  readonly ended: unknown
}
type Outcomes = Record<string, Outcome>

const PROGRAM = join(import.meta.dirname, 'resume.py')
const SCENARIOS = [
  'interrupted',
  'interrupted:user:42',
  'static',
  'forked',
  'failed',
  'nested',
  'fan',
  'functional',
  'mutated',
]

let onPostgres: Outcomes = {}
let onRedis: Outcomes = {}

beforeAll(async () => {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await runPython(PROGRAM, { args: ['write', redisUrl] })
  const env = ends(redisUrl, postgresUrl)
  expect(await commandLine('init', env)).toMatchObject({ exit: 0 })
  expect(await commandLine('migrate', env)).toMatchObject({ exit: 0 })
  onPostgres = JSON.parse(await runPython(PROGRAM, { args: ['finish', 'postgres', postgresUrl] }))
  await trustWrites(redisUrl)
  onRedis = JSON.parse(await runPython(PROGRAM, { args: ['finish', 'redis', redisUrl] }))
})

/** The Redis saver hides writes where `put` overtook `put_writes` and reset `has_writes`; only then would Redis end otherwise. */
async function trustWrites(redisUrl: string): Promise<void> {
  const client = await redisClient(redisUrl)
  for (const key of await client.keys('checkpoint_write:*')) {
    const checkpoint = key
      .replace(/^checkpoint_write:/, 'checkpoint:')
      .split(':')
      .slice(0, -2)
      .join(':')
    if ((await client.type(checkpoint)) !== 'ReJSON-RL') continue
    await client.call('JSON.MERGE', checkpoint, '$', '{"has_writes":true}')
  }
}

describe.each(SCENARIOS)('a thread that is %s', (name) => {
  test('stands in Postgres as it stood in Redis, and comes to the same end', () => {
    expect(onPostgres[name]).toHaveProperty('stood')
    expect(onPostgres[name]!['waited for']).not.toEqual([])
    expect(onPostgres[name]).toEqual(onRedis[name])
  })
})
