/** LangGraph's long-term memory: one item of a store as every layout gives it, and what verbs report of all of them. */
import type { RedisType } from './redis-value.js'

/** Whose store wrote an item, and whose will read it. */
export type StoreDialect = 'python' | 'js'

/** An embedding as its saver stored it, to be copied and never computed. */
export interface StoreVector {
  /** The path inside the value that was embedded, as the app named it: `text`, `list[*].t`, `$`. */
  readonly path: string
  /** The bits of a 32-bit float each. */
  readonly embedding: readonly number[]
}

export interface StoreItem {
  readonly dialect: StoreDialect
  /** Namespace labels joined with `.`, unescaped; a label with a dot cannot be told apart. */
  readonly namespace: string
  readonly key: string
  /** The value as JSON text. */
  readonly value: Buffer
  /** Microseconds since 1970. */
  readonly createdAt: bigint
  readonly updatedAt: bigint
  /** Null: lives for ever. */
  readonly ttl: { readonly remainingMs: number; readonly minutes: number } | null
  /** Embeddings that stay where they are: those of a SQLite file. */
  readonly vectorsLeft?: number
}

/** A key of the source that an item, or its vector, was read from. */
export interface StoreKey {
  readonly key: Buffer
  readonly type: RedisType
  /** As the ledger keeps it. */
  readonly digest: Buffer
}

/** An item with all that was found of it. */
export interface FoundItem {
  readonly item: StoreItem
  readonly source: StoreKey
  readonly vector: (StoreVector & { readonly source: StoreKey }) | null
}

/** What a migration did with store items. In a dry run: what it would have done. */
export interface StoreMoved {
  /** All that were read. */
  items: number
  inserted: number
  /** Items of ours that followed their source. */
  updated: number
  alreadyThere: number
  /** Items that expire. */
  expiring: number
  /** Embeddings that were copied now. */
  vectors: number
  /** Bytes of the values read. */
  bytes: number
}

export const nothingMoved = (): StoreMoved => ({
  items: 0,
  inserted: 0,
  updated: 0,
  alreadyThere: 0,
  expiring: 0,
  vectors: 0,
  bytes: 0,
})

/** Where an item and its row do not agree. */
export interface StoreDifference {
  readonly namespace: string
  readonly key: string
  readonly part: 'item' | 'value' | 'created_at' | 'updated_at' | 'embedding'
}

/** What a comparison of a source's stores with the target's found. */
export interface StoreVerified {
  /** Items of the source that were compared; each is counted once below. */
  items: number
  equal: number
  differs: number
  /** The source has them newer than they were moved, or they were not moved yet. */
  behind: number
  /** The application has changed them in Postgres since. */
  ahead: number
  /** Deleted in Postgres since they were moved. */
  deleted: number
  /** They could not be moved; they stay where they are. */
  rejected: number
  /** Older documents of items that come twice. */
  olderCopies: number
  /** Embeddings among what is equal. */
  vectors: number
  /** Rows that the source no longer has, as they were written. */
  onlyInLedger: number
  /** Rows that neither the source nor the ledger knows. */
  onlyInTarget: number
  /** The first ones. */
  readonly differences: StoreDifference[]
}

export const nothingVerified = (): StoreVerified => ({
  items: 0,
  equal: 0,
  differs: 0,
  behind: 0,
  ahead: 0,
  deleted: 0,
  rejected: 0,
  olderCopies: 0,
  vectors: 0,
  onlyInLedger: 0,
  onlyInTarget: 0,
  differences: [],
})
