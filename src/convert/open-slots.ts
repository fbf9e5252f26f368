/**
 * Channel values that a checkpoint shares with ancestors which are gone. A blob may still hold them, and comes after the checkpoints; what
 * no blob holds by then is lost.
 */
import type { ChannelVersion, Checkpoint, StoredChannelValue } from '../model/thread.js'

/** One channel version whose value nobody has seen yet. */
export interface OpenSlot {
  /** The first checkpoint that needs it. */
  readonly checkpoint: Pick<Checkpoint, 'checkpointNs' | 'checkpointId' | 'parentCheckpointId' | 'origin'>
  readonly channel: string
  /** In the target. */
  readonly version: ChannelVersion
}

export class OpenSlots {
  private readonly slots = new Map<string, OpenSlot>()

  /** The slot that is open already for this version of the source. */
  of({ checkpointNs, channelVersions }: Checkpoint, channel: string): OpenSlot | undefined {
    return this.slots.get(nameOf(checkpointNs, channel, channelVersions.get(channel)!))
  }

  add(checkpoint: Checkpoint, channel: string, version: ChannelVersion): void {
    const { checkpointNs, checkpointId, parentCheckpointId, origin, channelVersions } = checkpoint
    const name = nameOf(checkpointNs, channel, channelVersions.get(channel)!)
    if (this.slots.has(name)) return
    // Not the checkpoint itself: it would keep its document in memory.
    const about = { checkpointNs, checkpointId, parentCheckpointId, origin }
    this.slots.set(name, { checkpoint: about, channel, version })
  }

  /** The slot that a stored value fills, which is closed by it. */
  fill({ checkpointNs, channel, version }: StoredChannelValue): OpenSlot | undefined {
    const name = nameOf(checkpointNs, channel, version)
    const slot = this.slots.get(name)
    this.slots.delete(name)
    return slot
  }

  rest(): Iterable<OpenSlot> {
    return this.slots.values()
  }
}

const nameOf = (checkpointNs: string, channel: string, version: ChannelVersion): string =>
  `${checkpointNs}\0${channel}\0${version}`
