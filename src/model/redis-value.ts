/** One Redis key as it was read: its TYPE and its value, all of it bytes. */

/** What `TYPE` answers. */
export type RedisType = 'string' | 'hash' | 'list' | 'set' | 'zset' | 'ReJSON-RL' | 'stream' | (string & {})

export type RedisValue =
  | { readonly type: 'string'; readonly bytes: Buffer }
  /** The document's text as `JSON.GET key` prints it. */
  | { readonly type: 'ReJSON-RL'; readonly text: Buffer }
  /** Field, value; sorted by field bytes, because the server's order changes at a restart. */
  | { readonly type: 'hash'; readonly fields: readonly (readonly [Buffer, Buffer])[] }
  | { readonly type: 'list'; readonly items: readonly Buffer[] }
  | { readonly type: 'set'; readonly members: readonly Buffer[] }
  | { readonly type: 'zset'; readonly members: readonly (readonly [member: Buffer, score: number])[] }

/** What came back for one key: the value with the milliseconds it has left to live (−1: for ever), or why there is none. */
export type ReadResult =
  | {
      readonly state: 'read'
      readonly value: RedisValue
      readonly pttlMs: number
      readonly sizeBytes: number
    }
  | { readonly state: 'gone' }
  | { readonly state: 'type-changed'; readonly type: RedisType }
  | { readonly state: 'too-large'; readonly sizeBytes: number }
