/** Finds values that a fork replaced: where blobs are kept by version number, a fork counts again from its parent's and writes over the other branch's. */
import type { Checkpoint } from '../model/thread.js'

export class ForkOverwrites {
  private readonly versions = new Map<string, Checkpoint['channelVersions']>()
  /** name of a blob → the checkpoint that wrote it last. */
  private readonly writers = new Map<string, string>()
  /** checkpoint → channel → the checkpoint that wrote over its value. */
  private readonly overwritten = new Map<string, Map<string, string>>()

  /** Takes checkpoints oldest first, with the names of their blobs by channel. */
  note(
    { checkpointNs, checkpointId, parentCheckpointId, channelVersions }: Checkpoint,
    names: ReadonlyMap<string, string>,
  ) {
    this.versions.set(`${checkpointNs}\0${checkpointId}`, channelVersions)
    const inherited =
      parentCheckpointId === null ? new Map() : this.versions.get(`${checkpointNs}\0${parentCheckpointId}`)
    // Of a parent that is gone nobody knows what it wrote.
    if (inherited === undefined) return
    for (const [channel, name] of names) {
      if (inherited.get(channel) === channelVersions.get(channel)) continue
      const earlier = this.writers.get(name)
      this.writers.set(name, checkpointId)
      if (earlier === undefined) continue
      const channels = this.overwritten.get(`${checkpointNs}\0${earlier}`) ?? new Map<string, string>()
      this.overwritten.set(`${checkpointNs}\0${earlier}`, channels.set(channel, checkpointId))
    }
  }

  /** Channels of a checkpoint whose value another one replaced, with that one's id. */
  of({ checkpointNs, checkpointId }: Checkpoint): ReadonlyMap<string, string> {
    return this.overwritten.get(`${checkpointNs}\0${checkpointId}`) ?? new Map()
  }
}
