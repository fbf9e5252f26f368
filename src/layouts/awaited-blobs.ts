/** Checkpoints whose channel values stand in keys of their own: each goes out once all its blobs have come, parents before children. */
import type { ChannelVersion, Checkpoint } from '../model/thread.js'
import type { Value } from '../model/value.js'
import type { StoredBlob } from './keys/keyed-form.js'

interface Waiting {
  readonly checkpoint: Checkpoint
  /** channel → name of its blob. */
  readonly wanted: ReadonlyMap<string, string>
  /** The highest number among the wanted versions. */
  readonly newest: number
  readonly everyChannel: boolean
}

/** A namespace's checkpoints in their order; those before `done` went out. */
interface Queue {
  readonly checkpoints: (Waiting | undefined)[]
  done: number
}

/**
 * A blob is kept only while a checkpoint waits for it: checkpoints come first, then blobs in the order of their versions, so that
 * about one state of the thread is in memory.
 */
export class AwaitedBlobs {
  private readonly queues = new Map<string, Queue>()
  /** name of a blob → checkpoints that wait for it. */
  private readonly waiting = new Map<string, number>()
  private readonly values = new Map<string, Value | undefined>()
  private passed = -1

  /** `missing` are channels whose blob is nowhere. */
  constructor(private readonly emit: (checkpoint: Checkpoint, missing: readonly string[]) => void) {}

  /** `everyChannel`: a channel without a value has a blob too. */
  add(checkpoint: Checkpoint, wanted: ReadonlyMap<string, string>, everyChannel: boolean): void {
    let newest = -1
    for (const [channel, name] of wanted) {
      newest = Math.max(newest, versionNumber(checkpoint.channelVersions.get(channel) ?? 0))
      this.waiting.set(name, (this.waiting.get(name) ?? 0) + 1)
    }
    const queue = this.queues.get(checkpoint.checkpointNs)
    const entry = { checkpoint, wanted, newest, everyChannel }
    if (queue === undefined) this.queues.set(checkpoint.checkpointNs, { checkpoints: [entry], done: 0 })
    else queue.checkpoints.push(entry)
  }

  blob({ name, value, version = -1 }: StoredBlob): void {
    if (version > this.passed) {
      this.passed = version
      for (const queue of this.queues.values()) this.release(queue, ({ newest }) => newest < version)
    }
    if (this.waiting.has(name)) this.values.set(name, value)
  }

  /** No blob comes any more. */
  end(): void {
    for (const queue of this.queues.values()) this.release(queue, () => true)
    this.queues.clear()
  }

  private release(queue: Queue, isReady: (waiting: Waiting) => boolean): void {
    const { checkpoints } = queue
    for (let next = checkpoints[queue.done]; next && isReady(next); next = checkpoints[queue.done]) {
      const { checkpoint, wanted, everyChannel } = next
      checkpoints[queue.done++] = undefined
      const channelValues = new Map(checkpoint.channelValues)
      const missing: string[] = []
      for (const [channel, name] of wanted) {
        const value = this.values.get(name)
        if (value !== undefined) channelValues.set(channel, value)
        else if (everyChannel && !this.values.has(name)) missing.push(channel)
        this.letGo(name)
      }
      this.emit({ ...checkpoint, channelValues }, missing)
    }
  }

  private letGo(name: string): void {
    const left = this.waiting.get(name)! - 1
    if (left > 0) {
      this.waiting.set(name, left)
    } else {
      this.waiting.delete(name)
      this.values.delete(name)
    }
  }
}

/** The integer part of a version. */
export const versionNumber = (version: ChannelVersion): number =>
  typeof version === 'number' ? Math.trunc(version) : Number.parseInt(version, 10) || 0
