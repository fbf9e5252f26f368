/** What is to become of a key that may stand in Redis already: whose it is decides, and what it holds (pure). */
import { jsonString, members } from '../../codec/json/read.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { RedisKeyWrite } from '../../model/redis-write.js'
import { sourceDigest } from '../../pipeline/source-digest.js'
import { keyText, type RecordedKey, type RecordedKeys } from '../../target/ledger/pack.js'
import { digestOfValue, digestOfWrite, holds } from '../../target/redis/key-digest.js'
import type { KeyOrder } from './key-order.js'

export type KeyVerdict =
  | { readonly do: 'create'; readonly record: RecordedKey }
  /** `seen`: the digest of what stands there; `before`: what that is. */
  | {
      readonly do: 'replace'
      readonly record: RecordedKey
      readonly write: RedisKeyWrite
      readonly seen: Buffer
      readonly before: Buffer
    }
  | { readonly do: 'nothing' }
  | { readonly do: 'conflict'; readonly reason: 'key-differs' | 'redis-is-newer'; readonly detail: string }

const NOTHING: KeyVerdict = { do: 'nothing' }

export const creation = ({ write, digest }: KeyOrder): KeyVerdict => ({
  do: 'create',
  record: { key: write.key, use: 'migrated', digest },
})

/**
 * Of a key that stands in Redis. `recorded`: what a run of the way back has written under it. `originals`: the thread's keys as a run of
 * the way there has read them from this Redis: they are what Postgres was filled from.
 */
export function judged(
  order: KeyOrder,
  value: RedisValue,
  {
    recorded,
    originals,
  }: { readonly recorded: RecordedKey | undefined; readonly originals: RecordedKeys | undefined },
): KeyVerdict {
  const { write, digest, kind } = order
  const seen = digestOfValue(value)
  if (seen.equals(digest) || holds(value, write)) return NOTHING
  if (TYPES[write.type] !== value.type) return differs(`it is of type ${value.type}`)
  if (write.type === 'string' && value.type === 'string')
    return ofPointer(order, write.value, value.bytes, seen)
  if (write.type === 'zset' && value.type === 'zset') return ofRegistry(write, value, seen)
  if (write.type !== 'json' || value.type !== 'ReJSON-RL') return differs('')
  const isAsRecorded = recorded?.digest?.equals(seen) === true
  if (isAsRecorded && recorded.use === 'migrated') {
    return {
      do: 'replace',
      record: { key: write.key, use: 'migrated', digest },
      write,
      seen,
      before: value.text,
    }
  }
  const original = originals?.get(keyText(write.key))
  if (!isAsRecorded && original?.digest?.equals(sourceDigest(value)) !== true) {
    return differs(recorded === undefined ? 'no run has written it' : 'it was changed since it was written')
  }
  return kind === 'document' ? withWrites(write, value.text, seen) : NOTHING
}

const TYPES = { json: 'ReJSON-RL', string: 'string', zset: 'zset' } as const

const differs = (detail: string): KeyVerdict => ({ do: 'conflict', reason: 'key-differs', detail })

/** Forward only: a pointer that names a newer checkpoint tells of an application that went on in Redis. */
function ofPointer({ write: { key } }: KeyOrder, wanted: Buffer, stands: Buffer, seen: Buffer): KeyVerdict {
  const id = lastPart(stands)
  if (id > lastPart(wanted))
    return { do: 'conflict', reason: 'redis-is-newer', detail: `newest there: ${id}` }
  const write: RedisKeyWrite = { type: 'string', key, value: wanted }
  return {
    do: 'replace',
    record: { key, use: 'migrated', digest: digestOfWrite(write) },
    write,
    seen,
    before: stands,
  }
}

const lastPart = (name: Buffer): string => name.toString().slice(name.lastIndexOf(':') + 1)

/** Members are only ever added; where all are known, each stands in its place among the others. */
function ofRegistry(
  wanted: RedisKeyWrite & { readonly type: 'zset' },
  { members: standing }: RedisValue & { readonly type: 'zset' },
  seen: Buffer,
): KeyVerdict {
  const names = new Set(standing.map(([member]) => keyText(member)))
  if (wanted.members.every(({ member }) => names.has(keyText(member)))) return NOTHING
  const known = new Set(wanted.members.map(({ member }) => keyText(member)))
  const others = standing.filter(([member]) => !known.has(keyText(member)))
  const last = Math.max(0, ...wanted.members.map(({ score }) => score))
  const members = [...wanted.members, ...others.map(([member], at) => ({ member, score: last + 1 + at }))]
  const write = { ...wanted, members }
  const record: RecordedKey = { key: wanted.key, use: 'foreign', digest: digestOfWrite(write) }
  return { do: 'replace', record, write, seen, before: scoresText(standing) }
}

const scoresText = (members: readonly (readonly [Buffer, number])[]): Buffer =>
  Buffer.from(JSON.stringify(members.map(([member, score]) => [member.toString(), score])))

/** A document of the saver's own, which gets to know that there are writes now; the saver does the same when it adds some. */
function withWrites(
  wanted: RedisKeyWrite & { readonly type: 'json' },
  text: Buffer,
  seen: Buffer,
): KeyVerdict {
  const now = memberOf(text, 'has_writes')
  const then = memberOf(wanted.document, 'has_writes')
  if (now === null || then === null || !/^"?true/.test(then.text) || now.text === then.text) return NOTHING
  const document = Buffer.concat([
    text.subarray(0, now.start),
    Buffer.from(then.text),
    text.subarray(now.end),
  ])
  const write: RedisKeyWrite = { ...wanted, document }
  const record: RecordedKey = { key: wanted.key, use: 'foreign', digest: digestOfWrite(write) }
  return { do: 'replace', record, write, seen, before: text }
}

/** Where a member of a document stands, and its JSON; null where it has none of that name. */
export function memberOf(text: Buffer, name: string) {
  for (const member = members(text, 0); member.next(); ) {
    if (jsonString(text, member.keyStart, member.keyEnd) !== name) continue
    return { start: member.start, end: member.end, text: text.toString('utf8', member.start, member.end) }
  }
  return null
}
