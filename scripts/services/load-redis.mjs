/** Fills a Redis from dumped keys, so that each has the TYPE, value and TTL it had when it was dumped. */
import { readFile } from 'node:fs/promises'
import { Redis } from 'ioredis'

/**
 * A line of `redis.jsonl`: keys, fields, members and string values in base64, a document as its JSON text.
 *
 * @typedef {{ key: string, name: string | null, pttl: number } & (
 *   | { type: 'string' | 'ReJSON-RL', value: string }
 *   | { type: 'list' | 'set', value: readonly string[] }
 *   | { type: 'hash', value: readonly (readonly [string, string])[] }
 *   | { type: 'zset', value: readonly (readonly [string, number])[] })} KeyLine
 */

/** Commands of one round trip: few enough to stay small, many enough to be quick. */
const AT_ONCE = 500

/**
 * @param {string} file
 * @param {string} redisUrl
 * @returns {Promise<number>} how many keys the file held
 */
export async function loadRedisFile(file, redisUrl) {
  const text = await readFile(file, 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  await loadRedis(
    lines.map((line) => JSON.parse(line)),
    redisUrl,
  )
  return lines.length
}

/**
 * @param {readonly KeyLine[]} lines
 * @param {string} redisUrl
 */
export async function loadRedis(lines, redisUrl) {
  const redis = new Redis(redisUrl, { protocol: 2 })
  try {
    for (let at = 0; at < lines.length; at += AT_ONCE) {
      const pipeline = redis.pipeline()
      for (const line of lines.slice(at, at + AT_ONCE)) {
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

/**
 * @param {KeyLine} line
 * @returns {[string, ...(Buffer | string)[]]}
 */
function writeOf(line) {
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

/** @param {string} base64 */
function bytes(base64) {
  return Buffer.from(base64, 'base64')
}
