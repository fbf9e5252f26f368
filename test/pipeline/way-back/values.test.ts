/** Values of every kind on the way back: what Redis gives back as it was, what in another form, and what it cannot hold at all. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { fixture } from '../../corpus/cases.js'
import { freshDatabase } from '../../services/postgres.js'
import { runPython } from '../../services/python.js'
import { freshRedis, redisClient } from '../../services/redis.js'
import { type WrittenBack, writeBack } from './write-back.js'

const { types } = fixture('python/0.5.2-full')

/** Threads of which Redis cannot hold every checkpoint. */
const LEFT_OUT = ['too deep', 'deep once', 'delta']

describe('values of every kind', () => {
  let written: WrittenBack
  let compared: {
    readonly equal: number
    readonly differences: readonly { readonly at: readonly string[] }[]
  }
  beforeAll(async () => {
    const [postgres, { url }] = await Promise.all([freshDatabase(), freshRedis()])
    await runPython(join(import.meta.dirname, 'values.py'), { args: [postgres], env: { PYTHONPATH: types } })
    // So little that values of older checkpoints are forgotten and read again.
    written = await writeBack(postgres, redisClient(url), { rememberedBytes: 1000 })
    const input = { postgres, redis: url, types, judge: join(import.meta.dirname, '../../judge') }
    compared = JSON.parse(await runPython(join(import.meta.dirname, 'compare.py'), { input }))
  })
  const finding = (threadId: string, reason: string) =>
    written.findings.find((one) => one.threadId === threadId && one.reason === reason)

  const partsOf = (threadId: string) => written.parts.filter(({ keys }) => keys.threadId === threadId)

  test('come back equal, but for what JSON cannot say', () => {
    const others = compared.differences.filter(({ at }) => !LEFT_OUT.includes(at[0]!))
    expect(others).toEqual([])
    expect(compared.equal).toBe(14)
  })

  test('are counted by their class where the reader sees them in another form', () => {
    const detail = finding('lost', 'other-form-in-redis')?.detail ?? ''
    for (const phrase of [
      '2 × NaN or Infinity, null',
      '3 × key that is no text, its text',
      '1 × corpus_types.Colour, its value',
      '1 × corpus_types.Profile, a dict of its fields',
      '1 × bytes inside an object, a dict with their base64',
      '1 × set of what cannot be hashed, a list',
      '1 × dict with the key __bytes__',
    ])
      expect(detail).toContain(phrase)
    expect(finding('bytearray', 'other-form-in-redis')?.detail).toBe('1 × bytearray, bytes')
    expect(finding('float', 'other-form-in-redis')?.detail).toBe('1 × float, another last digit')
    expect(finding('timeout', 'other-form-in-redis')?.detail).toBe('1 × timeout of a Send, nothing')
    for (const equal of [
      'dates',
      'standard',
      'langgraph',
      'messages',
      'numbers',
      'bytes',
      'null',
      'deepest',
      'keys',
    ])
      expect(finding(equal, 'other-form-in-redis'), equal).toBeUndefined()
  })

  test('leave their thread in Postgres where the newest checkpoint is too deep for RedisJSON', () => {
    expect(finding('too deep', 'older-head-in-redis')).toBeDefined()
    expect(finding('too deep', 'refused-by-redis')?.detail).toContain('channel value: 125 containers')
    expect(partsOf('too deep')).toEqual([])
  })

  test('leave out an older checkpoint alone', () => {
    const refused = finding('deep once', 'refused-by-redis')?.checkpointId
    expect(refused).toBeDefined()
    expect(finding('deep once', 'older-head-in-redis')).toBeUndefined()
    expect(partsOf('deep once').filter(({ keys }) => keys.checkpointId === refused)).toEqual([])
    expect(partsOf('deep once').length).toBeGreaterThan(0)
  })

  test('leave their thread in Postgres where later values are rebuilt from a checkpoint that is too deep', () => {
    expect(finding('delta', 'refused-by-redis')?.detail).toContain('channel other: 200 containers')
    expect(finding('delta', 'broken-delta-chain-in-redis')).toBeDefined()
    expect(finding('delta', 'older-head-in-redis')).toBeUndefined()
    expect(partsOf('delta')).toEqual([])
  })

  test('come in parts where the writes of a checkpoint are many, in the order of its tasks', () => {
    const parts = partsOf('deep once')
    expect(parts.length).toBeGreaterThan(2)
    const names = parts.flatMap((part) => part.names.map((name) => name.split(':')))
    expect(names.map(([kind]) => kind)).toEqual([
      ...Array(6).fill('checkpoint_write'),
      'write_keys_zset',
      'checkpoint',
      'checkpoint_latest',
    ])
    expect(names.slice(0, 6).map((name) => name.slice(-2).join())).toEqual([
      't2,0',
      't2,1',
      't1,0',
      't1,1',
      't0,0',
      't0,1',
    ])
  })

  test('name writes without a checkpoint', () => {
    expect(finding('keys', 'orphan-write-in-postgres')?.detail).toBe('2 writes')
  })
})
