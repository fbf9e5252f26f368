/** A checkpoint of the source as digests. A value that stands in every checkpoint with the same bytes is decoded once. */
import { DecodeError, EncodeError } from '../../codec/bytes.js'
import { treeValue } from '../../codec/tree.js'
import type { Checkpoint } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import type { Dialect } from '../converter.js'
import { misfitOfCast, misfitOfKey } from '../limits.js'
import { staysInline, topLevelOf } from '../top-level.js'
import { jsonbDigest, metadataDigests } from './jsonb.js'
import { type Digest, digestOfSource } from './values.js'

export interface CheckpointDigests {
  readonly fields: ReadonlyMap<string, Digest>
  readonly metadata: ReadonlyMap<string, Digest>
  /** Channels whose value Postgres has to have. */
  readonly values: ReadonlyMap<string, Digest>
}

interface Seen {
  readonly encoding: Value['encoding']
  readonly serdeType: string | undefined
  readonly bytes: Buffer
  readonly digest: Digest
}

export class SourceDigests {
  /** The last value of each channel, the one used longest ago first. */
  private readonly last = new Map<string, Seen>()
  private heldBytes = 0

  /** `budgetBytes` bounds the copies kept to compare with. */
  constructor(
    private readonly dialect: Dialect,
    private readonly budgetBytes: number,
  ) {}

  /** Undefined where the checkpoint cannot be read, or not be stored by the official saver. */
  of(checkpoint: Checkpoint): CheckpointDigests | undefined {
    const { checkpointNs, checkpointId, channelVersions, channelValues, threadId } = checkpoint
    if (misfitOfKey({ threadId, checkpointNs, checkpointId }) !== undefined) return undefined
    const values = new Map<string, Digest>()
    try {
      for (const [channel, value] of channelValues) {
        const isScalar = this.dialect === 'python' && staysInline(topLevelOf(value))
        if (!isScalar && misfitOfCast('channel', channel) !== undefined) return undefined
        // Without a version the official writer keeps a primitive only.
        if (!isScalar && !channelVersions.has(channel)) continue
        values.set(channel, this.valueOf(checkpointNs, channel, value))
      }
      return {
        fields: this.fieldsOf(checkpoint),
        metadata: metadataDigests(checkpoint.metadata, this.dialect),
        values,
      }
    } catch (error) {
      if (error instanceof DecodeError || error instanceof EncodeError) return undefined
      throw error
    }
  }

  private fieldsOf({ fields, checkpointId }: Checkpoint): Map<string, Digest> {
    const digests = new Map<string, Digest>()
    for (const [name, value] of fields) digests.set(name, jsonbDigest(value, this.dialect))
    const id = treeValue({ kind: 'text', utf8: Buffer.from(checkpointId) })
    return digests.set('id', jsonbDigest(id, this.dialect))
  }

  private valueOf(checkpointNs: string, channel: string, value: Value): Digest {
    const { bytes, encoding, serdeType } = value
    if (bytes === undefined) return digestOfSource(value)
    const key = `${checkpointNs}\0${channel}`
    const seen = this.last.get(key)
    if (seen?.encoding === encoding && seen.serdeType === serdeType && seen.bytes.equals(bytes)) {
      return seen.digest
    }
    const digest = digestOfSource(value)
    if (seen !== undefined) this.forget(key, seen)
    this.keep(key, { encoding, serdeType, bytes, digest })
    return digest
  }

  /** A copy: the value would keep its whole document in memory. */
  private keep(key: string, seen: Seen): void {
    if (seen.bytes.length > this.budgetBytes / 2) return
    this.last.set(key, { ...seen, bytes: Buffer.from(seen.bytes) })
    this.heldBytes += seen.bytes.length
    for (const [oldest, old] of this.last) {
      if (this.heldBytes <= this.budgetBytes) return
      this.forget(oldest, old)
    }
  }

  private forget(key: string, { bytes }: Seen): void {
    this.last.delete(key)
    this.heldBytes -= bytes.length
  }
}
