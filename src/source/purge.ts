/** The port that takes keys out of a source: only where each still holds what it is known to hold, all keys of a call or none. */
import type { RedisType, RedisValue } from '../model/redis-value.js'

/** A key, and what it must hold to be deleted. */
export interface KeyToPurge {
  readonly key: Buffer
  readonly type: RedisType
  /**
   * `content`: its value is known by its digest. `index`: it names other keys; it goes last, and only where none of these is left.
   */
  readonly use: 'content' | 'index'
  /** The first 12 bytes of a SHA-1; see `PurgeDigests`. */
  readonly digest: Buffer
  /** What it takes in the server's memory; null where the server does not say. */
  readonly bytes: number | null
}

/** What a digest is made of; a script on the server computes the same. */
export interface PurgeDigests {
  readonly content: (value: RedisValue) => Buffer
  readonly index: (value: RedisValue) => Buffer
}

/** Keys that are not there are no change: somebody was faster. */
export interface Examined {
  readonly absent: number
  /** Keys that hold something else. */
  readonly changed: readonly Buffer[]
}

/** One key as `RESTORE` takes it. */
export interface DumpedKey {
  readonly key: Buffer
  readonly dump: Buffer
  /** Milliseconds it has left; −1: for ever. */
  readonly pttlMs: number
}

export type Purged =
  | {
      readonly state: 'deleted'
      readonly deleted: number
      readonly absent: number
      /** Indexes that name keys which stay. */
      readonly kept: number
    }
  /** Nothing was deleted. */
  | { readonly state: 'changed'; readonly changed: readonly Buffer[] }
  /** Somebody writes all the time; nothing was deleted. */
  | { readonly state: 'busy' }

export interface Purger {
  /** What each takes in memory, 0 for a key that is gone, null where the server does not say; in their order. */
  sizes(keys: readonly Pick<KeyToPurge, 'key' | 'type'>[]): Promise<readonly (number | null)[]>
  /** Changes nothing. */
  examine(keys: readonly KeyToPurge[]): Promise<Examined>
  /** Deletes them in one atomic step, unless one holds something else. */
  purge(keys: readonly KeyToPurge[]): Promise<Purged>
  /** What RESTORE needs to bring them back, of those that are there; null where one has changed. */
  dump(keys: readonly KeyToPurge[]): Promise<readonly DumpedKey[] | null>
  /** How it compares: by a script on the server, or by reading every value, where scripts are switched off. */
  readonly compares: 'on the server' | 'here'
  close(): Promise<void>
}
