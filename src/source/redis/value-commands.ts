/** How the value of each TYPE is asked for, and what the reply makes. Hashes and sets are sorted: their order changes at a restart. */
import type { RedisType, RedisValue } from '../../model/redis-value.js'

export type ValueType = RedisValue['type']

/** A command and what stands behind its key or keys. */
interface Question {
  readonly command: string
  readonly after: readonly string[]
}

interface ValueCommand extends Question {
  /** The same for many keys: replies with a list. */
  readonly multi?: Question
  /** Null where the reply says that there is no such key. */
  decode(reply: unknown): RedisValue | null
}

/** The root by its legacy path: what JSON.GET without a path prints, byte for byte, without the array `$` puts around it. */
const ROOT = '.'

export const VALUE_COMMANDS: Readonly<Record<ValueType, ValueCommand>> = {
  string: {
    command: 'GET',
    after: [],
    multi: { command: 'MGET', after: [] },
    decode: (reply) => (Buffer.isBuffer(reply) ? { type: 'string', bytes: reply } : null),
  },
  'ReJSON-RL': {
    command: 'JSON.GET',
    after: [ROOT],
    multi: { command: 'JSON.MGET', after: [ROOT] },
    decode: (reply) => (Buffer.isBuffer(reply) ? { type: 'ReJSON-RL', text: reply } : null),
  },
  hash: {
    command: 'HGETALL',
    after: [],
    decode: (reply) =>
      unlessEmpty(pairsOf(reply), (pairs) => ({
        type: 'hash',
        fields: pairs.sort(([a], [b]) => a.compare(b)),
      })),
  },
  list: {
    command: 'LRANGE',
    after: ['0', '-1'],
    decode: (reply) => unlessEmpty(buffersOf(reply), (items) => ({ type: 'list', items })),
  },
  set: {
    command: 'SMEMBERS',
    after: [],
    decode: (reply) =>
      unlessEmpty(buffersOf(reply), (members) => ({ type: 'set', members: members.sort(Buffer.compare) })),
  },
  zset: {
    command: 'ZRANGE',
    after: ['0', '-1', 'WITHSCORES'],
    decode: (reply) =>
      unlessEmpty(pairsOf(reply), (pairs) => ({
        type: 'zset',
        members: pairs.map(([member, score]) => [member, scoreOf(score)] as const),
      })),
  },
}

export const isValueType = (type: RedisType): type is ValueType => Object.hasOwn(VALUE_COMMANDS, type)

/** Bytes of the value as the server sends it. */
export function sizeOf(value: RedisValue): number {
  switch (value.type) {
    case 'string':
      return value.bytes.length
    case 'ReJSON-RL':
      return value.text.length
    case 'hash':
      return value.fields.reduce((sum, [field, bytes]) => sum + field.length + bytes.length, 0)
    case 'list':
      return value.items.reduce((sum, item) => sum + item.length, 0)
    case 'set':
      return value.members.reduce((sum, member) => sum + member.length, 0)
    case 'zset':
      return value.members.reduce((sum, [member]) => sum + member.length + 8, 0)
  }
}

export const buffersOf = (reply: unknown): Buffer[] => (Array.isArray(reply) ? reply : [])

/** Redis has no empty collections: an empty reply means that the key is absent. */
const unlessEmpty = <T>(items: T[], value: (items: T[]) => RedisValue): RedisValue | null =>
  items.length === 0 ? null : value(items)

function pairsOf(reply: unknown): [Buffer, Buffer][] {
  const flat = buffersOf(reply)
  const pairs: [Buffer, Buffer][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at]!, flat[at + 1]!])
  return pairs
}

const INFINITIES: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity }
const scoreOf = (text: Buffer): number => INFINITIES[text.toString()] ?? Number(text.toString())
