/** Lists the keys of a source by thread: where every verb that reads Redis begins. */
import type { Layout, Prefixes } from '../layouts/layout.js'
import { prefixesOfIndexes } from '../layouts/prefixes.js'
import { LayoutRegistry } from '../layouts/registry.js'
import type { OnEvent } from '../model/events.js'
import { Failure } from '../model/failure.js'
import { Inventory } from '../pipeline/inventory.js'
import { claimsByDocument } from '../pipeline/resolve-claims.js'
import type { Source } from '../source/source.js'
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
}

export interface ListedKeys {
  readonly inventory: Inventory
  readonly registry: LayoutRegistry
  /** The user's own, and those that search indexes gave away. */
  readonly prefixes: Prefixes
  /** Null unless it was asked for. */
  readonly census: KeyCensus | null
}

/** Close the inventory when its threads are no longer needed. */
export async function listKeys(request: ListRequest): Promise<ListedKeys> {
  const { source, signal, onEvent } = request
  const info = await source.info()
  if (info.clusterEnabled) throw new Failure('redis-cluster', { endpoint: source.describe() })
  const prefixes = prefixesOfIndexes(await source.searchIndexes(), request.prefixes)
  const registry = new LayoutRegistry(request.layouts, prefixes)
  const census = request.takesCensus ? new KeyCensus(registry) : null
  const pages = source.scan({ typesByScript: true })
  const inventory = await Inventory.of(census?.watch(pages) ?? pages, {
    claim: (key, type) => registry.claim(key, type),
    resolve: claimsByDocument(source, registry),
    wants: request.wants,
    maxBytes: request.maxBytes,
    onProgress: (keys) => {
      signal.throwIfAborted()
      onEvent({ kind: 'scanning', keys, ofKeys: null })
    },
  })
  return { inventory, registry, prefixes, census }
}
