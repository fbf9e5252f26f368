/**
 * Which checkpoints of a thread stay, whoever removes the others: the rules of the official `PostgresSaver.prune`
 * (langgraph-checkpoint-postgres 3.2.0, strategy `keep_latest`) for any number of checkpoints. Values go with the last checkpoint that
 * names them, writes with their checkpoint.
 */
import { ROOT_NS } from '../model/thread.js'

export interface RuledCheckpoint {
  readonly checkpointId: string
  /** The parent whose writes hold its Sends: before v4, where there are any. */
  readonly sendsOf: string | null
  /** The root checkpoint that its run started from; null where that was never saved, or stays whatever the rule. */
  readonly root: string | null
}

/** namespace → as many of its checkpoints as are to stay, newest first. */
export type NewestByNamespace = ReadonlyMap<string, readonly RuledCheckpoint[]>

/** namespace → ids that stay; a namespace that goes whole is not there. */
export function keptByRule(newest: NewestByNamespace): Map<string, Set<string>> {
  const kept = new Map<string, Set<string>>()
  for (const [checkpointNs, checkpoints] of newest) {
    const ids = checkpoints.flatMap(({ checkpointId, sendsOf }) =>
      sendsOf === null ? [checkpointId] : [checkpointId, sendsOf],
    )
    kept.set(checkpointNs, new Set(ids))
  }
  // A subgraph call has its task id behind a colon, unlike a subgraph with a checkpointer of its own, whose state outlives its calls.
  for (const [checkpointNs, [head]] of newest) {
    const root = head?.root ?? null
    if (checkpointNs.includes(':') && root !== null && !kept.get(ROOT_NS)?.has(root))
      kept.delete(checkpointNs)
  }
  return kept
}
