/** What can delete keys and what can write them, for the verbs that do. */
import { Failure } from '../model/failure.js'
import { indexDigest, sourceDigest } from '../pipeline/source-digest.js'
import { RedisPurger } from '../source/redis/purge.js'
import { RedisRestorer } from '../source/redis/restore.js'
import type { Config } from './config.js'

/** Connects when it is first used. Throws `no-source` where no setting names a Redis. */
export function openPurger({ values }: Config): RedisPurger {
  if (values.redis === undefined) throw new Failure('no-source')
  return new RedisPurger(
    values.redis,
    { content: sourceDigest, index: indexDigest },
    { connectTimeoutMs: values.connectTimeout },
  )
}

/** The one thing that can write keys. */
export function openRestorer({ values }: Config): RedisRestorer {
  if (values.redis === undefined) throw new Failure('no-source')
  return new RedisRestorer(values.redis, { connectTimeoutMs: values.connectTimeout })
}
