/** Moves the items of a source's stores. A dry run is the same call without a run: it looks, and writes nothing. */
import type { Finding } from '../../model/finding.js'
import { addFinding, type FindingCount } from '../../model/report.js'
import { type FoundItem, nothingMoved, type StoreDialect, type StoreMoved } from '../../model/store.js'
import type { Postgres } from '../../target/connection/connect.js'
import { sqlstateOf } from '../../target/connection/errors.js'
import type { Recover } from '../../target/rows/batch-sink.js'
import type { StoreTarget } from '../../target/store/rows.js'
import { readStore, type StoreReadOptions } from './read.js'
import { type WantedItem, wantedOf } from './wanted.js'
import { leavesVector, type WriteTerms, type Written, writeItems } from './write.js'

export interface StoreMoveRequest extends StoreReadOptions, WriteTerms {
  readonly dialect: StoreDialect
  /** Null in a dry run without a target that has the tables. */
  readonly target: (StoreTarget & { readonly postgres: Postgres }) | null
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
      findings.push(...found)
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

class Mover {
  constructor(
    private readonly request: StoreMoveRequest,
    private readonly moved: StoreMoved,
    readonly tell: (finding: Finding) => void,
  ) {}

  async move(items: readonly FoundItem[]): Promise<void> {
    this.moved.items += items.length
    const { wanted, findings } = wantedOf(items, this.request.dialect)
    for (const finding of findings) this.tell(finding)
    this.moved.expiring += wanted.filter(({ row }) => row.remainingMs !== null).length
    await this.commit(this.newest(wanted))
  }

  /** Two documents of one item in the same batch. */
  private newest(all: readonly WantedItem[]): WantedItem[] {
    const byId = new Map<string, WantedItem>()
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
  private async commit(all: readonly WantedItem[]): Promise<void> {
    if (all.length === 0) return
    const { target, recover } = this.request
    if (target === null) {
      this.moved.inserted += all.length
      this.moved.vectors += all.filter(({ row }) => row.vector !== null).length
      return
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const terms = { ...this.request, again: attempt > 1 }
        this.count(await target.postgres.use((session) => writeItems(session, target, all, terms)), target)
        return
      } catch (error) {
        if (/^(22|54)/.test(sqlstateOf(error) ?? '')) return this.apart(all, error)
        await recover(error, attempt)
      }
    }
  }

  private async apart(all: readonly WantedItem[], error: unknown): Promise<void> {
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

  private count({ fates, vectors }: Written, target: StoreTarget): void {
    this.moved.vectors += vectors
    for (const one of fates) {
      const { fate, found, row, isOurWork } = one
      if (fate === 'insert' || isOurWork) this.moved.inserted++
      else if (fate === 'rewrite') this.moved.updated++
      else if (fate === 'there') this.moved.alreadyThere++
      else this.tell({ reason: fate, key: found.source.key })
      if (leavesVector(one, target)) {
        const detail = `${row.vector?.embedding.length} dimensions`
        this.tell({ reason: 'store-vector-left', key: found.source.key, detail })
      }
    }
  }
}
