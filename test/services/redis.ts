/** Redis servers for one test file. */
import { Redis } from 'ioredis'
import { type RedisOptions, type RedisServer, startRedis } from '../../scripts/services/redis.mjs'
import { atEndOfFile } from './each-file.js'

/** An empty server of its own, ended after the file. */
export async function freshRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options)
  atEndOfFile(server.stop)
  return server
}

/** A client for the test's own looks and writes, closed after the file. */
export function redisClient(url: string): Redis {
  const client = new Redis(url, { protocol: 2 })
  atEndOfFile(async () => client.disconnect())
  return client
}
