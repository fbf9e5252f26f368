/** What the walk over all keys says in a migration's report: how many, what is left alone, what other databases seem to hold. */
import type { Prefixes } from '../../layouts/layout.js'
import type { Bounds } from '../../model/bounds.js'
import { addFindings, type MigrateReport } from '../../model/report.js'
import type { ThreadScope } from '../../model/scope.js'
import type { Inventory, ThreadKeys } from '../../pipeline/inventory.js'
import type { Source } from '../../source/source.js'
import { STORE_BEGINNINGS } from '../beginnings.js'
import type { ListedKeys } from '../list-keys.js'

export function countKeys(
  report: MigrateReport,
  { inventory: { counts }, storeKeys }: Pick<ListedKeys, 'inventory' | 'storeKeys'>,
): void {
  report.keysScanned = counts.scanned + storeKeys
  for (const group of counts.foreignGroups()) {
    const isStore = STORE_BEGINNINGS.has(group.prefix)
    if (isStore) report.leftAlone.storeItems += group.keys
    else report.leftAlone.foreignKeys += group.keys
    const reason = isStore ? 'store-item' : 'foreign-key'
    const samples = group.samples.map(({ key }) => ({ reason, key }) as const)
    addFindings(report.findings, samples, group.keys)
  }
}

/** Keys that hold something to read; null where not all threads are going to be. */
export function keysToRead(
  { counts }: Inventory,
  { scope, bounds }: { readonly scope: ThreadScope; readonly bounds: Bounds },
): number | null {
  if (scope.limit !== null || bounds.newerThanMs !== null || bounds.olderThanMs !== null) return null
  let keys = 0
  for (const roles of counts.claimed.values()) {
    for (const [role, count] of roles) if (role !== 'index' && role !== 'pointer') keys += count
  }
  return keys
}

/** The first `limit` threads; notes which of the named ones there are. */
export async function* counted(
  threads: AsyncIterable<ThreadKeys>,
  limit: number,
  report: MigrateReport,
  named: Set<string>,
): AsyncGenerator<ThreadKeys> {
  if (limit === 0) return
  for await (const thread of threads) {
    named.delete(thread.threadId)
    report.threads.selected++
    yield thread
    if (report.threads.selected === limit) return
  }
}

/** Other logical databases that seem to hold checkpoints; how many keys is a guess from those looked at. */
export async function elsewhere(
  source: Source,
  prefixes: Prefixes,
): Promise<MigrateReport['otherDatabases']> {
  const beginnings = [...prefixes.checkpoint, ...prefixes.checkpointWrite].map((prefix) => `${prefix}:`)
  const found = await source.databasesWith(beginnings)
  return found.map(({ db, keys, lookedAt, matching }) => ({
    db,
    keys: Math.round((keys * matching) / lookedAt),
  }))
}
