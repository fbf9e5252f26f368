/** Threads that stopped half-way in Postgres go on from Redis, in a real graph, to the end they would have come to in Postgres. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freshDatabase } from '../../services/postgres.js'
import { runPython } from '../../services/python.js'
import { freshRedis, redisClient } from '../../services/redis.js'
import { writeBack } from './write-back.js'

const PROGRAM = join(import.meta.dirname, '../../acceptance/resume.py')
const SCENARIOS = ['interrupted', 'static', 'forked', 'failed', 'nested', 'fan', 'functional', 'mutated']

test('interrupted, forked, failed, nested and fanned-out threads come to the same end', async () => {
  const [{ url: redisUrl }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  // The indexes first: the saver lists what was there before them only after a while.
  await Promise.all([
    runPython(PROGRAM, { args: ['setup', 'redis', redisUrl] }),
    runPython(PROGRAM, { args: ['write', 'postgres', postgresUrl] }),
  ])
  expect((await writeBack(postgresUrl, redisClient(redisUrl))).findings).toEqual([])
  const [onRedis, onPostgres] = await Promise.all([
    runPython(PROGRAM, { args: ['finish', 'redis', redisUrl] }),
    runPython(PROGRAM, { args: ['finish', 'postgres', postgresUrl] }),
  ])
  const outcomes = JSON.parse(onPostgres)
  expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(SCENARIOS))
  expect(Object.values(outcomes)).not.toContainEqual(expect.objectContaining({ 'waited for': [] }))
  expect(JSON.parse(onRedis)).toEqual(outcomes)
})
