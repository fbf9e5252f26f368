/** What each bound would leave out, counted while a thread is converted without any: for a rehearsal that helps to choose. */
import { type BoundChoice, noRows, type RowAmounts } from '../model/bounds.js'
import type { BlobRow, CheckpointRow, RowSink, WriteRow } from '../model/rows.js'
import { ROOT_NS } from '../model/thread.js'
import { timeOfUuid6 } from '../model/uuid6.js'
import type { ConvertedThread, OpenConverter, ThreadConverter } from './converter.js'
import { namesOf } from './held-rows.js'
import { type StoredRow, storedRowOf } from './stored-row.js'

const KEEP_LAST = [1, 10, 100] as const
const NEWER_THAN_DAYS = [7, 30, 90] as const
const DAY_MS = 24 * 3600 * 1000

/** Adds up over all threads. */
export class BoundForecast {
  private readonly cuts = KEEP_LAST.map((keepLast) => ({ keepLast, threads: 0, leftOut: noRows() }))
  private readonly ages = NEWER_THAN_DAYS.map((days) => ({ days, threads: 0, leftOut: noRows() }))

  constructor(private readonly nowMs: number) {}

  /** Only choices that would leave something out. */
  list(): BoundChoice[] {
    const cuts = this.cuts.map(({ keepLast, threads, leftOut }) => ({
      flag: keepLast === 1 ? '--latest-only' : `--keep-last ${keepLast}`,
      threads,
      leftOut,
    }))
    const ages = this.ages.map(({ days, threads, leftOut }) => ({
      flag: `--newer-than ${days}d`,
      threads,
      leftOut,
    }))
    return [...cuts, ...ages].filter(({ leftOut }) => leftOut.checkpoints > 0)
  }

  /** Converts as `open` does and counts. */
  counting(open: OpenConverter): OpenConverter {
    return (threadId, known, rows, report, options) => {
      const seen = new SeenRows(rows)
      const inner = open(threadId, known, seen, report, options)
      const end = (): ConvertedThread => {
        const converted = inner.end()
        if (converted.completeness !== 'rejected') this.add(seen, converted.heads)
        return converted
      }
      const counting: ThreadConverter = {
        checkpoint: (checkpoint) => inner.checkpoint(checkpoint),
        write: (write) => inner.write(write),
        channelValue: (value) => inner.channelValue(value),
        unreadable: (checkpointNs, checkpointId) => inner.unreadable(checkpointNs, checkpointId),
        end,
      }
      return counting
    }
  }

  private add(seen: SeenRows, heads: ReadonlyMap<string, string>): void {
    const times = [...heads.values()].map((id) => timeOfUuid6(id, this.nowMs)).filter((ms) => ms !== null)
    const ageMs = times.length === 0 ? 0 : this.nowMs - Math.max(...times)
    for (const age of this.ages) if (ageMs > age.days * DAY_MS) addTo(age, seen.all())
    for (const cut of this.cuts) {
      const leftOut = seen.without(cut.keepLast)
      if (leftOut.checkpoints > 0) addTo(cut, leftOut)
    }
  }
}

function addTo(choice: { threads: number; readonly leftOut: RowAmounts }, rows: RowAmounts): void {
  choice.threads++
  choice.leftOut.checkpoints += rows.checkpoints
  choice.leftOut.writes += rows.writes
  choice.leftOut.blobs += rows.blobs
  choice.leftOut.bytes += rows.bytes
}

interface SeenCheckpoint {
  readonly stored: StoredRow
  /** Of its own row and of its writes. */
  bytes: number
  writes: number
}

/** Passes rows on and remembers what they weigh. */
class SeenRows implements RowSink {
  /** namespace → id → checkpoint; namespace → channel and version → bytes. */
  private readonly checkpoints = new Map<string, Map<string, SeenCheckpoint>>()
  private readonly blobs = new Map<string, Map<string, number>>()

  constructor(private readonly inner: RowSink) {}

  checkpointRow(row: CheckpointRow): void {
    const bytes = row.checkpoint.length + row.metadata.length
    const seen = { stored: storedRowOf(row), bytes, writes: 0 }
    inner(this.checkpoints, row.checkpointNs).set(row.checkpointId, seen)
    this.inner.checkpointRow(row)
  }
  blobRow(row: BlobRow): void {
    const name = `${row.channel}\0${row.version}`
    inner(this.blobs, row.checkpointNs).set(name, row.blob?.length ?? 0)
    this.inner.blobRow(row)
  }
  writeRow(row: WriteRow): void {
    const checkpoint = this.checkpoints.get(row.checkpointNs)?.get(row.checkpointId)
    if (checkpoint !== undefined) {
      checkpoint.bytes += row.blob.length
      checkpoint.writes++
    }
    this.inner.writeRow(row)
  }

  all(): RowAmounts {
    return this.without(0)
  }

  /** What is left out where so many of the newest checkpoints are kept; parents that hold Sends are not looked for. */
  without(keepLast: number): RowAmounts {
    const leftOut = noRows()
    const roots = newest(this.checkpoints.get(ROOT_NS), keepLast)
    for (const [checkpointNs, checkpoints] of this.checkpoints) {
      const kept = newest(checkpoints, this.isCallOfLeftOut(checkpointNs, checkpoints, roots) ? 0 : keepLast)
      const named = new Set<string>()
      for (const [id, { stored, bytes, writes }] of checkpoints) {
        if (kept.has(id)) {
          for (const name of namesOf(stored)) named.add(name)
          continue
        }
        leftOut.checkpoints++
        leftOut.writes += writes
        leftOut.bytes += bytes
      }
      for (const [name, bytes] of this.blobs.get(checkpointNs) ?? []) {
        if (named.has(name)) continue
        leftOut.blobs++
        leftOut.bytes += bytes
      }
    }
    return leftOut
  }

  private isCallOfLeftOut(
    checkpointNs: string,
    checkpoints: ReadonlyMap<string, SeenCheckpoint>,
    roots: ReadonlySet<string>,
  ): boolean {
    if (!checkpointNs.includes(':')) return false
    const [head] = newest(checkpoints, 1)
    const root = checkpoints.get(head ?? '')?.stored.root ?? null
    return root !== null && !roots.has(root) && (this.checkpoints.get(ROOT_NS)?.has(root) ?? false)
  }
}

function inner<T>(outer: Map<string, Map<string, T>>, name: string): Map<string, T> {
  let map = outer.get(name)
  if (map === undefined) {
    map = new Map()
    outer.set(name, map)
  }
  return map
}

function newest(checkpoints: ReadonlyMap<string, unknown> | undefined, count: number): Set<string> {
  return new Set([...(checkpoints?.keys() ?? [])].sort((a, b) => (a < b ? 1 : -1)).slice(0, count))
}
