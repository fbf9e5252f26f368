/** At what rate a run reads, and how long it may still take. */
import type { RunProgress } from '../model/events.js'

/** A rate over less than this says nothing. */
const MIN_RATED_MS = 2000

export interface Pace {
  readonly bytesPerSecond: number | null
  readonly secondsLeft: number | null
}

/** `elapsedMs`: since the first event of its kind. By bytes where their sum is known, else by threads. */
export function paceOf({ threads, ofThreads, bytes, ofBytes }: RunProgress, elapsedMs: number): Pace {
  if (elapsedMs < MIN_RATED_MS) return { bytesPerSecond: null, secondsLeft: null }
  const seconds = elapsedMs / 1000
  const share = ofBytes ? bytes / ofBytes : ofThreads ? threads / ofThreads : 0
  const isUnderWay = share > 0 && share < 1
  return {
    bytesPerSecond: bytes > 0 ? bytes / seconds : null,
    secondsLeft: isUnderWay ? (seconds * (1 - share)) / share : null,
  }
}
