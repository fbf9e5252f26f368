/** Fills a Redis from a case, so that every key has the TYPE, value and TTL it had when the case was made. */
import { Redis } from 'ioredis'
import { type Case, linesOf } from './cases.js'

/** A line of `redis.jsonl`: keys, fields, members and string values in base64, a document as its JSON text. */
export type KeyLine = { readonly key: string; readonly name: string | null; readonly pttl: number } & (
  | { readonly type: 'string' | 'ReJSON-RL'; readonly value: string }
  | { readonly type: 'list' | 'set'; readonly value: readonly string[] }
  | { readonly type: 'hash'; readonly value: readonly (readonly [string, string])[] }
  | { readonly type: 'zset'; readonly value: readonly (readonly [string, number])[] }
)

/** Loads the whole case into the database that `redisUrl` names; the number of keys. */
export async function loadCase(from: Case, redisUrl: string): Promise<number> {
  const lines = linesOf<KeyLine>(from, 'redis.jsonl')
  await loadKeys(lines, redisUrl)
  return lines.length
}

export async function loadKeys(lines: readonly KeyLine[], redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl, { protocol: 2 })
  try {
    for (let at = 0; at < lines.length; at += 500) {
      const pipeline = redis.pipeline()
      for (const line of lines.slice(at, at + 500)) {
        const key = bytes(line.key)
        const [command, ...args] = writeOf(line)
        pipeline.call(command, key, ...args)
        if (line.pttl > 0) pipeline.pexpire(key, line.pttl)
      }
      for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error
    }
  } finally {
    redis.disconnect()
  }
}

function writeOf(line: KeyLine): [string, ...(Buffer | string)[]] {
  switch (line.type) {
    case 'string':
      return ['SET', bytes(line.value)]
    case 'ReJSON-RL':
      return ['JSON.SET', '$', line.value]
    case 'list':
      return ['RPUSH', ...line.value.map(bytes)]
    case 'set':
      return ['SADD', ...line.value.map(bytes)]
    case 'hash':
      return ['HSET', ...line.value.flatMap(([field, value]) => [bytes(field), bytes(value)])]
    case 'zset':
      return ['ZADD', ...line.value.flatMap(([member, score]) => [String(score), bytes(member)])]
  }
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64')
}
