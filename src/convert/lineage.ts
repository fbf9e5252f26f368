/**
 * Which version each channel gets in the target, along the lineage: the parent's where the source has not changed it since, so that forks
 * keep values of their own and the same input gives the same versions in every run. Checkpoints that stand in the target keep what
 * they have there. How versions look is the dialect's own (`Numbering`).
 */
import type { KnownCheckpoint } from '../model/rows.js'
import type { ChannelVersion, Checkpoint } from '../model/thread.js'

/** How a dialect writes versions. */
export interface Numbering<Target extends ChannelVersion> {
  /** A version of the target as it was read from there. */
  read(version: ChannelVersion): Target
  /** What becomes of a version of the source whatever the lineage says; undefined where the lineage decides. */
  kept(version: ChannelVersion): Target | undefined
  /** A version that nobody in the lineage had before. */
  first(version: ChannelVersion, checkpoint: Checkpoint): Target
  /** A version that a node has seen and that no ancestor at hand had; below the real one of that number. */
  forgotten(version: ChannelVersion): Target
  /** Whether two versions of the source are one, of which `a` may be the target's where the source no longer has it. */
  isSame(a: ChannelVersion, b: ChannelVersion): boolean
  /** Whether a version of the target may be another than the source has for it. */
  isMade(version: Target): boolean
  /** Whether children need to know their parent's versions even where the target has them unchanged. */
  readonly remembersUnchanged: boolean
}

interface Place<Target> {
  readonly parent: string | null
  /** channel → version in the source. */
  readonly sources: ReadonlyMap<string, ChannelVersion>
  /** channel → version in the target, where it is another. */
  readonly targets: ReadonlyMap<string, Target>
}

export class Lineage<Target extends ChannelVersion> {
  private readonly places = new Map<string, Place<Target>>()
  private readonly known = new Map<string, KnownCheckpoint>()
  /** Some version in the target is another than in the source. */
  private hasMade = false
  private asked: { readonly by: Checkpoint | undefined; readonly parent: Place<Target> | undefined } = {
    by: undefined,
    parent: undefined,
  }

  constructor(
    private readonly numbering: Numbering<Target>,
    known: readonly KnownCheckpoint[],
  ) {
    for (const checkpoint of known) {
      const name = place(checkpoint.checkpointNs, checkpoint.checkpointId)
      this.known.set(name, checkpoint)
      this.places.set(name, {
        parent: checkpoint.parentCheckpointId,
        sources: checkpoint.channelVersions,
        targets: new Map(),
      })
      for (const version of checkpoint.channelVersions.values())
        if (!this.hasMade && this.numbering.isMade(this.numbering.read(version))) this.hasMade = true
    }
  }

  /** Whether a checkpoint has its place in the lineage: it was converted, or stands in the target. */
  has(checkpointNs: string, checkpointId: string): boolean {
    return this.places.has(place(checkpointNs, checkpointId))
  }

  /** The version that a channel of this checkpoint gets, if nothing speaks against it. */
  wanted(checkpoint: Checkpoint, channel: string): Target {
    const source = checkpoint.channelVersions.get(channel)!
    return (
      this.standing(checkpoint, channel) ??
      this.numbering.kept(source) ??
      this.inherited(checkpoint, channel) ??
      this.numbering.first(source, checkpoint)
    )
  }

  /** The version that a channel of this checkpoint has in the target already. */
  standing({ checkpointNs, checkpointId }: Checkpoint, channel: string): Target | undefined {
    if (this.known.size === 0) return undefined
    const known = this.known.get(place(checkpointNs, checkpointId))?.channelVersions.get(channel)
    return known === undefined ? undefined : this.numbering.read(known)
  }

  /** The parent's version of a channel that has not changed since. */
  inherited(checkpoint: Checkpoint, channel: string): Target | undefined {
    const parent = this.parentOf(checkpoint)
    return parent && this.ofAncestor(parent, channel, checkpoint.channelVersions.get(channel)!)
  }

  /** All channels of a checkpoint ask for the same one. */
  private parentOf(checkpoint: Checkpoint): Place<Target> | undefined {
    const { checkpointNs, parentCheckpointId } = checkpoint
    if (parentCheckpointId === null) return undefined
    if (this.asked.by !== checkpoint) {
      this.asked = { by: checkpoint, parent: this.places.get(place(checkpointNs, parentCheckpointId)) }
    }
    return this.asked.parent
  }

  /** The version that another checkpoint of the namespace has for what is `version` in the source. */
  versionIn(checkpointNs: string, checkpointId: string, channel: string, version: ChannelVersion) {
    return this.ofAncestor(this.places.get(place(checkpointNs, checkpointId)), channel, version)
  }

  /** The newest older child of the same parent with the same channel versions. */
  siblingOf({
    checkpointNs,
    checkpointId,
    parentCheckpointId,
    channelVersions,
  }: Checkpoint): string | undefined {
    const namespace = place(checkpointNs, '')
    let newest: string | undefined
    for (const [name, { parent, sources }] of this.places) {
      if (parent !== parentCheckpointId || !name.startsWith(namespace)) continue
      const id = name.slice(namespace.length)
      if (id >= checkpointId || (newest !== undefined && id < newest)) continue
      if (sources.size === channelVersions.size && this.areSame(sources, channelVersions)) newest = id
    }
    return newest
  }

  /** What a node of this checkpoint has seen of a channel; `current` are the target's versions of this checkpoint. */
  seen(
    checkpoint: Checkpoint,
    node: string,
    channel: string,
    version: ChannelVersion,
    current: ReadonlyMap<string, Target>,
  ): ChannelVersion {
    if (checkpoint.channelVersions.get(channel) === version) return current.get(channel)!
    const known = this.known
      .get(place(checkpoint.checkpointNs, checkpoint.checkpointId))
      ?.versionsSeen.get(node)
      ?.get(channel)
    if (known !== undefined) return this.numbering.read(known)
    const kept = this.numbering.kept(version)
    if (kept !== undefined) return kept
    // Without any version to be compared with there is nothing to convert to.
    if (checkpoint.channelVersions.size === 0) return version
    const ancestral = this.hasMade ? this.ancestral(checkpoint, channel, version) : undefined
    return ancestral ?? this.numbering.forgotten(version)
  }

  /** Remembers what this checkpoint got; its children inherit from it. */
  settle(checkpoint: Checkpoint, versions: ReadonlyMap<string, Target>): void {
    const targets = new Map<string, Target>()
    versions.forEach((target, channel) => {
      if (checkpoint.channelVersions.get(channel) !== target) targets.set(channel, target)
    })
    if (targets.size > 0) this.hasMade = true
    const all = this.numbering.remembersUnchanged || targets.size === versions.size
    const sources = all ? checkpoint.channelVersions : only(checkpoint.channelVersions, targets)
    this.places.set(place(checkpoint.checkpointNs, checkpoint.checkpointId), {
      parent: checkpoint.parentCheckpointId,
      sources,
      targets,
    })
  }

  private ancestral(checkpoint: Checkpoint, channel: string, version: ChannelVersion): Target | undefined {
    const visited = new Set<string>()
    let id = checkpoint.parentCheckpointId
    while (id !== null && !visited.has(id)) {
      visited.add(id)
      const ancestor = this.places.get(place(checkpoint.checkpointNs, id))
      if (ancestor === undefined) return undefined
      const found = this.ofAncestor(ancestor, channel, version)
      if (found !== undefined) return found
      const source = ancestor.sources.get(channel)
      if (source !== undefined && integerOf(source) < integerOf(version)) return undefined
      id = ancestor.parent
    }
    return undefined
  }

  private ofAncestor(
    ancestor: Place<Target> | undefined,
    channel: string,
    version: ChannelVersion,
  ): Target | undefined {
    const source = ancestor?.sources.get(channel)
    if (source === undefined || !this.numbering.isSame(source, version)) return undefined
    return ancestor?.targets.get(channel) ?? this.numbering.read(source)
  }

  private areSame(a: ReadonlyMap<string, ChannelVersion>, b: ReadonlyMap<string, ChannelVersion>): boolean {
    for (const [channel, version] of b) {
      const other = a.get(channel)
      if (other === undefined || !this.numbering.isSame(other, version)) return false
    }
    return true
  }
}

/** The integer part of a version. */
export function integerOf(version: ChannelVersion): number {
  return typeof version === 'number' ? Math.trunc(version) : Number.parseInt(version, 10) || 0
}

function only<T>(all: ReadonlyMap<string, T>, wanted: ReadonlyMap<string, unknown>): ReadonlyMap<string, T> {
  return new Map([...all].filter(([channel]) => wanted.has(channel)))
}

const place = (checkpointNs: string, checkpointId: string) => `${checkpointNs}\0${checkpointId}`
