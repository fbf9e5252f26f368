/** Which checkpoints of a thread a bound keeps, and whether that can be done at all: the rules of the official `prune` (pure). */
import type { ThreadBound } from '../model/bounds.js'
import type { Finding } from '../model/finding.js'
import type { KnownCheckpoint } from '../model/rows.js'
import { ROOT_NS, TASKS_CHANNEL } from '../model/thread.js'
import { type HeldNamespace, type HeldRows, namesOf, readsSendsOfParent } from './held-rows.js'
import { keptByRule, type RuledCheckpoint } from './prune-rule.js'

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
  const newest = new Map<string, RuledCheckpoint[]>()
  for (const [checkpointNs, ns] of held.namespaces) {
    const there = standing.of(checkpointNs)
    const ids = [...new Set([...ns.newest, ...there])].sort((a, b) => (a < b ? 1 : -1)).slice(0, keepLast)
    const ruled = ids.flatMap((checkpointId) => {
      const checkpoint = ns.checkpoints.get(checkpointId)
      if (checkpoint === undefined) return []
      const { row, stored } = checkpoint
      const parent = row.parentCheckpointId
      const sendsOf = parent !== null && readsSendsOfParent(stored) && hasSends(ns, parent) ? parent : null
      const mayGo = there.size === 0 && wasSaved(stored.root, held) && !standing.of(ROOT_NS).has(stored.root!)
      return [{ checkpointId, sendsOf, root: mayGo ? stored.root : null }]
    })
    newest.set(checkpointNs, ruled)
  }
  const kept = keptByRule(newest)
  for (const [checkpointNs, ns] of held.namespaces) {
    const there = standing.of(checkpointNs)
    for (const id of ns.checkpoints.keys()) if (there.has(id)) kept.get(checkpointNs)?.add(id)
  }
  return kept
}

const wasSaved = (root: string | null, held: HeldRows): boolean =>
  root !== null && held.seen.has({ checkpointNs: ROOT_NS, checkpointId: root })

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
