/** What a run does to one thread on the way back, as far as it has come. */
import type { Completeness } from '../../model/run.js'
import { keyText, type RecordedKey } from '../../target/ledger/pack.js'
import type { CurrentThread, RunThread } from '../../target/ledger/read.js'
import type { WrittenThread } from '../../target/ledger/written-keys.js'
import type { KeyKind, KeyOrder } from './key-order.js'

export interface Amount {
  created: number
  changed: number
  there: number
}

const noAmount = (): Amount => ({ created: 0, changed: 0, there: 0 })

export class ThreadWork {
  readonly amounts: Record<KeyKind, Amount> = {
    document: noAmount(),
    write: noAmount(),
    registry: noAmount(),
    pointer: noAmount(),
  }
  /** Documents that are another's in Redis: no pointer may name them. */
  readonly taken = new Set<string>()
  conflicts = 0
  /** Checkpoints that Redis cannot hold. */
  rejected = 0
  readBytes = 0
  writtenBytes = 0
  /** The ledger has all of it, but for how it ended. */
  isOnRecord = false
  private readonly keys: Map<string, RecordedKey>
  private readonly newest: Map<string, string>
  private made = { checkpoints: 0, writes: 0, rewritten: 0, bytes: 0 }
  private hadKeysBefore: boolean

  constructor(
    readonly threadId: string,
    /** What the ledger knew of it before, and what this very run had done to it. */
    readonly recorded: CurrentThread | undefined,
    sameRun: RunThread | undefined,
  ) {
    this.keys = new Map(sameRun?.keys)
    this.newest = new Map(sameRun?.newest)
    this.hadKeysBefore = sameRun?.hadRowsBefore ?? recorded !== undefined
    if (sameRun === undefined) return
    const { checkpoints, writes, rewritten, targetBytes: bytes } = sameRun
    this.made = { checkpoints, writes, rewritten, bytes }
  }

  /** This very run made the key: what it holds is no one's to keep. */
  madeHere(key: Buffer): boolean {
    return this.keys.get(keyText(key))?.use === 'migrated'
  }

  /** Before it is written. */
  claim(order: KeyOrder, record: RecordedKey, verdict: 'create' | 'replace'): void {
    this.isOnRecord = false
    const name = keyText(record.key)
    const isNew = !this.keys.has(name)
    this.keys.set(name, this.madeHere(record.key) ? { ...record, use: 'migrated' } : record)
    if (order.checkpointId !== null && order.kind === 'document')
      this.newest.set(order.checkpointNs, order.checkpointId)
    if (!isNew) return
    this.made.bytes += order.bytes
    if (verdict === 'replace') this.made.rewritten++
    else if (order.kind === 'document') this.made.checkpoints++
    else if (order.kind === 'write') this.made.writes++
  }

  /** Somebody else was faster. */
  disclaim({ write: { key }, kind, bytes }: KeyOrder): void {
    if (!this.keys.delete(keyText(key))) return
    this.isOnRecord = false
    this.made.bytes -= bytes
    if (kind === 'document') this.made.checkpoints--
    else if (kind === 'write') this.made.writes--
  }

  count({ kind, bytes }: KeyOrder, what: keyof Amount): void {
    this.amounts[kind][what]++
    this.readBytes += bytes
    if (what !== 'there') this.writtenBytes += bytes
    if (what !== 'there' || this.hadKeysBefore) return
    this.hadKeysBefore = true
    this.isOnRecord = false
  }

  get completeness(): Completeness {
    if (this.conflicts + this.rejected === 0) return 'whole'
    const { document } = this.amounts
    return document.created + document.changed + document.there > 0 ? 'partial' : 'rejected'
  }

  get hasMoved(): boolean {
    return Object.values(this.amounts).some(({ created, changed }) => created + changed > 0)
  }

  /** Nothing that the ledger does not know already. */
  get isOldNews(): boolean {
    return this.keys.size === 0 && (this.recorded?.completeness ?? 'whole') === this.completeness
  }

  /** For the ledger; `partial` until all of it was written. */
  written(completeness: Completeness): WrittenThread {
    const { threadId, made, newest, hadKeysBefore } = this
    return { threadId, completeness, hadKeysBefore, ...made, keys: [...this.keys.values()], newest }
  }
}
