/** In which order a thread's keys go, and how many at once: children before the parents whose values they need, what names others last. */
import type { ClaimedKey, KeyRole } from '../../layouts/layout.js'
import type { KeyToPurge } from '../../source/purge.js'

/**
 * Writes and checkpoints from the newest to the oldest: a delta, a delta channel and the Sends of a v < 4 checkpoint need what is older.
 * Then values that many checkpoints share, then pointers, then indexes.
 */
const STAGE: Readonly<Record<KeyRole, number>> = {
  write: 0,
  checkpoint: 0,
  snapshot: 0,
  blob: 1,
  pointer: 2,
  index: 3,
}

export interface PurgeKey extends KeyToPurge {
  readonly claimed: Pick<ClaimedKey, 'role' | 'checkpointId'>
}

export function inPurgeOrder(keys: readonly PurgeKey[]): PurgeKey[] {
  const stage = ({ use, claimed }: PurgeKey): number => (use === 'index' ? STAGE.index : STAGE[claimed.role])
  return [...keys].sort(
    (a, b) =>
      stage(a) - stage(b) ||
      descending(a.claimed.checkpointId, b.claimed.checkpointId) ||
      Number(a.claimed.role !== 'write') - Number(b.claimed.role !== 'write') ||
      a.key.compare(b.key),
  )
}

const descending = (a: string, b: string): number => (a < b ? 1 : a > b ? -1 : 0)

/** So many keys go in one atomic step; a larger thread goes in several. */
const ATOMIC_KEYS = 2000
const STEP_KEYS = 500

/** A thread is one step where it can be: then it is there as a whole or not at all, whenever the process dies. */
export function stepsOf(ordered: readonly PurgeKey[]): PurgeKey[][] {
  if (ordered.length <= ATOMIC_KEYS) return [[...ordered]]
  const steps: PurgeKey[][] = []
  for (let at = 0; at < ordered.length; at += STEP_KEYS) steps.push(ordered.slice(at, at + STEP_KEYS))
  return steps
}
