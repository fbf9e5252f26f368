/** Which commands are kind to a Redis that others use, and what they refuse. How kind is measured in test/source/paced.test.ts. */
import { expect, test } from 'vitest'
import { readConfig } from '../../src/commands/config.js'
import { Connections } from '../../src/commands/connections.js'
import { outputOf } from '../../src/commands/options.js'
import { PacedSource } from '../../src/source/paced.js'
import { RedisSource } from '../../src/source/redis/redis.js'
import { fixture } from '../corpus/cases.js'
import { loadCase } from '../corpus/load.js'
import { judgeCase } from '../judge/judge.js'
import { freshDatabase } from '../services/postgres.js'
import { freshRedis } from '../services/redis.js'
import { commandLine, ends } from './command-line.js'

const FROM = fixture('python/0.5.2-mutated')

/** The source that a command gets who asks for a paced one, or for another. */
async function sourceWith(
  env: Record<string, string>,
  flags: Record<string, string>,
  asks: { paced?: boolean },
) {
  const output = outputOf({}, env)
  const write = (): void => {}
  const world = { env, cwd: '/', output, stdout: { write }, stderr: { write }, isTty: false, columns: 80 }
  const context = {
    ...world,
    signal: new AbortController().signal,
    onEvent: write,
    keepSecret: write,
    now: Date.now,
  }
  const connections = new Connections(readConfig(flags, context), context)
  try {
    return (await connections.source(asks)).source
  } finally {
    await connections.close()
  }
}

test('a source is paced where a rate or a latency is set and the command reads much', async () => {
  const { url } = await freshRedis()
  const env = { REDIS_URL: url }
  expect(await sourceWith(env, { rate: '100' }, { paced: true })).toBeInstanceOf(PacedSource)
  expect(
    await sourceWith({ ...env, CP_MIGRATE_REDIS_MAX_LATENCY: '20ms' }, {}, { paced: true }),
  ).toBeInstanceOf(PacedSource)
  expect(await sourceWith(env, {}, { paced: true })).toBeInstanceOf(RedisSource)
  // The rate of a purge is that of its deletions.
  expect(await sourceWith(env, { rate: '100' }, {})).toBeInstanceOf(RedisSource)
})

test('a paced migration brings the same rows, and its verification finds them', async () => {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  await loadCase(FROM, redisUrl)
  const env = ends(redisUrl, postgresUrl)
  await commandLine('init', env)
  for (const command of ['migrate', 'verify']) {
    const { exit, err } = await commandLine(`${command} --rate 500 --redis-max-latency 5s`, env)
    expect(exit, err).toBe(0)
  }
  expect(await judgeCase(FROM, postgresUrl)).toMatchObject({ missing: 0, differing: 0, writeRowsMissing: 0 })
})

test('a rate that is none is refused with one sentence', async () => {
  const nowhere = ends('redis://127.0.0.1:1/0', 'postgres://127.0.0.1:1/x')
  const { exit, err } = await commandLine('migrate --rate quick', nowhere)
  expect(exit).toBe(2)
  expect(err).toContain('"quick" is no rate: 2000 is keys a second, 20MB is bytes a second')
})
