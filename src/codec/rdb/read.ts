/** Reads values that are whole in memory. Hashes and sets come sorted by their bytes, sorted sets as ZRANGE gives them. */
import type { RedisValue } from '../../model/redis-value.js'
import { DecodeError } from '../bytes.js'
import type { RdbInput } from './input.js'
import { listpackItems } from './listpack.js'
import { readLength, readString, readUint64 } from './strings.js'
import { intsetMembers, ziplistItems, zipmapItems } from './ziplist.js'

/** Null where nothing of the value was alive any more. Milliseconds since 1970. */
export type ReadValue = (input: RdbInput, aliveAtMs: number) => RedisValue | null

const times = <T>(count: number, read: () => T): T[] => {
  const items: T[] = []
  for (let left = count; left > 0; left--) items.push(read())
  return items
}

const strings = (input: RdbInput, each = 1): Buffer[] =>
  times(readLength(input) * each, () => readString(input))

export const readText: ReadValue = (input) => ({ type: 'string', bytes: readString(input) })

export const readList: ReadValue = (input) => ({ type: 'list', items: strings(input) })

export const readPackedList =
  (items: (packed: Buffer) => Buffer[]): ReadValue =>
  (input) => ({ type: 'list', items: items(readString(input)) })

/** Several ziplists. */
export const readQuicklist: ReadValue = (input) => ({
  type: 'list',
  items: strings(input).flatMap(ziplistItems),
})

const PLAIN_NODE = 1
const PACKED_NODE = 2

/** Several listpacks, and items too large for one. */
export const readQuicklist2: ReadValue = (input) => ({
  type: 'list',
  items: times(readLength(input), () => {
    const container = readLength(input)
    const node = readString(input)
    if (container === PLAIN_NODE) return [node]
    if (container === PACKED_NODE) return listpackItems(node)
    throw new DecodeError(`a list has no nodes of kind ${container}`, input.position)
  }).flat(),
})

const setOf = (members: Buffer[]): RedisValue => ({ type: 'set', members: members.sort(Buffer.compare) })

export const readSet: ReadValue = (input) => setOf(strings(input))

export const readPackedSet =
  (items: (packed: Buffer) => Buffer[]): ReadValue =>
  (input) =>
    setOf(items(readString(input)))

export const readIntset = readPackedSet(intsetMembers)

const hashOf = (fields: (readonly [Buffer, Buffer])[]): RedisValue => ({
  type: 'hash',
  fields: fields.sort(([a], [b]) => a.compare(b)),
})

export const readHash: ReadValue = (input) => hashOf(pairs(strings(input, 2)))

export const readPackedHash =
  (items: (packed: Buffer) => Buffer[]): ReadValue =>
  (input) =>
    hashOf(pairs(items(readString(input))))

export const readZipmap = readPackedHash(zipmapItems)

/**
 * A hash of which some fields live for a time only. Redis 7.4 writes when the first of them goes, and of each how much later (plus
 * one; 0: never).
 */
export const readExpiringHash: ReadValue = (input, aliveAtMs) => {
  const first = Number(input.view(8).readBigInt64LE())
  const fields = times(readLength(input), () => {
    const later = readLength(input)
    return {
      goesAtMs: later === 0 ? 0 : first + later - 1,
      field: readString(input),
      bytes: readString(input),
    }
  })
  return aliveHash(fields, aliveAtMs)
}

/** The same packed: field, value, and when it goes (0: never). */
export const readPackedExpiringHash: ReadValue = (input, aliveAtMs) => {
  input.skip(8)
  const items = listpackItems(readString(input))
  if (items.length % 3 !== 0) throw new DecodeError('a field without its value or time', 0)
  const fields = times(items.length / 3, () => {
    const [field, bytes, time] = items.splice(-3) as [Buffer, Buffer, Buffer]
    return { field, bytes, goesAtMs: Number(time.toString()) }
  })
  return aliveHash(fields, aliveAtMs)
}

interface ExpiringField {
  readonly field: Buffer
  readonly bytes: Buffer
  readonly goesAtMs: number
}

function aliveHash(fields: readonly ExpiringField[], aliveAtMs: number): RedisValue | null {
  const alive = fields.filter(({ goesAtMs }) => goesAtMs === 0 || goesAtMs >= aliveAtMs)
  return alive.length === 0 ? null : hashOf(alive.map(({ field, bytes }) => [field, bytes]))
}

const zsetOf = (members: (readonly [Buffer, number])[]): RedisValue => ({
  type: 'zset',
  members: members.sort(([a, first], [b, second]) => (first === second ? a.compare(b) : first - second)),
})

/** Scores as text. */
export const readZset: ReadValue = (input) =>
  zsetOf(times(readLength(input), () => [readString(input), textScore(input)]))

/** Scores as doubles. */
export const readZset2: ReadValue = (input) =>
  zsetOf(times(readLength(input), () => [readString(input), input.view(8).readDoubleLE()]))

export const readPackedZset =
  (items: (packed: Buffer) => Buffer[]): ReadValue =>
  (input) =>
    zsetOf(pairs(items(readString(input))).map(([member, score]) => [member, numberOf(score)]))

const WITHOUT_DIGITS: Readonly<Record<number, number>> = { 253: Number.NaN, 254: Infinity, 255: -Infinity }

function textScore(input: RdbInput): number {
  const length = input.uint8()
  return WITHOUT_DIGITS[length] ?? numberOf(input.view(length))
}

const INFINITIES: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity }

const numberOf = (text: Buffer): number => INFINITIES[text.toString()] ?? Number(text.toString())

function pairs(items: readonly Buffer[]): [Buffer, Buffer][] {
  if (items.length % 2 !== 0) throw new DecodeError('a field without its value', 0)
  const pairs: [Buffer, Buffer][] = []
  for (let at = 0; at < items.length; at += 2) pairs.push([items[at]!, items[at + 1]!])
  return pairs
}

const STRING_PART = 5

/** The value of RedisJSON from 2.0 on: the document's text. */
export const readDocument: ReadValue = (input) => {
  readUint64(input)
  const at = input.position
  if (readLength(input) !== STRING_PART) throw new DecodeError('a document that is no text', at)
  return { type: 'ReJSON-RL', text: readString(input) }
}
