/**
 * Rows of one thread held back until it is known which of its checkpoints are kept. The newest ones of each namespace stay in memory with
 * the blobs they name; older ones only as far as the budget goes, because a fork may still name one of their blobs.
 */
import { noRows, type RowAmounts } from '../model/bounds.js'
import type { BlobRow, CheckpointRow, RowSink, WriteRow } from '../model/rows.js'
import { CheckpointIds } from './checkpoint-ids.js'
import { type StoredRow, storedRowOf } from './stored-row.js'

export interface HeldCheckpoint {
  readonly row: CheckpointRow
  readonly stored: StoredRow
  readonly writes: WriteRow[]
  bytes: number
  /** Among the newest of its namespace so far. */
  isNewest: boolean
}

/** A blob by channel and version, and how many of the checkpoints held, and of the newest, name it. */
interface Slot {
  row?: BlobRow
  bytes: number
  holders: number
  newest: number
  /** It was let go before somebody came to name it. */
  isLost?: boolean
}

export class HeldNamespace {
  readonly checkpoints = new Map<string, HeldCheckpoint>()
  /** By channel and version. */
  readonly slots = new Map<string, Slot>()
  /** Blobs let go; and writes of checkpoints that were not given (yet). */
  readonly lost = new Set<string>()
  readonly loose = new Map<string, WriteRow[]>()
  /** Ids, newest first, as many as are to be kept. */
  newest: string[] = []
}

export class HeldRows implements RowSink {
  readonly namespaces = new Map<string, HeldNamespace>()
  /** Every checkpoint that came, also those let go. */
  readonly seen = new CheckpointIds()
  readonly counts: RowAmounts = noRows()
  tellsOfDeltas = false
  /** Checkpoints out of the newest ones, in the order in which they went out. */
  private readonly spare: { readonly ns: HeldNamespace; readonly id: string }[] = []
  private spareBytes = 0

  constructor(
    private readonly keepLast: number,
    /** For rows that are hardly needed any more. */
    private readonly budgetBytes: number,
  ) {}

  checkpointRow(row: CheckpointRow): void {
    const { checkpointNs, checkpointId } = row
    const ns = this.namespace(checkpointNs)
    const bytes = row.checkpoint.length + row.metadata.length
    const stored = storedRowOf(row)
    const copy = { ...row, checkpoint: Buffer.from(row.checkpoint), metadata: Buffer.from(row.metadata) }
    this.tellsOfDeltas ||= stored.tellsOfDeltas
    this.seen.add(row)
    this.count('checkpoints', bytes)
    const held: HeldCheckpoint = {
      row: copy,
      stored,
      writes: ns.loose.get(checkpointId) ?? [],
      bytes,
      isNewest: true,
    }
    ns.loose.delete(checkpointId)
    ns.checkpoints.set(checkpointId, held)
    for (const name of namesOf(stored)) {
      const slot = slotOf(ns, name)
      slot.holders++
      if (slot.newest++ === 0) this.spareBytes -= slot.bytes
    }
    ns.newest.push(checkpointId)
    ns.newest.sort((a, b) => (a < b ? 1 : -1))
    if (ns.newest.length > this.keepLast) this.retire(ns, ns.newest.pop()!)
  }

  blobRow(row: BlobRow): void {
    const ns = this.namespace(row.checkpointNs)
    const bytes = row.blob?.length ?? 0
    this.count('blobs', bytes)
    const slot = ns.slots.get(nameOf(row.channel, row.version))
    // Nobody held names it.
    if (slot === undefined) return
    if (this.isMarked(ns, row)) this.tellsOfDeltas = true
    slot.row = { ...row, blob: row.blob && Buffer.from(row.blob) }
    slot.bytes = bytes
    if (slot.newest === 0) this.spareBytes += bytes
    this.letGo()
  }

  writeRow(row: WriteRow): void {
    const ns = this.namespace(row.checkpointNs)
    this.count('writes', row.blob.length)
    const held = ns.checkpoints.get(row.checkpointId)
    if (held === undefined && this.seen.has(row)) return
    const copy = { ...row, blob: Buffer.from(row.blob) }
    if (held === undefined) {
      const loose = ns.loose.get(row.checkpointId)
      if (loose === undefined) ns.loose.set(row.checkpointId, [copy])
      else loose.push(copy)
      return
    }
    held.writes.push(copy)
    held.bytes += row.blob.length
    if (held.isNewest) return
    this.spareBytes += row.blob.length
    this.letGo()
  }

  private namespace(checkpointNs: string): HeldNamespace {
    let ns = this.namespaces.get(checkpointNs)
    if (ns === undefined) {
      ns = new HeldNamespace()
      this.namespaces.set(checkpointNs, ns)
    }
    return ns
  }

  private retire(ns: HeldNamespace, id: string): void {
    const held = ns.checkpoints.get(id)!
    held.isNewest = false
    this.spareBytes += held.bytes
    for (const name of namesOf(held.stored)) {
      const slot = ns.slots.get(name)!
      if (--slot.newest === 0) this.spareBytes += slot.bytes
    }
    this.spare.push({ ns, id })
    this.letGo()
  }

  /** Lets the oldest go that nobody is going to need: not the parent that a kept checkpoint may have its Sends in. */
  private letGo(): void {
    for (let at = 0; this.spareBytes > this.budgetBytes && at < this.spare.length; ) {
      const { ns, id } = this.spare[at]!
      if (mayHoldSends(ns, id)) {
        at++
        continue
      }
      this.spare.splice(at, 1)
      const held = ns.checkpoints.get(id)!
      ns.checkpoints.delete(id)
      this.spareBytes -= held.bytes
      for (const name of namesOf(held.stored)) {
        const slot = ns.slots.get(name)!
        if (--slot.holders > 0) continue
        ns.slots.delete(name)
        this.spareBytes -= slot.bytes
        if (slot.row !== undefined) ns.lost.add(name)
      }
    }
  }

  /** An inline `true` with a blob behind it is the mark of a delta snapshot. */
  private isMarked(ns: HeldNamespace, { channel, version }: BlobRow): boolean {
    for (const { stored } of ns.checkpoints.values())
      if (stored.trueChannels.includes(channel) && stored.versions.get(channel) === version) return true
    return false
  }

  private count(table: 'checkpoints' | 'writes' | 'blobs', bytes: number): void {
    this.counts[table]++
    this.counts.bytes += bytes
  }
}

function slotOf(ns: HeldNamespace, name: string): Slot {
  let slot = ns.slots.get(name)
  if (slot === undefined) {
    slot = { bytes: 0, holders: 0, newest: 0, ...(ns.lost.has(name) && { isLost: true }) }
    ns.slots.set(name, slot)
  }
  return slot
}

/** Before v4 the Sends of a checkpoint are writes of its parent. */
export const readsSendsOfParent = ({ v }: StoredRow): boolean => v !== null && v < 4

function mayHoldSends(ns: HeldNamespace, id: string): boolean {
  return ns.newest.some((newest) => {
    const { row, stored } = ns.checkpoints.get(newest)!
    return row.parentCheckpointId === id && readsSendsOfParent(stored)
  })
}

/** The blobs that a checkpoint names. */
export function* namesOf({ versions }: StoredRow): Generator<string> {
  for (const [channel, version] of versions) yield nameOf(channel, version)
}

const nameOf = (channel: string, version: string): string => `${channel}\0${version}`
