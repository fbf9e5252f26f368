/**
 * Values that a checkpoint of the JavaScript saver does not repeat: those of the parent where the channel's version is the parent's, of
 * the sibling it copies, or where these are gone the value kept apart under that version.
 */
import type { ChannelVersion, Checkpoint, StoredChannelValue } from '../../model/thread.js'
import { type Digest, digestOfSource } from './values.js'

/** Stands for a value that the source had once; nobody can say whether Postgres has the right one. */
export const UNKNOWN = 'unknown'

interface Place {
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  readonly versions: ReadonlyMap<string, ChannelVersion>
  readonly copiesSibling: boolean
  readonly own: ReadonlyMap<string, Digest>
  readonly take: (all: ReadonlyMap<string, Digest>) => void
  all?: ReadonlyMap<string, Digest>
}

export class InheritedValues {
  private readonly places = new Map<string, Place>()
  private readonly apart = new Map<string, Digest>()

  /** `take` is called at the end, with every value that the checkpoint has. */
  add(checkpoint: Checkpoint, own: ReadonlyMap<string, Digest>, take: Place['take']): void {
    const { checkpointNs, checkpointId, parentCheckpointId, channelVersions } = checkpoint
    this.places.set(`${checkpointNs}\0${checkpointId}`, {
      checkpointNs,
      checkpointId,
      parentCheckpointId,
      versions: channelVersions,
      copiesSibling: checkpoint.copiesSibling === true,
      own,
      take,
    })
  }

  /** Whether the source has it. */
  has(checkpointNs: string, checkpointId: string): boolean {
    return this.places.has(`${checkpointNs}\0${checkpointId}`)
  }

  channelValue({ checkpointNs, channel, version, value }: StoredChannelValue): void {
    if (value !== undefined) this.apart.set(`${checkpointNs}\0${channel}\0${version}`, digestOfSource(value))
  }

  end(): void {
    for (const place of this.places.values()) place.take(this.allOf(place))
  }

  /** Parents first, without recursion: threads can be long. */
  private allOf(place: Place): ReadonlyMap<string, Digest> {
    const open = [place]
    while (open.length > 0) {
      const last = open.at(-1)!
      const from = this.ancestorOf(last)
      if (from !== undefined && from.all === undefined && !open.includes(from)) {
        open.push(from)
        continue
      }
      last.all = this.joined(last, from)
      open.pop()
    }
    return place.all!
  }

  private joined(place: Place, from: Place | undefined): ReadonlyMap<string, Digest> {
    const { checkpointNs, parentCheckpointId, versions, own } = place
    const isGone = from === undefined && parentCheckpointId !== null
    const all = new Map(own)
    for (const [channel, version] of versions) {
      if (own.has(channel)) continue
      const isShared = from?.versions.get(channel) === version
      // Where the parent is there and has another version, the channel changed here, and has no value.
      const inherited = isShared
        ? from?.all?.get(channel)
        : isGone || place.copiesSibling
          ? (this.apart.get(`${checkpointNs}\0${channel}\0${version}`) ?? UNKNOWN)
          : undefined
      if (inherited !== undefined) all.set(channel, inherited)
    }
    return all
  }

  private ancestorOf({ checkpointNs, parentCheckpointId, ...place }: Place): Place | undefined {
    if (place.copiesSibling) {
      const sibling = this.siblingOf({ checkpointNs, parentCheckpointId, ...place })
      if (sibling !== undefined) return sibling
    }
    return parentCheckpointId === null ? undefined : this.places.get(`${checkpointNs}\0${parentCheckpointId}`)
  }

  /** The newest older child of the same parent with the same versions. */
  private siblingOf(place: Place): Place | undefined {
    let newest: Place | undefined
    for (const other of this.places.values()) {
      if (other.checkpointNs !== place.checkpointNs || other.parentCheckpointId !== place.parentCheckpointId)
        continue
      if (other.checkpointId >= place.checkpointId || other.versions.size !== place.versions.size) continue
      if (newest !== undefined && other.checkpointId < newest.checkpointId) continue
      if ([...place.versions].every(([channel, version]) => other.versions.get(channel) === version))
        newest = other
    }
    return newest
  }
}
