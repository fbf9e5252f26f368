/** The way back, judged by the official Python savers: what one reads in Redis is what the other reads in Postgres. */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Case, fixture, fullCorpora } from '../../corpus/cases.js'
import { loadGolden } from '../../judge/judge.js'
import { freshDatabase } from '../../services/postgres.js'
import { runPython } from '../../services/python.js'
import { freshRedis, redisClient } from '../../services/redis.js'
import { writeBack } from './write-back.js'

interface Comparison {
  readonly checkpoints: number
  readonly equal: number
  readonly places: number
  readonly listed: number
  readonly losses: number
  readonly differences: readonly unknown[]
}

async function comparisonOf(from: Case): Promise<Comparison> {
  const url = await freshDatabase()
  await loadGolden(from, url)
  const server = await freshRedis()
  await writeBack(url, redisClient(server.url))
  return compare(from, url, server.url)
}

async function compare(from: Case, postgres: string, redis: string): Promise<Comparison> {
  const judge = join(import.meta.dirname, '../../judge')
  const input = { postgres, redis, types: from.types, judge }
  return JSON.parse(await runPython(join(import.meta.dirname, 'compare.py'), { input }))
}

/** Savers of every kind: documents, blobs, Sends among the parent's writes, sets of lists, decimals, numpy. */
const CASES = [
  'python/0.5.2-full',
  'python/0.1.3-full',
  'pickle/f1-protocol2-old',
  'pickle/f4',
  'plain/e2-upstash',
]
const WHOLE = ['python/0.5.2-full']

describe('the way back to the Python RedisSaver', () => {
  it.each([
    ...CASES.map((name) => ({ name, from: fixture(name) })),
    ...fullCorpora()
      .filter(({ name }) => WHOLE.includes(name))
      .map((from) => ({ name: `${from.name}, whole`, from })),
  ])('gives back all of $name: by id, newest first, and as lists', async ({ from }) => {
    const { checkpoints, equal, places, listed, differences } = await comparisonOf(from)
    expect(differences).toEqual([])
    expect(checkpoints).toBeGreaterThan(10)
    expect({ equal, listed }).toEqual({ equal: checkpoints, listed: places })
  })
})
