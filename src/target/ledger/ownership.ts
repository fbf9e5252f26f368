/** Whose the rows of a batch are, as the ledger recorded them. */
import type { Ownership, ThreadCommit } from '../rows/commit.js'
import { checkpointName, type RowDigests } from './pack.js'

/** By the digests that were read with the threads' states. */
export function recordedOwnership(threads: readonly ThreadCommit[]): Pick<Ownership, 'isOurs' | 'wrote'> {
  const digests = new Map<string, RowDigests>()
  for (const { facts, state } of threads) {
    if (state.recorded !== undefined) digests.set(facts.threadId, state.recorded.rowDigests)
  }
  const digestOf = (threadId: string, ns: string, id: string) =>
    digests.get(threadId)?.get(checkpointName(ns, id))
  return {
    isOurs: (threadId, ns, id, digest) => digestOf(threadId, ns, id) === digest,
    wrote: (threadId, ns, id) => digestOf(threadId, ns, id) !== undefined,
  }
}
