/** Moves threads from a source to a target. A dry run is the same call with a sink that only counts. */

import type { Dialect } from '../convert/converter.js'
import { DIALECTS } from '../convert/dialects.js'
import { LAYOUTS } from '../layouts/index.js'
import type { Layout, Prefixes } from '../layouts/layout.js'
import { prefixesOfIndexes } from '../layouts/prefixes.js'
import { LayoutRegistry } from '../layouts/registry.js'
import type { OnEvent } from '../model/events.js'
import { Failure, failureOf } from '../model/failure.js'
import { addFinding, type EndpointNote, emptyMigrateReport, type MigrateReport } from '../model/report.js'
import { type ThreadScope, threadFilter } from '../model/scope.js'
import { Inventory, type ThreadKeys } from '../pipeline/inventory.js'
import { claimsByDocument } from '../pipeline/resolve-claims.js'
import { Transfer } from '../pipeline/transfer.js'
import type { Source } from '../source/source.js'
import type { BatchSink } from '../target/writer.js'
import { MigrateTally } from './migrate-tally.js'

export interface MigrateRequest {
  readonly source: Source
  readonly sink: BatchSink
  readonly from: EndpointNote
  /** Null in a dry run that was given no target. */
  readonly to: EndpointNote | null
  readonly dryRun: boolean
  /** Null: that of the layouts found. */
  readonly dialect: Dialect | null
  readonly prefixes: Prefixes
  readonly scope: ThreadScope
  readonly allowOlderHead: boolean
  /** Bytes for everything that waits between the two ends. */
  readonly memoryBytes: number
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** Words what the target's driver threw; null without a target. */
  readonly targetFailureOf: ((error: unknown) => Failure) | null
  /** Milliseconds since 1970. */
  now(): number
}

/** Shares of the memory budget: keys, values in flight (two reads), rows in flight (two batches), copies to compare with. */
const SHARES = { inventory: 1 / 3, read: 1 / 12, batch: 1 / 8, copies: 1 / 8 } as const
const MAX_BATCH_BYTES = 8 * 1024 ** 2
/** The app's own puts wait while a thread's rows are inserted: larger threads are staged first. */
const STAGE_BYTES = 16 * 1024 ** 2

/** Reads everything the scope selects; throws nothing once it has begun: a run that stops early still returns its report. */
export async function migrate(request: MigrateRequest): Promise<MigrateReport> {
  const { source, scope, now, memoryBytes, signal, onEvent } = request
  const startedAt = now()
  const report = emptyMigrateReport({
    dryRun: request.dryRun,
    startedAt: new Date(startedAt),
    source: request.from,
    target: request.to,
  })
  let inventory: Inventory | undefined
  try {
    const info = await source.info()
    if (info.clusterEnabled) throw new Failure('redis-cluster', { endpoint: source.describe() })
    const prefixes = prefixesOfIndexes(await source.searchIndexes(), request.prefixes)
    const registry = new LayoutRegistry(LAYOUTS, prefixes)
    const wants = threadFilter(scope)
    inventory = await Inventory.of(source.scan(), {
      claim: (key, type) => registry.claim(key, type),
      resolve: claimsByDocument(source, registry),
      wants,
      maxBytes: memoryBytes * SHARES.inventory,
      onProgress: (keys) => {
        signal.throwIfAborted()
        onEvent({ kind: 'scanning', keys, ofKeys: null })
      },
    })
    countKeys(report, inventory)
    report.otherDatabases = await elsewhere(source, prefixes)
    const { openConverter, layouts } = dialectOf(request.dialect, inventory, registry)
    const found = await inventory.countThreads()
    const ofThreads = Math.min(found, scope.limit ?? found)
    const named = new Set(scope.threads ?? [])
    const tally = new MigrateTally(
      report,
      registry,
      (progress) => onEvent({ kind: 'threads', progress }),
      ofThreads,
    )
    const transfer = new Transfer(source, request.sink, layouts, tally, {
      openConverter,
      convert: { allowOlderHead: request.allowOlderHead, copiesBytes: memoryBytes * SHARES.copies },
      readBytes: memoryBytes * SHARES.read,
      batchBytes: Math.min(memoryBytes * SHARES.batch, MAX_BATCH_BYTES),
      stageBytes: STAGE_BYTES,
      signal,
    })
    report.threads.leftOut = found - ofThreads
    await transfer.run(counted(inventory.threads(), ofThreads, report, named))
    report.threads.notFound.push(...named)
  } catch (error) {
    report.stoppedBy = stoppedByOf(error, request)
  } finally {
    await inventory?.close()
    report.seconds = (now() - startedAt) / 1000
  }
  return report
}

/** The first `limit` threads; notes which of the named ones there are. */
async function* counted(
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

function countKeys(report: MigrateReport, { counts }: Inventory): void {
  report.keysScanned = counts.scanned
  for (const group of counts.foreignGroups()) {
    const isStore = STORE_PREFIXES.has(group.prefix)
    if (isStore) report.leftAlone.storeItems += group.keys
    else report.leftAlone.foreignKeys += group.keys
    for (const [at, { key }] of group.samples.entries()) {
      const times = at === 0 ? group.keys - group.samples.length + 1 : 1
      addFinding(report.findings, { reason: isStore ? 'store-item' : 'foreign-key', key }, times)
    }
  }
}

/** Other logical databases that seem to hold checkpoints; how many keys is a guess from those looked at. */
async function elsewhere(source: Source, prefixes: Prefixes): Promise<MigrateReport['otherDatabases']> {
  const beginnings = [...prefixes.checkpoint, ...prefixes.checkpointWrite].map((prefix) => `${prefix}:`)
  const found = await source.databasesWith(beginnings)
  return found.map(({ db, keys, lookedAt, matching }) => ({
    db,
    keys: Math.round((keys * matching) / lookedAt),
  }))
}

/** Keys of the official savers' long-term stores. */
const STORE_PREFIXES: ReadonlySet<string> = new Set(['store:', 'store_vectors:'])

/** One target has one reader: rows of the two languages cannot be mixed in a schema. */
function dialectOf(wanted: Dialect | null, inventory: Inventory, registry: LayoutRegistry) {
  const claimed = new Set([...inventory.counts.claimed.keys()].map((id) => registry.byId(id)))
  const found = new Set([...claimed].map((layout: Layout) => layout.dialect))
  if (wanted === null && found.size > 1) throw new Failure('two-dialects', {})
  const dialect = wanted ?? [...found][0] ?? 'python'
  const openConverter = DIALECTS[dialect]
  if (openConverter === undefined) throw new Failure('dialect-not-supported', { dialect })
  return { openConverter, layouts: registry }
}

function stoppedByOf(error: unknown, { signal, targetFailureOf }: MigrateRequest): Failure {
  if (error instanceof Failure) return error
  if (signal.aborted && signal.reason instanceof Failure) return signal.reason
  return (targetFailureOf ?? failureOf)(error)
}
