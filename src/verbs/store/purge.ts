/** Frees Redis of store items that are verified in Postgres: compared once more now, and deleted only where the key still holds what was compared. */
import { isEmbedded, stateOf } from '../../convert/store/compare.js'
import type { StorePrefixes } from '../../layouts/store/keys.js'
import { kindOf } from '../../model/finding.js'
import type { PurgeLeft, StorePurged } from '../../model/purge-report.js'
import type { FoundItem, StoreKey } from '../../model/store.js'
import { type StoredStoreRow, storeRowKey } from '../../model/store-row.js'
import { retried } from '../../pipeline/retried.js'
import type { Pace } from '../../source/pace.js'
import type { KeyToPurge } from '../../source/purge.js'
import { inTransaction } from '../../target/connection/session.js'
import {
  markStoreItems,
  readStoreRecords,
  recordOf,
  type StoreRecord,
} from '../../target/ledger/store-items.js'
import { readStoreRows } from '../../target/store/read.js'
import type { StoreTarget } from '../../target/store/rows.js'
import { paceOf } from '../purge/act.js'
import type { PurgeRequest } from '../purge/request.js'
import { readStore } from './read.js'
import { openStoreTables } from './tables.js'
import { type WantedItem, wantedOf } from './wanted.js'

export interface StorePurgeRequest extends PurgeRequest {
  readonly store: { readonly prefixes: StorePrefixes; readonly flags: string }
  /** Keys that may go; null: all. */
  readonly keysLeft: number | null
}

/** What the archive calls them in the place of a thread. */
export const STORE_ARCHIVE_ID = 'cp-migrate: items of the store'

interface Candidate {
  readonly id: Buffer
  readonly runId: number
  readonly keys: readonly KeyToPurge[]
  readonly bytes: number
}

/** Throws where an end stays away; what was told until then is in `report`. */
export async function purgeStore(request: StorePurgeRequest, report: StorePurged): Promise<void> {
  const { postgres, scope, store, source, signal, now, memoryBytes } = request
  const tables = { postgres, schema: scope.targetSchema }
  const open = () => openStoreTables(tables, { dialect: null, flags: store.flags, mayLack: false })
  const target = await retried(request, open)
  const purge = new StorePurge(request, target!, report)
  const read = { source, signal, now, prefixes: store.prefixes, batchBytes: memoryBytes / 4 }
  for await (const { items, findings } of readStore(read)) {
    purge.leave('rejected', findings.filter((finding) => kindOf(finding) === 'rejected').length)
    await purge.batch(items)
  }
}

class StorePurge {
  private readonly pace: Pace
  private keys = 0

  constructor(
    private readonly request: StorePurgeRequest,
    private readonly target: StoreTarget,
    private readonly report: StorePurged,
  ) {
    this.pace = paceOf(request)
  }

  leave(reason: PurgeLeft, items = 1): void {
    if (items > 0) this.report.lefts[reason] = (this.report.lefts[reason] ?? 0) + items
  }

  async batch(items: readonly FoundItem[]): Promise<void> {
    const { postgres, scope } = this.request
    const { wanted } = wantedOf(items, this.target.dialect)
    this.leave('rejected', items.length - wanted.length)
    if (wanted.length === 0) return
    const ids = wanted.map(({ id }) => id)
    const [rows, records] = await retried(this.request, () =>
      postgres.use(async (session) => [
        await readStoreRows(
          session,
          this.target,
          wanted.map(({ row }) => row),
        ),
        await readStoreRecords(session, scope, ids),
      ]),
    )
    const proven: { found: FoundItem; record: StoreRecord }[] = []
    for (const one of wanted) {
      const record = recordOf(records, one.id)
      const left = this.leftOf(one, rows.get(storeRowKey(one.row)), record)
      if (left === null) proven.push({ found: one.found, record: record! })
      else this.leave(left)
    }
    await this.purge((await this.sized(proven)).filter((candidate) => this.fits(candidate)))
  }

  /** Null where the item may go. The ledger alone is never trusted: values are compared again. */
  private leftOf(
    { found, row }: WantedItem,
    there: StoredStoreRow | undefined,
    record: StoreRecord | undefined,
  ): PurgeLeft | null {
    const { source, vector } = found
    const { now, olderThanMs, includeDeleted } = this.request
    if (record === undefined) return 'not-migrated'
    const isSame =
      record.sourceKey.equals(source.key) &&
      record.sourceDigest.equals(source.digest) &&
      (vector === null || record.vectorDigest?.equals(vector.source.digest) === true)
    if (!isSame) return 'changed'
    if (record.progress === 'differs') return 'differs'
    if (!record.isVerified && record.progress !== 'purging') return 'not-verified'
    const { dialect, embedding } = this.target
    const state = stateOf(found, row, there, record, { dialect, vectorType: null })
    if (state === 'deleted' && !includeDeleted) return 'deleted'
    if (state !== 'equal' && state !== 'ahead' && state !== 'deleted')
      return state === 'behind' ? 'changed' : 'differs'
    // Without its row in Postgres an embedding is in Redis alone.
    if (state === 'equal' && !isEmbedded(row, there, embedding?.type ?? '')) return 'partial'
    return olderThanMs > 0 && now() - Number(row.updatedAt / 1000n) < olderThanMs ? 'too-young' : null
  }

  private async sized(proven: readonly { found: FoundItem; record: StoreRecord }[]): Promise<Candidate[]> {
    const keys = proven.flatMap(({ found }) => keysOf(found))
    const sizes = keys.length === 0 ? [] : await retried(this.request, () => this.request.purger.sizes(keys))
    let at = 0
    return proven.map(({ found, record }) => {
      const own = keysOf(found).map(
        (key): KeyToPurge => ({ ...key, use: 'content', bytes: sizes[at++] ?? null }),
      )
      const bytes = own.reduce((sum, one) => sum + (one.bytes ?? 0), 0)
      return { id: record.id, runId: record.runId, keys: own, bytes }
    })
  }

  private fits({ keys }: Candidate): boolean {
    const { keysLeft } = this.request
    if (keysLeft !== null && this.keys + keys.length > keysLeft) {
      this.leave('max-keys')
      return false
    }
    this.keys += keys.length
    return true
  }

  /** On record first, archived next, then gone; what was not deleted is what it was. */
  private async purge(all: readonly Candidate[]): Promise<void> {
    if (all.length === 0) return
    if (this.request.lease === null) {
      for (const candidate of all) this.gone(candidate, candidate.keys.length)
      return
    }
    await this.mark(all, 'purging')
    const done = new Set<Candidate>()
    // Whatever happens: items that were not come to are as they were, and one that may be half gone stays "purging".
    const untouched = new Set(all)
    try {
      const archived = await this.archived(all)
      for (let at = 0; at < archived.length; at += GROUP) {
        const group = archived.slice(at, at + GROUP)
        for (const candidate of group) untouched.delete(candidate)
        await this.group(group, { done, untouched })
      }
    } finally {
      await this.mark([...done], 'purged')
      await this.mark([...untouched], 'verified')
    }
  }

  /** All of them in one step; one by one where something has changed. */
  private async group(
    group: readonly Candidate[],
    became: { readonly done: Set<Candidate>; readonly untouched: Set<Candidate> },
  ): Promise<void> {
    this.request.signal.throwIfAborted()
    await this.pace.turn()
    const keys = group.flatMap((candidate) => candidate.keys)
    const purged = await retried(this.request, () => this.request.purger.purge(keys))
    if (purged.state === 'deleted') {
      this.pace.took(purged.deleted, 0)
      for (const candidate of group) {
        this.gone(candidate, candidate.keys.length)
        became.done.add(candidate)
      }
    } else if (group.length > 1) {
      for (const candidate of group) await this.group([candidate], became)
    } else {
      this.leave(purged.state === 'changed' ? 'changed' : 'in-use')
      became.untouched.add(group[0]!)
    }
  }

  private gone({ bytes }: Candidate, keys: number): void {
    this.report.items++
    this.report.keys += keys
    this.report.bytes += bytes
  }

  private async archived(all: readonly Candidate[]): Promise<readonly Candidate[]> {
    const { archive, purger } = this.request
    if (archive === null) return all
    const ready: Candidate[] = []
    for (const candidate of all) {
      const dumps = await retried(this.request, () => purger.dump(candidate.keys))
      if (dumps === null) {
        this.leave('changed')
        continue
      }
      await archive.begin(STORE_ARCHIVE_ID)
      for (const { key, dump, pttlMs } of dumps) {
        const { use, digest } = candidate.keys.find((one) => one.key.equals(key))!
        await archive.key({ key, use, digest, pttlMs, dump })
      }
      await archive.end(dumps.length)
      ready.push(candidate)
    }
    await archive.flush()
    return ready
  }

  private async mark(items: readonly Candidate[], progress: StoreRecord['progress']): Promise<void> {
    const { postgres, scope, lease, recover } = this.request
    if (lease === null || items.length === 0) return
    // A user who stops the purge still wants to have on record what was done.
    const patient = { recover, signal: new AbortController().signal }
    await retried(patient, () =>
      postgres.use((session) =>
        inTransaction(session, async () => {
          await lease.fence(session)
          await session.query('SET LOCAL synchronous_commit = on')
          await markStoreItems(session, scope, items, { progress })
        }),
      ),
    )
  }
}

const keysOf = ({ source, vector }: FoundItem): StoreKey[] =>
  vector === null ? [source] : [source, vector.source]

/** Items that go in one step. */
const GROUP = 100
