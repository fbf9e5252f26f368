/** Channel values of 0.0.x that stand in blob documents: the fallback where a checkpoint lacks one inline. */
import type { Value } from '../../model/value.js'
import type { PythonBlob } from './records.js'

/**
 * Every checkpoint read since 0.0.1 has its values inline too, so a blob is held only until a checkpoint shows that, and no more than
 * these bytes are held at all.
 */
const MAX_HELD_BYTES = 16 * 1024 * 1024

export class PythonBlobs {
  private readonly held = new Map<string, { readonly value: Value; readonly bytes: number }>()
  /** Blobs that hold a value, but were too much to keep. */
  private readonly dropped = new Set<string>()
  private heldBytes = 0

  add({ checkpointNs, channel, version, value }: PythonBlob, bytes: number): void {
    if (value === undefined) return
    const name = nameOf(checkpointNs, channel, version)
    if (this.heldBytes + bytes > MAX_HELD_BYTES) {
      this.dropped.add(name)
      return
    }
    this.held.set(name, { value, bytes })
    this.heldBytes += bytes
  }

  get isEmpty(): boolean {
    return this.held.size === 0 && this.dropped.size === 0
  }

  /** The value a channel had at a version; `dropped` where there was one that is not at hand. */
  find(checkpointNs: string, channel: string, version: string | number): Value | 'dropped' | undefined {
    for (const name of [nameOf(checkpointNs, channel, String(version)), nameOf(checkpointNs, channel)]) {
      const held = this.held.get(name)
      if (held !== undefined) return held.value
      if (this.dropped.has(name)) return 'dropped'
    }
    return undefined
  }

  /** A checkpoint has this value inline, and so has every other one at that version. */
  release(checkpointNs: string, channel: string, version: string | number): void {
    const name = nameOf(checkpointNs, channel, String(version))
    this.heldBytes -= this.held.get(name)?.bytes ?? 0
    this.held.delete(name)
    this.dropped.delete(name)
  }
}

const nameOf = (checkpointNs: string, channel: string, version?: string): string =>
  version === undefined ? `${checkpointNs}\0${channel}` : `${checkpointNs}\0${channel}\0${version}`
