/** Sets of checkpoints of one thread, by namespace and id. */

interface Ids {
  readonly checkpointNs: string
  readonly checkpointId: string
}

export class CheckpointIds {
  private readonly byNamespace = new Map<string, Set<string>>()

  add({ checkpointNs, checkpointId }: Ids): void {
    const ids = this.byNamespace.get(checkpointNs)
    if (ids === undefined) this.byNamespace.set(checkpointNs, new Set([checkpointId]))
    else ids.add(checkpointId)
  }

  has({ checkpointNs, checkpointId }: Ids): boolean {
    return this.byNamespace.get(checkpointNs)?.has(checkpointId) ?? false
  }

  /** namespace → newest id. */
  heads(): Map<string, string> {
    const heads = new Map<string, string>()
    for (const [ns, ids] of this.byNamespace) {
      let head = ''
      for (const id of ids) if (id > head) head = id
      heads.set(ns, head)
    }
    return heads
  }
}
