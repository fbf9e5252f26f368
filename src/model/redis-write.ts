/** What is to stand in Redis of a thread: whole keys, in the order in which they have to be written. */

/** One key with all that it holds. Its buffers are the taker's: nobody writes into them any more. */
export type RedisKeyWrite =
  | { readonly type: 'json'; readonly key: Buffer; readonly document: Buffer }
  | { readonly type: 'string'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'zset'; readonly key: Buffer; readonly members: readonly RedisScore[] }

/** A member of a sorted set with its place. */
export interface RedisScore {
  readonly member: Buffer
  readonly score: number
}

/**
 * The keys of one checkpoint: its writes, their registry, the document last. A reader that finds the document finds the writes, too:
 * the official saver asks for them only where the document says that there are some.
 */
export interface CheckpointKeys {
  readonly threadId: string
  readonly checkpointNs: string
  /** Null for what belongs to a namespace as a whole: the pointer to its newest checkpoint, which comes after all of them. */
  readonly checkpointId: string | null
  readonly keys: readonly RedisKeyWrite[]
}
