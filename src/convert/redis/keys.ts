/** A thread of Postgres as the keys of the official RedisSaver: for each checkpoint its writes, their registry and its document. */
import type { CheckpointKeys } from '../../model/redis-write.js'
import type { ThreadRows } from '../../model/thread-rows.js'
import type { RedisKeysOptions } from './options.js'

/**
 * Thread after thread, each from its oldest checkpoint of a namespace to the newest, then the pointer to it. A checkpoint with many
 * writes comes in several parts, its registry and document in the last. A thread whose newest checkpoint of some namespace Redis
 * cannot hold yields nothing, and says so in a finding before anything of it could be written.
 */
export async function* redisKeysOf(
  _rows: ThreadRows,
  _options: RedisKeysOptions,
): AsyncGenerator<CheckpointKeys, void, undefined> {}
