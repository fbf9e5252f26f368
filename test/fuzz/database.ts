/** A few keys with their values as one run of bytes, so that a failure can be shown, kept and read again. */
import type { RedisValue } from '../../src/model/redis-value.js'
import type { Key } from '../layouts/read-case.js'

const TYPES = ['string', 'ReJSON-RL', 'hash', 'list', 'set', 'zset'] as const

export function bytesOfDatabase(keys: readonly Key[]): Buffer {
  const parts: Buffer[] = []
  const put = (bytes: Buffer) => {
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32LE(bytes.length)
    parts.push(length, bytes)
  }
  for (const { key, value } of keys) {
    const contents = contentsOf(value)
    put(key)
    parts.push(Buffer.from([TYPES.indexOf(value.type), contents.length >> 8, contents.length & 0xff]))
    for (const content of contents) put(content)
  }
  return Buffer.concat(parts)
}

/** Throws `RangeError` for anything that `bytesOfDatabase` did not make. */
export function databaseOfBytes(bytes: Buffer): Key[] {
  const keys: Key[] = []
  let at = 0
  const take = (): Buffer => {
    const end = at + 4 + bytes.readUInt32LE(at)
    if (end > bytes.length) throw new RangeError('cut')
    const taken = bytes.subarray(at + 4, end)
    at = end
    return taken
  }
  while (at < bytes.length) {
    const key = take()
    const type = TYPES[bytes.readUInt8(at)]!
    const count = bytes.readUInt16BE(at + 1)
    at += 3
    keys.push({ key, value: redisValueOf(type, Array.from({ length: count }, take)) })
  }
  return keys
}

/** All that a value holds: fields and their contents in turn, members, or the one text. */
export function contentsOf(value: RedisValue): Buffer[] {
  switch (value.type) {
    case 'string':
      return [value.bytes]
    case 'ReJSON-RL':
      return [value.text]
    case 'hash':
      return value.fields.flat()
    case 'list':
      return [...value.items]
    case 'set':
      return [...value.members]
    case 'zset':
      return value.members.map(([member]) => member)
  }
}

/** A value of that TYPE, of contents that may have been another's. */
export function redisValueOf(type: RedisValue['type'], contents: readonly Buffer[]): RedisValue {
  const first = contents[0] ?? Buffer.alloc(0)
  switch (type) {
    case 'string':
      return { type, bytes: first }
    case 'ReJSON-RL':
      return { type, text: first }
    case 'hash': {
      const fields = new Map<string, readonly [Buffer, Buffer]>()
      for (let i = 0; i + 1 < contents.length; i += 2)
        fields.set(contents[i]!.toString('latin1'), [contents[i]!, contents[i + 1]!])
      return { type, fields: [...fields.values()].sort(([a], [b]) => a.compare(b)) }
    }
    case 'list':
      return { type, items: contents }
    case 'set':
      return { type, members: contents }
    case 'zset':
      return { type, members: contents.map((member, score) => [member, score] as const) }
  }
}
