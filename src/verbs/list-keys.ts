/** Lists the keys of a source by thread: where every verb that reads Redis begins. */
import type { Layout, Prefixes } from '../layouts/layout.js'
import { prefixesOfIndexes } from '../layouts/prefixes.js'
import { LayoutRegistry } from '../layouts/registry.js'
import { isStoreKey, type StorePrefixes, storePrefixesOf } from '../layouts/store/keys.js'
import type { OnEvent } from '../model/events.js'
import { Failure } from '../model/failure.js'
import { Inventory } from '../pipeline/inventory.js'
import { claimsByDocument } from '../pipeline/resolve-claims.js'
import type { KeyOfType, Source } from '../source/source.js'
import { beginningBy } from './beginnings.js'
import { KeyCensus } from './detect/census.js'

export interface ListRequest {
  readonly source: Source
  readonly prefixes: Prefixes
  /** Newest first. */
  readonly layouts: readonly Layout[]
  wants(threadId: string): boolean
  /** What the keys may take in memory. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  /** Also counts the keys by kind, for whoever wants to say which savers wrote them. */
  readonly takesCensus?: boolean
  /** Keys of stores are counted and left to whoever moves those; without it they are keys of nobody. */
  readonly storePrefixes?: StorePrefixes
}

export interface ListedKeys {
  readonly inventory: Inventory
  readonly registry: LayoutRegistry
  /** The user's own, and those that search indexes gave away. */
  readonly prefixes: Prefixes
  /** Null unless it was asked for. */
  readonly census: KeyCensus | null
  /** Items and embeddings, where they were asked for. */
  readonly storeKeys: number
}

/** Close the inventory when its threads are no longer needed. */
export async function listKeys(request: ListRequest): Promise<ListedKeys> {
  const { source, signal, onEvent } = request
  const info = await source.info()
  if (info.clusterEnabled) throw new Failure('redis-cluster', { endpoint: source.describe() })
  const indexes = await source.searchIndexes()
  const prefixes = prefixesOfIndexes(indexes, request.prefixes)
  const registry = new LayoutRegistry(request.layouts, prefixes)
  const beginningOf = beginningBy(indexes)
  const census = request.takesCensus ? new KeyCensus(registry, beginningOf) : null
  const all = source.scan({ typesByScript: true })
  let storeKeys = 0
  const store = request.storePrefixes && storePrefixesOf(indexes, request.storePrefixes)
  const pages = store === undefined ? all : withoutStore(all, store, (keys) => (storeKeys += keys))
  const inventory = await Inventory.of(census?.watch(pages) ?? pages, {
    claim: (key, type) => registry.claim(key, type),
    beginningOf,
    resolve: claimsByDocument(source, registry),
    wants: request.wants,
    maxBytes: request.maxBytes,
    onProgress: (keys) => {
      signal.throwIfAborted()
      onEvent({ kind: 'scanning', keys, ofKeys: null })
    },
  })
  return { inventory, registry, prefixes, census, storeKeys }
}

async function* withoutStore(
  pages: AsyncIterable<readonly KeyOfType[]>,
  prefixes: StorePrefixes,
  count: (keys: number) => void,
): AsyncGenerator<readonly KeyOfType[]> {
  for await (const page of pages) {
    const others = page.filter(({ key }) => !isStoreKey(key, prefixes))
    count(page.length - others.length)
    yield others
  }
}
