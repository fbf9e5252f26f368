/** How keys that no layout claims begin; those of stores are told from all others, whatever their prefix. */
import type { SearchIndex } from '../layouts/prefixes.js'
import { isStoreKey, storePrefixesOf } from '../layouts/store/keys.js'
import { keyBeginning } from '../pipeline/inventory/counts.js'

/** Keys of the official savers' long-term stores. */
export const STORE_BEGINNINGS: ReadonlySet<string> = new Set(['store:', 'store_vectors:'])

/** Items and embeddings under prefixes of the user's own, which the stores' search indexes give away, begin as if they had the usual ones. */
export function beginningBy(indexes: readonly SearchIndex[]): (key: Buffer) => string {
  const prefixes = storePrefixesOf(indexes, { item: [], vector: [] })
  const all = [...prefixes.item, ...prefixes.vector]
  if (all.every((prefix) => STORE_BEGINNINGS.has(`${prefix}:`))) return keyBeginning
  return (key) => (isStoreKey(key, prefixes) ? 'store:' : keyBeginning(key))
}
