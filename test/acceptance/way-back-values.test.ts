/** `verify` of the way back with values of every kind: what the official savers read alike is equal, and any of it that is changed differs. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fixture } from '../corpus/cases.js'
import { freshDatabase } from '../services/postgres.js'
import { runPython } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'
import { commandLine } from './command-line.js'

const VALUE = '$.checkpoint.channel_values.value'

test('verify finds values of every kind equal, and each that is changed', async () => {
  const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
  const { types } = fixture('python/0.5.2-full')
  await runPython(join(import.meta.dirname, '../pipeline/way-back/values.py'), {
    args: [postgres],
    env: { PYTHONPATH: types },
  })
  const cli = (line: string) => commandLine([...line.split(' '), '--from', postgres, '--to', url], {})
  const verified = async () => JSON.parse((await cli('verify --json')).out)
  await cli('init --quiet')
  await cli('migrate --quiet')
  const whole = await verified()
  expect(whole.differences).toEqual([])
  expect(whole.otherForms.first.toSorted()).toEqual(['bytearray', 'float', 'lost', 'timeout'])
  expect(whole.threads).toMatchObject({ compared: 16, differs: 0, equal: 13 })

  const redis = redisClient(url)
  const places: readonly (readonly [thread: string, path: string, json: string])[] = [
    ['dates', `${VALUE}[0].args[5]`, '59'],
    ['dates', `${VALUE}[2].args[7].args[0].args[1]`, '-19816'],
    // 9: {1, 2}; 12: {(1, 2)}
    ['standard', `${VALUE}[9].args[0][1]`, '3'],
    ['standard', `${VALUE}[12][0][1]`, '3'],
    ['standard', `${VALUE}[12]`, '{"lc":2,"type":"constructor","id":["builtins","set"],"args":[[[1,2]]]}'],
    ['messages', `${VALUE}[1].kwargs.metadata.when.args[0]`, '2025'],
  ]
  for (const [thread, path, json] of places) {
    const [key] = await redis.keys(`checkpoint:${thread}:*`)
    const before = String(await redis.call('JSON.GET', key!))
    expect(await redis.call('JSON.SET', key!, path, json)).toBe('OK')
    expect(String(await redis.call('JSON.GET', key!))).not.toBe(before)
    expect((await verified()).differences, path).toMatchObject([
      { kind: 'differs', part: 'channel', threadId: thread, name: 'value' },
    ])
    await redis.call('JSON.SET', key!, '$', before)
  }
  expect((await verified()).differences).toEqual([])
})
