/**
 * Cuts a thread to its newest checkpoints: everything is converted as without a bound, so that versions are the same, and rows of what
 * is left out are dropped.
 */
import { noRows, type RowAmounts, type ThreadBound } from '../model/bounds.js'
import { type Finding, kindOf } from '../model/finding.js'
import type { KnownThread, RowSink } from '../model/rows.js'
import type { Checkpoint, PendingWrite, StoredChannelValue } from '../model/thread.js'
import { chooseKept, type Kept, obstacleOf, Standing } from './bound-choice.js'
import type { ConvertedThread, OpenConverter, ThreadConverter } from './converter.js'
import { HeldRows, namesOf } from './held-rows.js'

/** Converts as `open` does, and hands on the rows of what `bound` keeps. */
export const boundedConverter =
  (open: OpenConverter, bound: ThreadBound): OpenConverter =>
  (threadId, known, rows, report, options) => {
    const held = new HeldRows(bound.keepLast, options.copiesBytes)
    const findings: Finding[] = []
    const inner = open(threadId, known, held, (finding) => findings.push(finding), options)
    return new BoundedThread(inner, { threadId, known, rows, report, held, findings, bound })
  }

interface Parts {
  readonly threadId: string
  readonly known: KnownThread
  readonly rows: RowSink
  readonly report: (finding: Finding) => void
  readonly held: HeldRows
  /** Of the converter. */
  readonly findings: readonly Finding[]
  readonly bound: ThreadBound
}

class BoundedThread implements ThreadConverter {
  /** Keys as latin1 text, each with the checkpoints it has something of; null: of all of them. */
  private readonly keys = new Map<string, CheckpointName[] | null>()
  private readonly unread: { checkpointNs: string; checkpointId: string | null }[] = []
  private readonly standing: Standing

  constructor(
    private readonly inner: ThreadConverter,
    private readonly parts: Parts,
  ) {
    this.standing = new Standing(parts.known.checkpoints)
  }

  checkpoint(checkpoint: Checkpoint): void {
    this.noteKey(checkpoint.origin.key, checkpoint)
    this.inner.checkpoint(checkpoint)
  }

  write(write: PendingWrite): void {
    this.noteKey(write.origin.key, write)
    this.inner.write(write)
  }

  channelValue(value: StoredChannelValue): void {
    this.keys.set(value.origin.key.toString('latin1'), null)
    this.inner.channelValue(value)
  }

  unreadable(checkpointNs: string, checkpointId: string | null): void {
    this.unread.push({ checkpointNs, checkpointId })
    this.inner.unreadable(checkpointNs, checkpointId)
  }

  end(): ConvertedThread {
    const converted = this.inner.end()
    const { held, bound, report, threadId, findings } = this.parts
    const isWritten = converted.completeness !== 'rejected'
    const chosen = chooseKept(held, bound, this.standing)
    const obstacle = isWritten ? obstacleOf(held, chosen) : undefined
    const concerns = (finding: Finding) => this.concerns(finding, chosen)
    for (const finding of findings) if (!isWritten || concerns(finding)) report(finding)
    if (obstacle !== undefined) report({ ...obstacle, threadId })
    if (!isWritten || obstacle !== undefined) return { ...converted, completeness: 'rejected', ...NOTHING }
    const kept = this.emit(chosen)
    const isPartial =
      converted.completeness === 'partial' &&
      (findings.some((finding) => kindOf(finding) === 'rejected' && concerns(finding)) ||
        this.unread.some(({ checkpointNs, checkpointId }) =>
          concerns({ reason: 'undecodable', checkpointNs, ...(checkpointId !== null && { checkpointId }) }),
        ))
    return {
      ...converted,
      completeness: isPartial ? 'partial' : 'whole',
      checkpoints: kept.checkpoints,
      writes: kept.writes,
      blobs: kept.blobs,
      heads: headsOf(chosen),
      bound: { leftOut: difference(held.counts, kept), skippedKeys: this.skippedKeys(chosen), concerns },
    }
  }

  private emit(chosen: Kept): RowAmounts {
    const counts = noRows()
    const { held, rows } = this.parts
    for (const [checkpointNs, ids] of chosen) {
      const ns = held.namespaces.get(checkpointNs)!
      const blobs = new Set<string>()
      for (const id of [...ids].sort()) {
        const checkpoint = ns.checkpoints.get(id)
        for (const write of checkpoint?.writes ?? ns.loose.get(id) ?? []) {
          rows.writeRow(write)
          add(counts, 'writes', write.blob.length)
        }
        if (checkpoint === undefined) continue
        const { row, stored } = checkpoint
        const parent = row.parentCheckpointId
        const isLeftOut = parent !== null && this.isLeftOut({ checkpointNs, checkpointId: parent }, chosen)
        rows.checkpointRow(isLeftOut ? { ...row, parentCheckpointId: null } : row)
        add(counts, 'checkpoints', row.checkpoint.length + row.metadata.length)
        for (const name of namesOf(stored)) blobs.add(name)
      }
      for (const name of blobs) {
        const blob = ns.slots.get(name)?.row
        if (blob === undefined) continue
        rows.blobRow(blob)
        add(counts, 'blobs', blob.blob?.length ?? 0)
      }
    }
    return counts
  }

  private concerns({ reason, checkpointNs = '', checkpointId }: Finding, chosen: Kept): boolean {
    const kind = kindOf({ reason })
    // A version that got another name keeps it in the checkpoints that inherit it.
    if ((kind !== 'repaired' && kind !== 'rejected') || reason === 'version-renumbered') return true
    if (checkpointId === undefined || checkpointId === '') return true
    const ids = chosen.get(checkpointNs)
    const ns = this.parts.held.namespaces.get(checkpointNs)
    if (ns === undefined) return true
    if (ids === undefined) return false
    if (ids.has(checkpointId) || ns.newest.length < this.parts.bound.keepLast) return true
    return checkpointId > ns.newest.at(-1)!
  }

  /** A checkpoint that neither was there nor stands in the target is not left out by us: prune() clears a link to it, we keep it. */
  private isLeftOut({ checkpointNs, checkpointId }: CheckpointName, chosen: Kept): boolean {
    if (chosen.get(checkpointNs)?.has(checkpointId) || this.standing.of(checkpointNs).has(checkpointId))
      return false
    return this.parts.held.seen.has({ checkpointNs, checkpointId })
  }

  /** A key that holds anything of what was left out has to outlive a purge. */
  private skippedKeys(chosen: Kept): ReadonlySet<string> {
    const isLeftOut = (name: CheckpointName) => this.isLeftOut(name, chosen)
    const skipped = new Set<string>()
    let isCut = false
    for (const [key, names] of this.keys) {
      if (!names?.some(isLeftOut)) continue
      isCut = true
      skipped.add(key)
    }
    if (isCut) for (const [key, names] of this.keys) if (names === null) skipped.add(key)
    return skipped
  }

  private noteKey(key: Buffer, { checkpointNs, checkpointId }: CheckpointName): void {
    const text = key.toString('latin1')
    const names = this.keys.get(text)
    if (names === null) return
    if (names === undefined) this.keys.set(text, [{ checkpointNs, checkpointId }])
    else names.push({ checkpointNs, checkpointId })
  }
}

interface CheckpointName {
  readonly checkpointNs: string
  readonly checkpointId: string
}

const NOTHING = { checkpoints: 0, writes: 0, blobs: 0 }

function headsOf(kept: Kept): Map<string, string> {
  const heads = new Map<string, string>()
  for (const [checkpointNs, ids] of kept) {
    const head = [...ids].sort().at(-1)
    if (head !== undefined) heads.set(checkpointNs, head)
  }
  return heads
}

function add(counts: RowAmounts, table: 'checkpoints' | 'writes' | 'blobs', bytes: number): void {
  counts[table]++
  counts.bytes += bytes
}

const difference = (all: RowAmounts, kept: RowAmounts): RowAmounts => ({
  checkpoints: all.checkpoints - kept.checkpoints,
  writes: all.writes - kept.writes,
  blobs: all.blobs - kept.blobs,
  bytes: all.bytes - kept.bytes,
})
