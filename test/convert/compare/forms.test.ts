/** The one form in which the way back compares the values of both sides: equal where the official readers are, and nowhere else. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsJsonValue } from '../../../src/codec/json/js-json.js'
import { pythonJsonValue } from '../../../src/codec/json/python-json.js'
import { datetimeEnvelope } from '../../../src/codec/json/redis-datetime.js'
import { treeValue } from '../../../src/codec/tree.js'
import { formsOfWayBack } from '../../../src/convert/compare/forms.js'
import { digestOfSource, digestOfStored } from '../../../src/convert/compare/values.js'
import type { Tree } from '../../../src/model/value.js'

const python = formsOfWayBack('python')
const js = formsOfWayBack('js')
const stored = (tree: Tree) => digestOfStored(python.stored({ ...treeValue(tree), encoding: 'msgpack' }))
const inRedis = (json: string) =>
  digestOfSource(python.source(pythonJsonValue(Buffer.from(json), 0, Buffer.byteLength(json))))

const text = (value: string): Tree => ({ kind: 'text', utf8: Buffer.from(value) })
const int = (value: number): Tree => ({ kind: 'int', value })
const list = (...items: Tree[]): Tree => ({ kind: 'list', items })
const set = (...items: Tree[]): Tree => ({ kind: 'set', items })
const datetime = (iso: string): Tree => ({
  kind: 'object',
  head: { form: 'method', module: 'datetime', name: 'datetime', method: 'fromisoformat' },
  body: text(iso),
})
const envelope = (module: string, name: string, ...args: string[]) =>
  `{"lc":2,"type":"constructor","id":["${module}","${name}"],"args":[${args.join(',')}]}`
const zone = (delta: string) => envelope('datetime', 'timezone', envelope('datetime', 'timedelta', delta))

const two = (max: number) => fc.integer({ min: 0, max }).map((part) => String(part).padStart(2, '0'))
const micros = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 1, max: 999_999 }).map((part) => `.${String(part).padStart(6, '0')}`),
)
const iso = fc
  .tuple(fc.integer({ min: 1, max: 9999 }), two(23), two(59), two(59), micros, fc.boolean(), two(23), two(59))
  .map(([year, hour, minute, second, fraction, isWest, zoneHour, zoneMinute]) => {
    const sign = isWest && `${zoneHour}${zoneMinute}` !== '0000' ? '-' : '+'
    return `${String(year).padStart(4, '0')}-02-28T${hour}:${minute}:${second}${fraction}${sign}${zoneHour}:${zoneMinute}`
  })

describe('datetimes', () => {
  test('are equal by their text and by their arguments, and to no other', () => {
    fc.assert(
      fc.property(iso, iso, (one, other) => {
        const found = inRedis(`[${datetimeEnvelope(one)}]`)
        expect(found).toBe(stored(list(datetime(one))))
        expect(found === stored(list(datetime(other)))).toBe(one === other)
      }),
      { seed: 9 },
    )
  })

  test.each([
    ['without a zone', '2024-02-29T23:59:58.123456', '2024,2,29,23,59,58,123456'],
    ['of arguments left out', '2024-02-29T00:00:00', '2024,2,29'],
    ['of no zone at all', '2024-02-29T00:00:00', '2024,2,29,0,0,0,0,null'],
    ['in UTC', '2024-02-29T23:00:00+00:00', `2024,2,29,23,0,0,0,${zone('0,0,0')}`],
    [
      'of a negative offset in seconds',
      '2024-02-29T23:00:00-05:30:15.000007',
      `2024,2,29,23,0,0,0,${zone('0,-19815,-7')}`,
    ],
    [
      'of a negative offset in days',
      '2024-02-29T23:00:00-05:30:15.000007',
      `2024,2,29,23,0,0,0,${zone('-1,66584,999993')}`,
    ],
  ])('%s', (_, isoText, args) => {
    expect(inRedis(envelope('datetime', 'datetime', args))).toBe(stored(datetime(isoText)))
  })

  test.each([
    ['of another second', `2024,2,29,23,0,1,0,${zone('0,0,0')}`],
    ['without its zone', '2024,2,29,23,0,0,0'],
    ['of another zone', `2024,2,29,23,0,0,0,${zone('0,60,0')}`],
    [
      'whose zone has a name',
      `2024,2,29,23,0,0,0,${envelope('datetime', 'timezone', envelope('datetime', 'timedelta', '0'), '"X"')}`,
    ],
  ])('%s is another', (_, args) => {
    expect(inRedis(envelope('datetime', 'datetime', args))).not.toBe(
      stored(datetime('2024-02-29T23:00:00+00:00')),
    )
  })
})

describe('sets', () => {
  const pairs = set(list(int(1), int(2)), list(int(3), int(4)))

  test('of what cannot be hashed are lists in Redis, as PostgresSaver gives them', () => {
    expect(inRedis('[[1,2],[3,4]]')).toBe(stored(pairs))
    expect(inRedis(`[[${'[1,2]'}]]`)).toBe(stored(list(set(list(int(1), int(2))))))
  })

  test('that have changed are told', () => {
    expect(inRedis('[[1,2],[3,5]]')).not.toBe(stored(pairs))
    expect(inRedis('[[1,2]]')).not.toBe(stored(pairs))
    // RedisSaver leaves such an envelope as it is.
    expect(inRedis(envelope('builtins', 'set', '[[1,2],[3,4]]'))).not.toBe(stored(pairs))
  })

  test('of anything else stay sets', () => {
    expect(inRedis(envelope('builtins', 'set', '[2,1]'))).toBe(stored(set(int(1), int(2))))
    expect(inRedis('[1,2]')).not.toBe(stored(set(int(1), int(2))))
  })

  test('find their datetimes too', () => {
    const inside = envelope('builtins', 'set', `[${datetimeEnvelope('2024-02-29T23:59:58')}]`)
    expect(inRedis(inside)).toBe(stored(set(datetime('2024-02-29T23:59:58'))))
    expect(inRedis(inside)).not.toBe(stored(set(datetime('2024-02-29T23:59:59'))))
  })
})

describe('values of JavaScript', () => {
  const jsText = (json: string) => jsJsonValue(Buffer.from(json), 0, json.length)
  const bothSides = (postgres: string, redis: string) =>
    digestOfStored(js.stored(jsText(postgres))) === digestOfSource(js.source(jsText(redis)))

  test('have one kind of number', () => {
    expect(bothSides('[18446744073709552000,1]', '[18446744073709551616.0,1.0]')).toBe(true)
    expect(bothSides('[1]', '[2]')).toBe(false)
    expect(bothSides('[1]', '["1"]')).toBe(false)
  })

  test('may be undefined: Redis leaves that out', () => {
    expect(js.isNone(jsText('{"lc":2,"type":"undefined"}'))).toBe(true)
    expect(js.isNone(jsText('null'))).toBe(false)
  })
})
