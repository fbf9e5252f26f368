/** Checkpoints of one namespace that came before their parents: ids are made of the time, and two servers' clocks may disagree. */
import type { Checkpoint } from '../model/thread.js'

export class EarlyCheckpoints {
  /** The namespace they are of. */
  checkpointNs = ''
  /** Parent's id → children that wait for it. */
  private readonly children = new Map<string, Checkpoint[]>()
  private readonly ids = new Set<string>()

  /** Keeps a checkpoint whose parent may still come, because its id is later or because it waits itself; false where it may not. */
  take(checkpoint: Checkpoint): boolean {
    const { checkpointId, parentCheckpointId: parentId } = checkpoint
    if (parentId === null || (parentId <= checkpointId && !this.ids.has(parentId))) return false
    this.ids.add(checkpointId)
    const siblings = this.children.get(parentId)
    if (siblings === undefined) this.children.set(parentId, [checkpoint])
    else siblings.push(checkpoint)
    return true
  }

  /** Those that waited for this one, which are kept no longer. */
  childrenOf(checkpointId: string): readonly Checkpoint[] {
    const children = this.children.get(checkpointId) ?? []
    this.children.delete(checkpointId)
    for (const child of children) this.ids.delete(child.checkpointId)
    return children
  }

  /** Those whose parents never came; the others follow as their children. Of parents in a circle any is the first. */
  *orphans(): Generator<Checkpoint> {
    for (const parentId of [...this.children.keys()]) {
      if (!this.ids.has(parentId)) yield* this.childrenOf(parentId)
    }
    for (const parentId of [...this.children.keys()]) yield* this.childrenOf(parentId)
  }
}
