/** The way back: threads in Postgres as the keys of the official RedisSaver, one piece at a time. */
import { redisKeysOf } from '../convert/redis/keys.js'
import type { RedisKeysOptions } from '../convert/redis/options.js'
import type { CheckpointKeys } from '../model/redis-write.js'
import type { CopyOutSession } from '../target/rows/read-rows.js'
import { withThreadRows } from '../target/rows/thread-rows.js'

export interface WayBackOptions extends RedisKeysOptions {
  readonly schema: string
  /** A batch: they share queries, and one transaction that is open until the last key was taken. */
  readonly threadIds: readonly string[]
  readonly signal?: AbortSignal
}

/**
 * All keys of these threads, in the order of `threadIds`. The session is in a read-only transaction while it is read and must not be
 * used for anything else; whoever stops before the end may use it again. Throws the driver's errors.
 */
export async function* wayBack(
  session: CopyOutSession,
  options: WayBackOptions,
): AsyncGenerator<CheckpointKeys, void, undefined> {
  yield* withThreadRows(session, options, (rows) => redisKeysOf(rows, options))
}
