/** Moves the items of a source's stores. A dry run is the same call without a run: it looks, and writes nothing. */

import { DecodeError, EncodeError } from '../../codec/bytes.js'
import { type Fate, fateOf } from '../../convert/store/decide.js'
import { type StoreRow, storeRowOf } from '../../convert/store/row.js'
import type { Finding } from '../../model/finding.js'
import { addFinding, type FindingCount } from '../../model/report.js'
import { type FoundItem, nothingMoved, type StoreDialect, type StoreMoved } from '../../model/store.js'
import type { Postgres } from '../../target/connection/connect.js'
import { sqlstateOf } from '../../target/connection/errors.js'
import { inTransaction, type SqlSession } from '../../target/connection/session.js'
import type { LedgerScope } from '../../target/ledger/read.js'
import {
  type NewStoreRecord,
  readStoreRecords,
  recordOf,
  recordStoreItems,
} from '../../target/ledger/store-items.js'
import type { Recover } from '../../target/rows/batch-sink.js'
import type { MergePolicy } from '../../target/rows/commit.js'
import {
  insertStoreRows,
  insertVectors,
  type StandingRow,
  type StoreTarget,
  standingRows,
  storeItemId,
  takeStoreRows,
} from '../../target/store/rows.js'
import { readStore, type StoreReadOptions } from './read.js'

export interface StoreMoveRequest extends StoreReadOptions {
  readonly dialect: StoreDialect
  /** Null in a dry run without a target that has the tables. */
  readonly target: (StoreTarget & { readonly postgres: Postgres }) | null
  /** Null where there is no ledger. */
  readonly scope: LedgerScope | null
  /** Null: a dry run. */
  readonly run: { readonly id: number; fence(session: SqlSession): Promise<unknown> } | null
  readonly policy: MergePolicy
  readonly recover: Recover
}

/** Gives what was moved; findings go into `findings`. Begun again from the first key where the source went away meanwhile. */
export async function moveStore(request: StoreMoveRequest, findings: FindingCount[]): Promise<StoreMoved> {
  const before = nothingMoved()
  for (let attempt = 1; ; attempt++) {
    const found: FindingCount[] = []
    const moved = nothingMoved()
    const mover = new Mover(request, moved, (finding) => addFinding(found, finding))
    try {
      for await (const batch of readStore(request)) {
        moved.bytes += batch.bytes
        for (const finding of batch.findings) mover.tell(finding)
        await mover.move(batch.items)
      }
      for (const { samples, count } of found) {
        for (const [at, sample] of samples.entries())
          addFinding(findings, sample, at === 0 ? count - samples.length + 1 : 1)
      }
      return {
        ...moved,
        inserted: before.inserted + moved.inserted,
        updated: before.updated + moved.updated,
        vectors: before.vectors + moved.vectors,
        alreadyThere: moved.alreadyThere - before.inserted - before.updated,
      }
    } catch (error) {
      before.inserted += moved.inserted
      before.updated += moved.updated
      before.vectors += moved.vectors
      await request.recover(error, attempt)
    }
  }
}

interface Wanted {
  readonly found: FoundItem
  readonly row: StoreRow
  readonly id: Buffer
}

class Mover {
  constructor(
    private readonly request: StoreMoveRequest,
    private readonly moved: StoreMoved,
    readonly tell: (finding: Finding) => void,
  ) {}

  async move(items: readonly FoundItem[]): Promise<void> {
    this.moved.items += items.length
    await this.commit(this.newest(items.flatMap((found) => this.wanted(found))))
  }

  private wanted(found: FoundItem): Wanted[] {
    const { key } = found.source
    try {
      const { row, findings } = storeRowOf(found, this.request.dialect)
      for (const finding of findings) this.tell(finding)
      if (row === null) return []
      if (row.remainingMs !== null) this.moved.expiring++
      return [{ found, row, id: storeItemId(row.namespace, row.key) }]
    } catch (error) {
      if (!(error instanceof DecodeError || error instanceof EncodeError || error instanceof SyntaxError))
        throw error
      this.tell({ reason: 'undecodable', key, detail: error.message })
      return []
    }
  }

  /** Two documents of one item in the same batch. */
  private newest(all: readonly Wanted[]): Wanted[] {
    const byId = new Map<string, Wanted>()
    for (const wanted of all) {
      const id = wanted.id.toString('latin1')
      const other = byId.get(id)
      const isNewer = other === undefined || other.row.updatedAt < wanted.row.updatedAt
      const older = isNewer ? other : wanted
      if (isNewer) byId.set(id, wanted)
      if (older !== undefined) this.tell({ reason: 'store-older-copy', key: older.found.source.key })
    }
    return [...byId.values()]
  }

  /** One transaction; where Postgres refuses a row, smaller ones, until the one that is to blame is alone. */
  private async commit(all: readonly Wanted[]): Promise<void> {
    if (all.length === 0) return
    const { target, recover } = this.request
    if (target === null) {
      this.moved.inserted += all.length
      this.moved.vectors += all.filter(({ row }) => row.vector !== null).length
      return
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const done = await target.postgres.use((session) =>
          this.transaction(session, target, all, attempt > 1),
        )
        this.count(done, target)
        return
      } catch (error) {
        if (/^(22|54)/.test(sqlstateOf(error) ?? '')) return this.apart(all, error)
        await recover(error, attempt)
      }
    }
  }

  private async apart(all: readonly Wanted[], error: unknown): Promise<void> {
    const [only] = all
    if (all.length === 1) {
      const detail = error instanceof Error ? `${sqlstateOf(error)} ${error.message.slice(0, 200)}` : ''
      this.tell({ reason: 'refused-by-postgres', key: only!.found.source.key, detail })
      return
    }
    const half = Math.ceil(all.length / 2)
    await this.commit(all.slice(0, half))
    await this.commit(all.slice(half))
  }

  private transaction(
    session: SqlSession,
    target: StoreTarget,
    all: readonly Wanted[],
    again: boolean,
  ): Promise<Done> {
    const { run, scope } = this.request
    if (run === null || scope === null) return this.look(session, target, all, again)
    return inTransaction(session, async () => {
      // Below Postgres' deadlock_timeout: where we meet the application, we give way.
      await session.query(`SET LOCAL lock_timeout = '800ms'`)
      await run.fence(session)
      return this.write(session, target, await this.look(session, target, all, again), { id: run.id, scope })
    })
  }

  private async look(
    session: SqlSession,
    target: StoreTarget,
    all: readonly Wanted[],
    again: boolean,
  ): Promise<Done> {
    const { scope, policy, run } = this.request
    const ids = all.map(({ id }) => id)
    const records = scope === null ? new Map() : await readStoreRecords(session, scope, ids)
    const rows = all.map(({ row }) => row)
    const standing = await standingRows(session, target, rows, run !== null)
    const fates = all.map(({ found, id }, at): Fated => {
      const record = recordOf(records, id)
      const wanted = { sourceDigest: found.source.digest, ...policy }
      const fate = fateOf(standing[at]!, record, wanted)
      // Its COMMIT was never answered: what stands there now is what it wrote.
      const isOurWork = again && fate === 'there' && record?.isOurs === true && record.runId === run?.id
      const isKnown =
        record?.sourceKey.equals(found.source.key) &&
        record.sourceDigest.equals(found.source.digest) &&
        (record.vectorDigest === null) === (found.vector === null)
      return {
        ...all[at]!,
        fate,
        standing: standing[at]!,
        isKnown: isKnown === true,
        isOurs: record?.isOurs === true,
        isOurWork,
      }
    })
    const vectors = fates.filter((one) => one.fate !== 'there' && takesVector(one, target)).length
    return { fates, vectors }
  }

  private async write(
    session: SqlSession,
    target: StoreTarget,
    { fates }: Done,
    run: { readonly id: number; readonly scope: LedgerScope },
  ): Promise<Done> {
    const rewritten = fates.filter(({ fate }) => fate === 'rewrite')
    const taken = await takeStoreRows(
      session,
      target,
      rewritten.map(({ row }) => row),
    )
    const written = fates.filter(({ fate }) => fate === 'rewrite' || fate === 'insert')
    const digests = await insertStoreRows(
      session,
      target,
      written.map(({ row }) => row),
    )
    // Somebody was faster: their row stays, and the next pass compares with it.
    const lost = new Set(written.filter((_, at) => digests[at] === null))
    const own = written.filter((one) => !lost.has(one))
    const found = fates.filter(({ fate, isKnown }) => fate === 'there' && !isKnown)
    await recordStoreItems(session, run.scope, run.id, [
      ...own.map((one) => recordedAs(one, digests[written.indexOf(one)]!, taken)),
      ...found.map((one) => recordedAs(one, one.standing.digest!, taken)),
    ])
    const vectors = await insertVectors(
      session,
      target,
      fates
        .filter((one) => !lost.has(one) && takesVector(one, target))
        .map(({ row }) => ({ namespace: row.namespace, key: row.key, ...row.vector! })),
    )
    return {
      fates: fates.map((one) => (lost.has(one) ? { ...one, fate: 'store-item-differs' } : one)),
      vectors,
    }
  }

  private count({ fates, vectors }: Done, target: StoreTarget): void {
    this.moved.vectors += vectors
    for (const one of fates) {
      const { fate, found, row, isOurWork } = one
      if (fate === 'insert' || isOurWork) this.moved.inserted++
      else if (fate === 'rewrite') this.moved.updated++
      else if (fate === 'there') this.moved.alreadyThere++
      else this.tell({ reason: fate, key: found.source.key })
      if (row.vector !== null && isMoved(one) && row.vector.embedding.length !== target.embedding?.dims) {
        const detail = `${row.vector.embedding.length} dimensions`
        this.tell({ reason: 'store-vector-left', key: found.source.key, detail })
      }
    }
  }
}

interface Fated extends Wanted {
  readonly fate: Fate
  readonly standing: StandingRow
  /** The ledger says so already. */
  readonly isKnown: boolean
  readonly isOurs: boolean
  readonly isOurWork: boolean
}

interface Done {
  readonly fates: readonly Fated[]
  readonly vectors: number
}

const isMoved = ({ fate, isOurs }: Fated): boolean =>
  fate === 'insert' || fate === 'rewrite' || (fate === 'there' && isOurs)

const takesVector = (one: Fated, { embedding }: StoreTarget): boolean =>
  isMoved(one) && embedding !== null && one.row.vector?.embedding.length === embedding.dims

function recordedAs(
  { found, row, id, fate, isOurs }: Fated,
  rowDigest: Buffer,
  taken: ReadonlyMap<string, string>,
): NewStoreRecord {
  const { source, vector } = found
  return {
    id,
    namespace: row.namespace,
    key: row.key,
    isOurs: fate !== 'there' || isOurs,
    isWritten: fate !== 'there',
    sourceKey: source.key,
    sourceDigest: source.digest,
    vectorKey: vector?.source.key ?? null,
    vectorDigest: vector?.source.digest ?? null,
    rowDigest,
    replaced: taken.get(`${row.namespace}\0${row.key}`) ?? null,
  }
}
