/**
 * Version strings for a Python target. Strings stay as they are; integers (savers that keep LangGraph's default numbering) become
 * `%032d.0.<16 digits>` along the lineage: same integer as in the parent, same string; so forks keep values of their own and
 * the same input gives the same strings in every run. Checkpoints that stand in the target keep what they have there.
 */
import { createHash } from 'node:crypto'
import type { KnownCheckpoint } from '../model/rows.js'
import type { ChannelVersion, Checkpoint } from '../model/thread.js'

interface Place {
  readonly parent: string | null
  /** channel → version in the source, and in the target. */
  readonly versions: ReadonlyMap<string, { readonly source: ChannelVersion; readonly target: string }>
}

export class Lineage {
  private readonly places = new Map<string, Place>()
  private readonly known = new Map<string, KnownCheckpoint>()

  constructor(
    private readonly threadId: string,
    known: readonly KnownCheckpoint[],
  ) {
    for (const checkpoint of known) {
      this.known.set(place(checkpoint.checkpointNs, checkpoint.checkpointId), checkpoint)
      this.places.set(place(checkpoint.checkpointNs, checkpoint.checkpointId), placeOfKnown(checkpoint))
    }
  }

  isKnown(checkpoint: Checkpoint): boolean {
    return this.known.has(place(checkpoint.checkpointNs, checkpoint.checkpointId))
  }

  /** The version string that a channel of this checkpoint gets, if nothing speaks against it. */
  wanted(checkpoint: Checkpoint, channel: string): string {
    const source = checkpoint.channelVersions.get(channel)!
    const known = this.known
      .get(place(checkpoint.checkpointNs, checkpoint.checkpointId))
      ?.channelVersions.get(channel)
    if (known !== undefined) return String(known)
    if (typeof source === 'string') return source
    return (
      this.inherited(checkpoint, channel) ??
      versionString(source, digits(this.threadId, checkpoint.checkpointNs, checkpoint.checkpointId))
    )
  }

  /** The parent's string for a channel whose version has not changed since. */
  inherited(checkpoint: Checkpoint, channel: string): string | undefined {
    if (checkpoint.parentCheckpointId === null) return undefined
    const parent = this.places
      .get(place(checkpoint.checkpointNs, checkpoint.parentCheckpointId))
      ?.versions.get(channel)
    return parent !== undefined && sameNumber(parent.source, checkpoint.channelVersions.get(channel)!)
      ? parent.target
      : undefined
  }

  /** Another string for a value that differs from the one under the wanted string. */
  renumbered(checkpoint: Checkpoint, channel: string, identity: string): string {
    const source = checkpoint.channelVersions.get(channel)!
    const integer = integerOf(source)
    return versionString(
      integer,
      digits(this.threadId, checkpoint.checkpointNs, channel, String(integer), identity),
    )
  }

  /** What a node of this checkpoint has seen of a channel; `current` are the strings of this checkpoint. */
  seen(
    checkpoint: Checkpoint,
    node: string,
    channel: string,
    version: ChannelVersion,
    current: ReadonlyMap<string, string>,
  ): ChannelVersion {
    if (checkpoint.channelVersions.get(channel) === version) return current.get(channel)!
    const known = this.known
      .get(place(checkpoint.checkpointNs, checkpoint.checkpointId))
      ?.versionsSeen.get(node)
      ?.get(channel)
    if (known !== undefined) return String(known)
    // Without any version to be compared with there is nothing to convert to.
    if (typeof version === 'string' || checkpoint.channelVersions.size === 0) return version
    // Where history is gone, `.0.0` sorts below the real string of that integer, and that integer is below the current one.
    return this.ancestral(checkpoint, channel, version) ?? `${pad(version)}.0.0`
  }

  /** Remembers what this checkpoint got; its children inherit from it. */
  settle(checkpoint: Checkpoint, targets: ReadonlyMap<string, string>): void {
    const versions = new Map<string, { source: ChannelVersion; target: string }>()
    for (const [channel, target] of targets) {
      const source = checkpoint.channelVersions.get(channel)!
      // A string that stayed as it is needs no memory: its children have it from their own documents.
      if (source !== target) versions.set(channel, { source, target })
    }
    this.places.set(place(checkpoint.checkpointNs, checkpoint.checkpointId), {
      parent: checkpoint.parentCheckpointId,
      versions,
    })
  }

  private ancestral(checkpoint: Checkpoint, channel: string, version: number): string | undefined {
    const visited = new Set<string>()
    let id = checkpoint.parentCheckpointId
    while (id !== null && !visited.has(id)) {
      visited.add(id)
      const ancestor = this.places.get(place(checkpoint.checkpointNs, id))
      if (ancestor === undefined) return undefined
      const found = ancestor.versions.get(channel)
      if (found !== undefined && sameNumber(found.source, version)) return found.target
      if (found !== undefined && integerOf(found.source) < version) return undefined
      id = ancestor.parent
    }
    return undefined
  }
}

/** `%032d.0.<digits>`: the shape of the official `get_next_version`, of which only the integer and plain string order are relied on. */
const versionString = (version: number, tail: string) => `${pad(version)}.0.${tail}`
const pad = (version: number) => String(Math.trunc(version)).padStart(32, '0')

/** The integer part of a version. */
export function integerOf(version: ChannelVersion): number {
  return typeof version === 'number' ? Math.trunc(version) : Number.parseInt(version, 10) || 0
}

/** A known checkpoint's source versions are the integers of its strings. */
function placeOfKnown(checkpoint: KnownCheckpoint): Place {
  const versions = new Map<string, { source: ChannelVersion; target: string }>()
  for (const [channel, version] of checkpoint.channelVersions) {
    versions.set(channel, { source: version, target: String(version) })
  }
  return { parent: checkpoint.parentCheckpointId, versions }
}

/** An integer of the source against what stands for it: another integer, or a string with that integer part. */
function sameNumber(a: ChannelVersion, b: ChannelVersion): boolean {
  return typeof a === typeof b ? a === b : integerOf(a) === integerOf(b)
}

/** 16 decimal digits of a SHA-256 over NUL-separated parts. */
function digits(...parts: string[]): string {
  const hash = createHash('sha256').update(parts.join('\0')).digest()
  return String(hash.readBigUInt64BE() % 10n ** 16n).padStart(16, '0')
}

const place = (checkpointNs: string, checkpointId: string) => `${checkpointNs}\0${checkpointId}`
