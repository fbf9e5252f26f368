/** What can delete keys and what can write them, for the verbs that do. */
import { describeEndpoint, type RedisEndpoint } from '../model/endpoint.js'
import { Failure } from '../model/failure.js'
import { indexDigest, sourceDigest } from '../pipeline/source-digest.js'
import { RedisPurger } from '../source/redis/purge.js'
import { RedisRestorer } from '../source/redis/restore.js'
import type { Config } from './config.js'

/** Throws `no-source` where no setting names a Redis, `snapshot-not-writable` or `sqlite-not-writable` where it is a file. */
export function writableRedis({ values }: Config, command: string): RedisEndpoint {
  const { redis } = values
  if (redis === undefined) throw new Failure('no-source')
  if (redis.engine === 'redis') return redis
  if (redis.engine === 'sqlite')
    throw new Failure('sqlite-not-writable', { command, endpoint: describeEndpoint(redis) })
  throw new Failure('snapshot-not-writable', { command, endpoint: describeEndpoint(redis) })
}

/** Connects when it is first used. */
export function openPurger(config: Config, command: string): RedisPurger {
  return new RedisPurger(
    writableRedis(config, command),
    { content: sourceDigest, index: indexDigest },
    { connectTimeoutMs: config.values.connectTimeout },
  )
}

/** The one thing that can write keys. */
export function openRestorer(config: Config): RedisRestorer {
  return new RedisRestorer(writableRedis(config, 'restore-archive'), {
    connectTimeoutMs: config.values.connectTimeout,
  })
}
