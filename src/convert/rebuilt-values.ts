/**
 * Counts the channel values that checkpoints get from an ancestor because Redis has them nowhere else: below 1.0.10 the JavaScript saver
 * did not find them again, and the running program went on with defaults.
 */
import type { ChannelVersion, StoredChannelValue } from '../model/thread.js'

export class RebuiltValues {
  /** Channel version → checkpoints that share its value with an ancestor. */
  private readonly counts = new Map<string, number>()

  add(checkpointNs: string, channel: string, version: ChannelVersion): void {
    const name = nameOf(checkpointNs, channel, version)
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
  }

  /** The saver finds this one by itself. */
  isStored({ checkpointNs, channel, version }: StoredChannelValue): void {
    this.counts.delete(nameOf(checkpointNs, channel, version))
  }

  get total(): number {
    let total = 0
    for (const count of this.counts.values()) total += count
    return total
  }
}

const nameOf = (checkpointNs: string, channel: string, version: ChannelVersion): string =>
  `${checkpointNs}\0${channel}\0${version}`
