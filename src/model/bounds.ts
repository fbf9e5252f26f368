/** What of the source is taken: whole threads by their age, and the newest checkpoints inside a thread. */

/** What is kept of a thread. */
export interface ThreadBound {
  /** Newest checkpoints of each namespace, at least 1. */
  readonly keepLast: number
}

/** Threads by the time of their last checkpoint, in milliseconds before now. */
export interface AgeBounds {
  /** Only threads with something younger. */
  readonly newerThanMs: number | null
  /** Only threads with nothing younger. */
  readonly olderThanMs: number | null
}

export interface Bounds extends AgeBounds {
  /** Null: all checkpoints. */
  readonly keepLast: number | null
}

export const NO_BOUNDS: Bounds = { newerThanMs: null, olderThanMs: null, keepLast: null }

export const isBounded = (bounds: Bounds): boolean => Object.values(bounds).some((bound) => bound !== null)

/** Rows by table, and what they amount to. */
export interface RowAmounts {
  checkpoints: number
  writes: number
  blobs: number
  /** Of all columns. */
  bytes: number
}

/** What a bound would leave out. */
export interface BoundChoice {
  /** `--keep-last 10` */
  readonly flag: string
  /** Threads it would touch. */
  readonly threads: number
  readonly leftOut: RowAmounts
}

export const noRows = (): RowAmounts => ({ checkpoints: 0, writes: 0, blobs: 0, bytes: 0 })

/** `unknown`: nothing tells the thread's age, and a thread of unknown age is never older. */
export type AgeVerdict = 'taken' | 'too-old' | 'too-young' | 'unknown'

/** `latestMs`: when the thread was last written, milliseconds since 1970; null where nothing tells. */
export function ageVerdict(latestMs: number | null, bounds: AgeBounds, nowMs: number): AgeVerdict {
  const { newerThanMs, olderThanMs } = bounds
  if (latestMs === null) return olderThanMs === null ? 'taken' : 'unknown'
  const ageMs = nowMs - latestMs
  if (newerThanMs !== null && ageMs > newerThanMs) return 'too-old'
  if (olderThanMs !== null && ageMs < olderThanMs) return 'too-young'
  return 'taken'
}
