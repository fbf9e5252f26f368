/** Adds up what a pass sees of threads. Constant in memory: classes of size, the largest few, one sum a day. */
import type { ClaimedKey } from '../../layouts/layout.js'
import { CheckpointDays, dateOfDay, UNDATED } from '../../model/checkpoint-days.js'
import type { ThreadTold } from '../../model/run.js'
import type { LargeThread, Survey } from '../../model/survey.js'
import { ExpiryCount } from './expiry.js'
import { GrowthCount } from './growth.js'

const LARGEST = 20
const KIB = 1024
/** Upper bounds of the classes of size; the last class has none. */
const SIZE_BOUNDS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144].map((kib) => kib * KIB)
/** Names beyond these are only counted: whoever writes to Redis chooses them. */
const MAX_CLASSES = 500

interface UnchangedThread {
  readonly threadId: string
  readonly keys: readonly ClaimedKey[]
  /** Of its values. */
  readonly bytes: number
}

export class SurveyCount {
  readonly #growth: GrowthCount
  readonly #expiry: ExpiryCount
  readonly #sizes = [...SIZE_BOUNDS, null].map((upToBytes) => ({ upToBytes, threads: 0, bytes: 0 }))
  readonly #largest: LargeThread[] = []
  readonly #classes = new Map<string, number>()
  #moreClasses = 0
  #threads = 0
  #waitsAtInterrupt = 0
  #valuesSeen = 0

  constructor(nowMs: number) {
    this.#growth = new GrowthCount(nowMs)
    this.#expiry = new ExpiryCount(nowMs)
  }

  /** A thread that is as the ledger recorded it: only its keys tell of it. */
  unchanged({ threadId, keys, bytes }: UnchangedThread): void {
    const days = new CheckpointDays()
    const checkpoints = keys.filter(({ role }) => role === 'checkpoint')
    for (const { checkpointId } of checkpoints) days.add(checkpointId)
    const lastDay = this.#days(days.days, bytes)
    this.#size(bytes)
    this.#large({
      threadId,
      layout: keys[0]?.layout ?? '',
      bytes,
      keys: keys.length,
      checkpoints: checkpoints.length,
      lastDay: lastDay === UNDATED ? null : dateOfDay(lastDay),
    })
  }

  /** A thread that was converted, once. */
  thread(facts: ThreadTold): void {
    const { threadId, layouts, sourceBytes, checkpoints, sourceKeys, unreadKeys, seen, longestPttlMs } = facts
    let lastDay = UNDATED
    if (seen !== undefined) {
      lastDay = this.#days(seen.days, sourceBytes)
      this.#expiry.add(threadId, seen.shortestPttlMs, longestPttlMs)
      this.#valuesSeen += seen.valuesSeen
      if (seen.waitsAtInterrupt) this.#waitsAtInterrupt++
      for (const name of seen.classes) this.#class(name)
    }
    this.#size(sourceBytes)
    this.#large({
      threadId,
      layout: layouts[0] ?? '',
      bytes: sourceBytes,
      keys: sourceKeys.length + unreadKeys.length,
      checkpoints,
      lastDay: lastDay === UNDATED ? null : dateOfDay(lastDay),
    })
  }

  result(): Survey {
    const classes = [...this.#classes]
      .map(([name, threads]) => ({ name, threads }))
      .sort((a, b) => b.threads - a.threads || (a.name < b.name ? -1 : 1))
    return {
      threads: this.#threads,
      sizes: this.#sizes.map((size) => ({ ...size })),
      largest: [...this.#largest],
      growth: this.#growth.result(),
      expiry: this.#expiry.result(),
      classes,
      moreClasses: this.#moreClasses,
      waitsAtInterrupt: this.#waitsAtInterrupt,
      valuesSeen: this.#valuesSeen,
    }
  }

  /** The newest day. */
  #days(days: ReadonlyMap<number, number>, sourceBytes: number): number {
    let all = 0
    let oldest = Number.POSITIVE_INFINITY
    let newest = UNDATED
    for (const [day, checkpoints] of days) {
      all += checkpoints
      if (day === UNDATED) continue
      oldest = Math.min(oldest, day)
      newest = Math.max(newest, day)
    }
    for (const [day, checkpoints] of days) {
      const bytes = (sourceBytes * checkpoints) / all
      this.#growth.add(day, { checkpoints, newThreads: day === oldest ? 1 : 0, bytes })
    }
    return newest
  }

  #size(bytes: number): void {
    const at = SIZE_BOUNDS.findIndex((bound) => bytes <= bound)
    const size = this.#sizes.at(at)!
    size.threads++
    size.bytes += bytes
    this.#threads++
  }

  #large(thread: LargeThread): void {
    const largest = this.#largest
    if (largest.length === LARGEST && thread.bytes <= largest[LARGEST - 1]!.bytes) return
    let at = largest.length
    while (at > 0 && largest[at - 1]!.bytes < thread.bytes) at--
    largest.splice(at, 0, thread)
    if (largest.length > LARGEST) largest.pop()
  }

  #class(name: string): void {
    const before = this.#classes.get(name)
    if (before === undefined && this.#classes.size === MAX_CLASSES) this.#moreClasses++
    else this.#classes.set(name, (before ?? 0) + 1)
  }
}
