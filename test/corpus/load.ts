/** Fills a Redis from a case. */
import { join } from 'node:path'
import { loadRedisFile } from '../../scripts/services/load-redis.mjs'
import type { Case } from './cases.js'

export { type KeyLine, loadRedis } from '../../scripts/services/load-redis.mjs'

/** Loads every key of the case, with its TTL, into the database that `redisUrl` names; the number of keys. */
export function loadCase(from: Case, redisUrl: string): Promise<number> {
  return loadRedisFile(join(from.folder, 'redis.jsonl'), redisUrl)
}
