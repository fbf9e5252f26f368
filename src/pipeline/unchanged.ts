/** Whether a thread is what the ledger says it was: the same keys with the same content, whole then, and its rows still there. */
import type { ClaimedKey } from '../layouts/layout.js'
import type { ThreadBound } from '../model/bounds.js'
import { keyText, type RecordedKeys } from '../target/ledger/pack.js'
import type { ThreadState } from '../target/rows/commit.js'

/**
 * The keys to compare with; undefined where a thread has to be converted whatever its values are: it is new, has new keys, was not
 * whole the last time (what was refused is tried again on every pass), or lost rows in the target. Keys that are gone from the source
 * make no difference: they have nothing to bring.
 */
export function comparableKeys(
  state: ThreadState,
  keys: readonly ClaimedKey[],
  bound: ThreadBound | null = null,
): RecordedKeys | undefined {
  const { recorded, stands } = state
  if (recorded === undefined || !stands) return undefined
  // What another bound left out may be wanted now.
  if (recorded.bounds !== null && isOtherBound(recorded.bounds, bound)) return undefined
  if (recorded.completeness !== 'whole' || recorded.progress === 'differs') return undefined
  return keys.every(({ key }) => recorded.keys.has(keyText(key))) ? recorded.keys : undefined
}

/** A bound as the ledger has it: `{"keepLast": 1}`; null: nothing was left out. */
type RecordedBound = Readonly<Record<string, unknown>> | null

export const isOtherBound = (before: RecordedBound, now: ThreadBound | null): boolean =>
  (before?.keepLast ?? null) !== (now?.keepLast ?? null)

export const boundText = (bound: RecordedBound | ThreadBound): string =>
  bound === null ? 'no bound' : `--keep-last ${Number(bound.keepLast)}`

/** The key still holds what it held. */
export function isAsRecorded(recorded: RecordedKeys, key: Buffer, digest: Buffer): boolean {
  return recorded.get(keyText(key))?.digest?.equals(digest) ?? false
}
