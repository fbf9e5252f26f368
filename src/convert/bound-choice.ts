/** Which checkpoints of a thread a bound keeps, and whether that can be done at all: the rules of the official `prune` (pure). */
import type { ThreadBound } from '../model/bounds.js'
import type { Finding } from '../model/finding.js'
import type { KnownCheckpoint } from '../model/rows.js'
import { ROOT_NS, TASKS_CHANNEL } from '../model/thread.js'
import { type HeldNamespace, type HeldRows, namesOf, readsSendsOfParent } from './held-rows.js'

/** namespace → ids that are kept; a namespace that is left out whole is not there. */
export type Kept = ReadonlyMap<string, ReadonlySet<string>>

/** Checkpoints that stand in the target already. */
export class Standing {
  private readonly ids = new Map<string, Set<string>>()

  constructor(known: readonly KnownCheckpoint[]) {
    for (const { checkpointNs, checkpointId } of known) {
      const ids = this.ids.get(checkpointNs)
      if (ids === undefined) this.ids.set(checkpointNs, new Set([checkpointId]))
      else ids.add(checkpointId)
    }
  }

  of(checkpointNs: string): ReadonlySet<string> {
    return this.ids.get(checkpointNs) ?? NONE
  }
}
const NONE: ReadonlySet<string> = new Set()

/** What stands in the target counts among the newest, and stays as it is whatever the bound. */
export function chooseKept(held: HeldRows, { keepLast }: ThreadBound, standing: Standing): Kept {
  const kept = new Map<string, ReadonlySet<string>>()
  for (const [checkpointNs, ns] of held.namespaces) {
    const there = standing.of(checkpointNs)
    const newest = [...new Set([...ns.newest, ...there])].sort((a, b) => (a < b ? 1 : -1)).slice(0, keepLast)
    const ids = new Set<string>()
    for (const id of newest) {
      const checkpoint = ns.checkpoints.get(id)
      if (checkpoint === undefined) continue
      ids.add(id)
      const parent = checkpoint.row.parentCheckpointId
      if (parent !== null && readsSendsOfParent(checkpoint.stored) && hasSends(ns, parent)) ids.add(parent)
    }
    for (const id of ns.checkpoints.keys()) if (there.has(id)) ids.add(id)
    kept.set(checkpointNs, ids)
  }
  for (const [checkpointNs, ns] of held.namespaces) {
    if (standing.of(checkpointNs).size === 0 && isCallOfLeftOut(checkpointNs, ns, { held, kept, standing }))
      kept.delete(checkpointNs)
  }
  return kept
}

/**
 * A subgraph call has its task id behind a colon, unlike a subgraph with a checkpointer of its own, whose state outlives its calls. A
 * call goes with the root checkpoint it started from, unless that was never saved.
 */
function isCallOfLeftOut(
  checkpointNs: string,
  ns: HeldNamespace,
  { held, kept, standing }: { readonly held: HeldRows; readonly kept: Kept; readonly standing: Standing },
): boolean {
  if (!checkpointNs.includes(':')) return false
  const root = ns.checkpoints.get(ns.newest[0] ?? '')?.stored.root ?? null
  if (root === null || kept.get(ROOT_NS)?.has(root) || standing.of(ROOT_NS).has(root)) return false
  return held.seen.has({ checkpointNs: ROOT_NS, checkpointId: root })
}

function hasSends(ns: HeldNamespace, id: string): boolean {
  const writes = ns.checkpoints.get(id)?.writes ?? ns.loose.get(id) ?? []
  return writes.some(({ channel }) => channel === TASKS_CHANNEL)
}

/** Why the thread cannot be cut. */
export function obstacleOf(held: HeldRows, kept: Kept): Pick<Finding, 'reason' | 'detail'> | undefined {
  if (held.tellsOfDeltas) return { reason: 'delta-not-cut' }
  for (const [checkpointNs, ids] of kept) {
    const ns = held.namespaces.get(checkpointNs)!
    for (const id of ids) {
      const stored = ns.checkpoints.get(id)?.stored
      if (stored === undefined) continue
      for (const name of namesOf(stored)) {
        if (ns.slots.get(name)?.isLost)
          return { reason: 'cut-needs-memory', detail: `channel ${name.split('\0')[0]}` }
      }
    }
  }
  return undefined
}
