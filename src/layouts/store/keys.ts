/**
 * Keys of the official savers' stores: `store:ID` for an item, `store_vectors:ID` for its embedding. Layout of RedisStore in
 * langgraph-checkpoint-redis 0.0.1–0.5.2 (ids are ULIDs) and in @langchain/langgraph-checkpoint-redis until 1.0.11 (UUIDs).
 */
import type { StoreDialect } from '../../model/store.js'
import type { SearchIndex } from '../prefixes.js'

/** Names that the savers let their users choose. */
export interface StorePrefixes {
  /** `store` unless the user chose another. */
  readonly item: readonly string[]
  /** `store_vectors`; of the same place in the list as the items'. */
  readonly vector: readonly string[]
}

/** What a key's name says. */
export interface StoreKeyName {
  readonly id: string
  readonly dialect: StoreDialect
  /** Where the saver would have put the embedding. */
  readonly vectorKeys: readonly Buffer[]
}

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/i
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** A row of a SQLite file, see `storeKey`. */
const ROW = /^-?\d{1,19}$/

/** Null where the key is no item's. */
export function storeKeyName(key: Buffer, { item, vector }: StorePrefixes): StoreKeyName | null {
  const name = key.toString()
  // From the right: one prefix may begin with another.
  const end = name.lastIndexOf(':')
  if (end === -1 || !item.includes(name.slice(0, end))) return null
  const id = name.slice(end + 1)
  const dialect = UUID.test(id) ? 'js' : ULID.test(id) || ROW.test(id) ? 'python' : null
  return dialect && { id, dialect, vectorKeys: vector.map((one) => Buffer.from(`${one}:${id}`)) }
}

/** Whether the key belongs to a store: an item, or an embedding. */
export function isStoreKey(key: Buffer, { item, vector }: StorePrefixes): boolean {
  return storeKeyName(key, { item: [...item, ...vector], vector: [] }) !== null
}

/** Patterns for SCAN that find every item. */
export const storePatterns = ({ item }: StorePrefixes): string[] =>
  item.map((prefix) => `${prefix.replace(/[*?[\]\\^]/g, '\\$&')}:*`)

/** Adds the prefixes that the stores' own search indexes give away. */
export function storePrefixesOf(indexes: readonly SearchIndex[], base: StorePrefixes): StorePrefixes {
  const item = new Set(base.item)
  const vector = new Set(base.vector)
  for (const { prefixes, fields } of indexes) {
    if (!['prefix', 'key', 'created_at', 'updated_at'].every((field) => fields.includes(field))) continue
    for (const prefix of prefixes) {
      const name = prefix.replace(/:$/, '')
      if (name !== '') (fields.includes('embedding') ? vector : item).add(name)
    }
  }
  return { item: [...item], vector: [...vector] }
}
