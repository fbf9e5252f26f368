/** Compares the items of a source's stores with the rows of the target, and its rows with what the source has and the ledger knows. */
import { type StoreState, stateOf } from '../../convert/store/compare.js'
import { kindOf } from '../../model/finding.js'
import { type FoundItem, nothingVerified, type StoreVerified } from '../../model/store.js'
import { type StoreRow, storeRowKey } from '../../model/store-row.js'
import { retried } from '../../pipeline/retried.js'
import { SeenThreads } from '../../pipeline/seen-threads.js'
import type { Postgres } from '../../target/connection/connect.js'
import type { SqlSession } from '../../target/connection/session.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import { readStoreRecords, recordOf, type StoreRecord } from '../../target/ledger/store-items.js'
import type { Recover } from '../../target/rows/batch-sink.js'
import { eachStoreRow, readStoreRows } from '../../target/store/read.js'
import { type StoreTarget, storeItemId } from '../../target/store/rows.js'
import { readStore, type StoreReadOptions } from './read.js'
import { type WantedItem, wantedOf } from './wanted.js'

/** What a verification says of an item that the ledger knows. */
export interface StoreVerdict {
  readonly id: Buffer
  readonly runId: number
  readonly progress: 'verified' | 'differs'
}

export interface StoreVerifyRequest extends Omit<StoreReadOptions, 'source'> {
  /** Null: rows are compared with the ledger alone. */
  readonly source: StoreReadOptions['source'] | null
  readonly target: StoreTarget & { readonly postgres: Postgres }
  /** Null where there is no ledger. */
  readonly scope: LedgerScope | null
  record(verdicts: readonly StoreVerdict[]): Promise<void>
  readonly recover: Recover
}

const MAX_DIFFERENCES = 100

/** Begun again from the first item where an end went away meanwhile. */
export const verifyStore = (request: StoreVerifyRequest): Promise<StoreVerified> =>
  retried(request, () => new Comparison(request).run())

class Comparison {
  private readonly report = nothingVerified()
  private readonly seen = new SeenThreads()

  constructor(private readonly request: StoreVerifyRequest) {}

  async run(): Promise<StoreVerified> {
    const { source } = this.request
    if (source !== null) {
      for await (const { items, findings } of readStore({ ...this.request, source })) {
        const rejected = findings.filter((finding) => kindOf(finding) === 'rejected').length
        const { wanted } = wantedOf(items, this.request.target.dialect)
        this.report.items += items.length + rejected
        this.report.rejected += rejected + items.length - wanted.length
        await this.batch(wanted)
      }
    }
    await this.others()
    return this.report
  }

  private async batch(all: readonly WantedItem[]): Promise<void> {
    if (all.length === 0) return
    const { target, record } = this.request
    const { dialect, embedding } = target
    const [rows, records] = await target.postgres.use(async (session) => [
      await readStoreRows(
        session,
        target,
        all.map(({ row }) => row),
      ),
      await this.records(
        session,
        all.map(({ id }) => id),
      ),
    ])
    const verdicts: StoreVerdict[] = []
    for (const { found, row, id } of all) {
      this.seen.note(storeRowKey(row), 0)
      const known = recordOf(records, id)
      const vectorType =
        embedding !== null && row.vector?.embedding.length === embedding.dims ? embedding.type : null
      const state = stateOf(found, row, rows.get(storeRowKey(row)), known, { dialect, vectorType })
      this.count(state, row)
      if (state === 'equal' && vectorType !== null) this.report.vectors++
      if (known?.sourceKey.equals(found.source.key)) verdicts.push(...verdictOf(state, known, found))
    }
    await record(verdicts)
  }

  private count(state: StoreState, { namespace, key }: StoreRow): void {
    const { report } = this
    if (state === 'older-copy') report.olderCopies++
    else if (state === 'equal' || state === 'behind' || state === 'ahead' || state === 'deleted')
      report[state]++
    else {
      report.differs++
      if (report.differences.length < MAX_DIFFERENCES)
        report.differences.push({ namespace, key, part: state })
    }
  }

  /** Rows of which the source has said nothing. */
  private async others(): Promise<void> {
    const { target } = this.request
    for await (const page of eachStoreRow((work) => target.postgres.use(work), target)) {
      this.request.signal.throwIfAborted()
      const unseen = page.filter((row) => !this.seen.has(storeRowKey(row)))
      const ids = unseen.map(storeItemId)
      const records = await target.postgres.use((session) => this.records(session, ids))
      for (const [at, { digest }] of unseen.entries()) {
        const known = recordOf(records, ids[at]!)
        if (known === undefined) this.report.onlyInTarget++
        else if (known.rowDigest.equals(digest)) this.report.onlyInLedger++
        else this.report.ahead++
      }
    }
  }

  private async records(session: SqlSession, ids: readonly Buffer[]): Promise<Map<string, StoreRecord>> {
    const { scope } = this.request
    return scope === null || ids.length === 0 ? new Map() : readStoreRecords(session, scope, ids)
  }
}

/** What the source has newer proves nothing of what is recorded. */
function verdictOf(
  state: StoreState,
  { id, runId, sourceDigest }: StoreRecord,
  { source }: FoundItem,
): StoreVerdict[] {
  if (state === 'behind' || state === 'older-copy' || !sourceDigest.equals(source.digest)) return []
  const isGood = state === 'equal' || state === 'ahead' || state === 'deleted'
  return [{ id, runId, progress: isGood ? 'verified' : 'differs' }]
}
