/** Values as snapshots hold them, against a real server: what it dumps is read as it shows it, and it takes what old servers wrote. */
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { beforeAll, describe, expect, test } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import type { RedisType, RedisValue } from '../../../src/model/redis-value.js'
import type { RedisSource } from '../../../src/source/redis/redis.js'
import { freshRedis, redisClient } from '../../services/redis.js'
import { sourceOf } from '../../source/open.js'
import { dumpedValue, encodingOf, payloadOf, readBody } from './dump.js'
import { intset, le, length, raw, short, textScore, ziplist, zipmap } from './encodings.js'

let redis: Redis
let source: RedisSource

beforeAll(async () => {
  const { url } = await freshRedis()
  redis = redisClient(url)
  source = sourceOf(url)
})

/** Numbers at the edges of every width, short and long texts, bytes, and texts that compress. */
const integer = fc.oneof(
  fc.bigInt({ min: -20n, max: 20n }),
  fc
    .tuple(
      fc.constantFrom(7n, 8n, 12n, 13n, 15n, 16n, 23n, 24n, 31n, 32n, 63n),
      fc.bigInt(-2n, 1n),
      fc.boolean(),
    )
    .map(([bits, by, negative]) => (negative ? -(1n << bits) - by - 1n : (1n << bits) + by))
    .filter((value) => value >= -(2n ** 63n) && value < 2n ** 63n),
)
const item = fc.oneof(
  integer.map((value) => Buffer.from(String(value))),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(fc.string({ minLength: 1, maxLength: 30 }), fc.constantFrom(3, 40, 400, 900))
    .map(([text, times]) => Buffer.from(text.repeat(times))),
)
const distinct = (maxLength: number) =>
  fc.uniqueArray(item, { minLength: 1, maxLength, selector: (bytes) => bytes.toString('latin1') })
/** Few, or more than Redis packs together. */
const items = fc.oneof({ weight: 4, arbitrary: distinct(20) }, { weight: 1, arbitrary: distinct(300) })
const score = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.constantFrom(Infinity, -Infinity, 0, 1e-7),
)

/** What the server shows of a key. */
async function shownOf(type: RedisType): Promise<RedisValue> {
  const [result] = await source.read([{ key: Buffer.from('key'), type }])
  if (result?.state !== 'read') throw new Error(`the server says ${JSON.stringify(result)}`)
  return result.value
}

/** Runs a property over values that a command writes; the encodings the server chose, most of them more than once. */
async function dumpedValues<T>(
  type: RedisType,
  values: fc.Arbitrary<T>,
  write: (value: T) => readonly [string, ...(Buffer | string)[]],
): Promise<number[]> {
  const met = new Set<number>()
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      await redis.del('key')
      const [command, ...args] = write(value)
      await redis.call(command, 'key', ...args)
      const payload = await redis.dumpBuffer('key')
      met.add(encodingOf(payload!))
      expect(dumpedValue(payload!)).toEqual(await shownOf(type))
    }),
    { numRuns: 80, seed: 1 },
  )
  return [...met].sort((a, b) => a - b)
}

describe('what a server dumps is read as it shows it', () => {
  test('strings: numbers, plain and compressed texts', async () => {
    expect(await dumpedValues('string', item, (bytes) => ['SET', bytes])).toEqual([0])
  })

  test('lists: packed, and in several nodes', async () => {
    const lists = fc.oneof(items, fc.array(item, { minLength: 1, maxLength: 40 }))
    expect(await dumpedValues('list', lists, (list) => ['RPUSH', ...list])).toEqual([18])
  })

  test('sets: of integers, packed, and in a table', async () => {
    const integers = fc
      .array(integer, { minLength: 1 })
      .map((some) => some.map((one) => Buffer.from(String(one))))
    expect(await dumpedValues('set', fc.oneof(items, integers), (set) => ['SADD', ...set])).toEqual([
      2, 11, 20,
    ])
  })

  test('hashes: packed, and in a table', async () => {
    const hashes = fc.tuple(items, fc.array(item, { minLength: 1, maxLength: 5 }))
    const written = await dumpedValues('hash', hashes, ([fields, values]) => [
      'HSET',
      ...fields.flatMap((field, at) => [field, values[at % values.length]!]),
    ])
    expect(written).toEqual([4, 16])
  })

  test('sorted sets: packed, and in a table', async () => {
    const sets = fc.tuple(items, fc.array(score, { minLength: 1, maxLength: 5 }))
    const written = await dumpedValues('zset', sets, ([members, scores]) => [
      'ZADD',
      ...members.flatMap((member, at) => [shown(scores[at % scores.length]!), member]),
    ])
    expect(written).toEqual([5, 17])
  })

  test('documents of RedisJSON, byte by byte', async () => {
    const documents = fc.json({ maxDepth: 4 })
    expect(await dumpedValues('ReJSON-RL', documents, (text) => ['JSON.SET', '$', text])).toEqual([7])
  })

  test('hashes whose fields live for a time: what is over is left out', async () => {
    for (const fields of [3, 200]) {
      await redis.del('key')
      const pairs = Array.from({ length: fields }, (_, at) => [`f${at}`, `v${at}`])
      await redis.call('HSET', 'key', ...pairs.flat())
      await redis.call('HPEXPIRE', 'key', '500000', 'FIELDS', '1', 'f1')
      const payload = (await redis.dumpBuffer('key'))!
      expect([24, 25]).toContain(encodingOf(payload))
      expect(dumpedValue(payload)).toEqual(await shownOf('hash'))
    }
  })

  test('streams are passed whole, whatever their groups hold', async () => {
    for (let entry = 0; entry < 300; entry++) await redis.xadd('stream', '*', 'field', `value ${entry}`)
    await redis.xgroup('CREATE', 'stream', 'group', '0')
    await redis.xgroup('CREATE', 'stream', 'idle', '$')
    await redis.xreadgroup('GROUP', 'group', 'consumer', 'COUNT', 20, 'STREAMS', 'stream', '>')
    await redis.xreadgroup('GROUP', 'group', 'another', 'COUNT', 3, 'STREAMS', 'stream', '>')
    const payload = await redis.dumpBuffer('stream')
    expect(encodingOf(payload!)).toBe(21)
    expect(dumpedValue(payload!)).toBeNull()
  })
})

const shown = (number: number): string =>
  number === Infinity ? 'inf' : number === -Infinity ? '-inf' : String(number)

/** Runs a property over values as an old server wrote them: this one loads them and shows the same. */
async function restoredValues<T>(
  type: RedisType,
  encoding: number,
  values: fc.Arbitrary<T>,
  body: (value: T) => Buffer,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const payload = payloadOf(encoding, body(value))
      await redis.call('RESTORE', 'key', '0', payload, 'REPLACE')
      expect(dumpedValue(payload)).toEqual(await shownOf(type))
    }),
    { numRuns: 30, seed: 2 },
  )
}

const pairsOf = (some: readonly Buffer[]): [Buffer, Buffer][] =>
  some.slice(0, some.length - (some.length % 2)).flatMap((key, at) => (at % 2 ? [] : [[key, some[at + 1]!]]))
const several = distinct(40).filter((some) => some.length > 1)

describe('what old servers wrote is read as a server of today loads it', () => {
  test('strings with lengths in every form, numbers in every width', async () => {
    await restoredValues('string', 0, item, (bytes) =>
      short(bytes.toString('latin1').replace(/[^ -~]/g, '?')),
    )
    for (const form of [32, 64] as const)
      await restoredValues('string', 0, item, (bytes) => Buffer.concat([length(bytes.length, form), bytes]))
  })

  test('lists of Redis 2: item by item, and as a ziplist', async () => {
    await restoredValues('list', 1, distinct(30), (list) =>
      Buffer.concat([length(list.length), ...list.map(raw)]),
    )
    await restoredValues('list', 10, distinct(30), (list) => raw(ziplist(list)))
  })

  test('lists of Redis 3.2 to 6: ziplists in a row', async () => {
    await restoredValues('list', 14, fc.array(distinct(20), { minLength: 1, maxLength: 4 }), (nodes) =>
      Buffer.concat([length(nodes.length), ...nodes.map((node) => raw(ziplist(node)))]),
    )
  })

  test('hashes of Redis before 7: zipmaps, ziplists', async () => {
    const small = several.map((some) => pairsOf(some.map((bytes) => bytes.subarray(0, 400))))
    const named = small.map((pairs) =>
      pairs.map(([key, value], at) => [Buffer.concat([key, le(at, 1)]), value] as const),
    )
    await restoredValues('hash', 9, fc.tuple(named, fc.nat(4)), ([pairs, free]) => raw(zipmap(pairs, free)))
    await restoredValues('hash', 13, several, (some) => raw(ziplist(pairsOf(some).flat())))
  })

  test('sets of integers, in every width', async () => {
    for (const [width, bits] of [
      [2, 15n],
      [4, 31n],
      [8, 63n],
    ] as const) {
      const numbers = fc
        .uniqueArray(fc.bigInt(-(2n ** bits), 2n ** bits - 1n), { minLength: 1, maxLength: 30 })
        .map((some) => some.sort((a, b) => (a < b ? -1 : 1)))
      await restoredValues('set', 11, numbers, (some) => raw(intset(some, width)))
    }
  })

  test('sorted sets of Redis before 5, with scores as text, and ziplists', async () => {
    const scored = fc.tuple(distinct(20), fc.array(score, { minLength: 1 }))
    await restoredValues('zset', 3, scored, ([members, scores]) =>
      Buffer.concat([
        length(members.length),
        ...members.flatMap((member, at) => [raw(member), textScore(scores[at % scores.length]!)]),
      ]),
    )
    // A ziplist is in order; a server takes it as it is.
    const ordered = distinct(20).map((members) =>
      members.flatMap((member, at) => [member, Buffer.from(String(at - 3))]),
    )
    await restoredValues('zset', 12, ordered, (some) => raw(ziplist(some)))
  })
})

describe('bytes that are no value', () => {
  /** One of every encoding. */
  async function samples(): Promise<Buffer[]> {
    const some = [Buffer.from('abc'), Buffer.from('-300'), Buffer.from('x'.repeat(200)), Buffer.from('70000')]
    const commands: [string, ...(string | Buffer)[]][] = [
      ['SET', 'a', 'text that compresses '.repeat(9)],
      ['RPUSH', 'b', ...some, 'y'.repeat(9000)],
      ['SADD', 'c', '1', '70000', '-3'],
      ['SADD', 'd', ...some],
      ['HSET', 'e', ...some],
      ['ZADD', 'f', '1', 'a', '-inf', 'b', '1e300', 'c'],
      ['JSON.SET', 'g', '$', '{"a":[1,2.5,"é"]}'],
      ['XADD', 'h', '*', 'field', 'value'],
    ]
    for (const [command, key, ...args] of commands) await redis.call(command, key!, ...args)
    const dumps = await Promise.all(commands.map(([, key]) => redis.dumpBuffer(key!)))
    const old = [
      [9, raw(zipmap([[some[0]!, some[2]!]], 2))],
      [10, raw(ziplist(some))],
      [11, raw(intset([1n, 9n], 8))],
      [3, Buffer.concat([length(1), raw('m'), textScore(1.5)])],
    ] as const
    return [
      ...dumps.map((dump) => dump!.subarray(0, -10)),
      ...old.map(([encoding, body]) => Buffer.concat([Buffer.of(encoding), body])),
    ]
  }

  test('are refused where they are cut, and never fail in another way where they are changed', async () => {
    for (const sample of await samples()) {
      for (let end = 1; end < sample.length; end++) {
        // Of what a module writes, only its end may be missing where the text is there.
        if (sample[0] === 7 && end === sample.length - 1) continue
        expect(() => readBody(sample.subarray(0, end)), `${sample[0]} cut at ${end}`).toThrow(DecodeError)
      }
      fc.assert(
        fc.property(fc.nat(), fc.nat(255), (place, byte) => {
          const damaged = Buffer.from(sample)
          damaged[1 + (place % (sample.length - 1))] = byte
          try {
            readBody(damaged)
          } catch (error) {
            if (!(error instanceof DecodeError) && !String(error).includes('expected')) throw error
          }
        }),
        { numRuns: 150, seed: 3 },
      )
    }
  })
})
