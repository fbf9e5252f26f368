/** Digests of what is sent and of what a real RedisJSON gives back of it. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RedisJsonWriter } from '../../../src/codec/json/redis-json.js'
import { redisText } from '../../../src/codec/json/redis-text.js'
import { digestOfValue, digestOfWrite } from '../../../src/target/redis/key-digest.js'
import { anyJson } from '../../codec/any-json.js'
import { freshRedis, redisClient } from '../../services/redis.js'

const KEY = Buffer.from('k')
const sent = (text: Buffer) => digestOfWrite({ type: 'json', key: KEY, document: text }).toString('hex')
const read = (text: Buffer) => digestOfValue({ type: 'ReJSON-RL', text }).toString('hex')

/** Null where RedisJSON, or the writer before it, takes no such text. */
async function spelledForRedis(redis: ReturnType<typeof redisClient>, text: string): Promise<Buffer | null> {
  try {
    const { text: document } = redisText(Buffer.from(text))
    await redis.call('JSON.SET', KEY, '$', document)
    return document
  } catch {
    return null
  }
}

it('is the same of a document that is sent and of what RedisJSON prints of it', async () => {
  const redis = redisClient((await freshRedis()).url)
  let taken = 0
  const misread: string[] = []
  const digests = new Map<string, string>()
  await fc.assert(
    fc.asyncProperty(anyJson, async (text) => {
      const document = await spelledForRedis(redis, text)
      if (document === null) return
      const printed = (await redis.callBuffer('JSON.GET', KEY)) as Buffer
      // A float next to nothing that has no spelling which it reads right: two of a thousand.
      if (!isDeepStrictEqual(JSON.parse(String(printed)), JSON.parse(String(document)))) {
        misread.push(text)
        return
      }
      taken++
      expect(sent(document)).toBe(read(printed))
      digests.set(read(printed), String(printed))
    }),
    { numRuns: 3000, seed: 9 },
  )
  expect(taken).toBeGreaterThan(1000)
  expect(misread.length, misread.join('\n')).toBeLessThan(taken / 200)
  expect(digests.size).toBe(new Set(digests.values()).size)
})

it('tells apart what only looks alike', () => {
  const texts = [
    '1',
    '1.0',
    '-0',
    '0',
    '"1"',
    '[1]',
    '[[1]]',
    '"a"',
    '"a\\n"',
    '"a\\\\n"',
    '{"a":1,"b":2}',
    '{"a":1}',
  ]
  expect(new Set(texts.map((text) => read(Buffer.from(text)))).size).toBe(texts.length)
  const bytes = Buffer.from('"a"')
  expect(digestOfValue({ type: 'string', bytes }).toString('hex')).not.toBe(read(bytes))
})

it('of keys that come twice the last value counts, in the place of the first, as RedisJSON has it', () => {
  const twice = '{ "a": {"x": [1, {"y": 1, "y" : 2}]}, "b": 2, "\\u0061": {"c": 1, "d": 2, "c": "3"} }'
  expect(read(Buffer.from(twice))).toBe(read(Buffer.from('{"a":{"c":"3","d":2},"b":2}')))
  const many = [...Array(30).keys()].map((n) => `"k${n % 20}":${n}`)
  const kept = [...Array(20).keys()].map((n) => `"k${n}":${n < 10 ? n + 20 : n}`)
  expect(read(Buffer.from(`{${many.join(',')}}`))).toBe(read(Buffer.from(`{${kept.join(',')}}`)))
})

it('integers beyond 64 bits are in RedisJSON the floats nearest to them, whichever way they were written', async () => {
  const redis = redisClient((await freshRedis()).url)
  // As they are, it would make the next float of each of these.
  const integers = ['90568618747024267961', '-706117934642594524430']
  for (const spelled of integers) {
    const writer = new RedisJsonWriter()
    writer.reset()
    writer.int(BigInt(spelled))
    for (const document of [writer.view(), redisText(Buffer.from(spelled)).text]) {
      await redis.call('JSON.SET', KEY, '$', document)
      const printed = (await redis.callBuffer('JSON.GET', KEY)) as Buffer
      expect(Number(String(printed))).toBe(Number(spelled))
      expect(read(printed)).toBe(sent(Buffer.from(document)))
    }
  }
})
