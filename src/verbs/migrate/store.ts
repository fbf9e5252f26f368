/** The store's part of a migration: where its rows go, checked before anything is moved, and the move itself. */
import { type StorePrefixes, storeKeyName, storePatterns } from '../../layouts/store/keys.js'
import type { OnEvent } from '../../model/events.js'
import { addFindings, type FindingCount } from '../../model/report.js'
import type { StoreDialect, StoreMoved } from '../../model/store.js'
import { retried } from '../../pipeline/retried.js'
import type { Source } from '../../source/source.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import type { Recover } from '../../target/rows/batch-sink.js'
import type { MergePolicy } from '../../target/rows/commit.js'
import { moveStore } from '../store/move.js'
import { openStoreTables } from '../store/tables.js'
import type { MigrateRun, MigrateTarget } from './run.js'

export interface StoreChoice {
  readonly prefixes: StorePrefixes
  /** What `init` would need, with a space before each: for the wording of tables that are missing. */
  readonly flags: string
}

/** What of a migration's request the store needs. */
interface StoreRequest {
  readonly source: Source
  readonly store: StoreChoice | null
  readonly target: MigrateTarget | null
  readonly dryRun: boolean
  readonly hasLedger: boolean
  readonly sourceName: string
  readonly memoryBytes: number
  readonly policy: MergePolicy
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  now(): number
}

const READ_SHARE = 1 / 24

/** Throws `tables-missing` and `foreign-tables`. Gives what moves the items; null comes of it where the store is not included. */
export async function openStore(
  request: StoreRequest,
  { dialect, run, recover }: { dialect: StoreDialect; run: MigrateRun | null; recover: Recover },
): Promise<(findings: FindingCount[]) => Promise<StoreMoved | null>> {
  const { store, target, dryRun, hasLedger, sourceName, memoryBytes, onEvent } = request
  if (store === null) return async () => null
  const tables = target && (await openStoreTables(target, { dialect, flags: store.flags, mayLack: dryRun }))
  const scope: LedgerScope | null =
    target === null || !hasLedger
      ? null
      : { ledgerSchema: target.ledgerSchema, sourceName, targetSchema: target.schema }
  return async (findings) => {
    onEvent({ kind: 'step', step: dryRun ? 'reading the store' : 'moving the store' })
    const { source, signal, now, policy } = request
    const read = { source, signal, now, prefixes: store.prefixes, batchBytes: memoryBytes * READ_SHARE }
    const found: FindingCount[] = []
    const moved = await moveStore({ ...read, dialect, policy, recover, scope, run, target: tables }, found)
    for (const { samples, count } of found) addFindings(findings, samples, count)
    if (run !== null) await retried({ recover }, () => run.recordOfStore(found))
    return moved
  }
}

/** Where no thread tells whose saver will read the target, the ids of the store's items do. */
export async function storeDialect({
  source,
  store,
}: Pick<StoreRequest, 'source' | 'store'>): Promise<StoreDialect | null> {
  for (const match of store === null ? [] : storePatterns(store.prefixes)) {
    for await (const page of source.scan({ match })) {
      for (const { key } of page) {
        const name = storeKeyName(key, store!.prefixes)
        if (name !== null) return name.dialect
      }
    }
  }
  return null
}
