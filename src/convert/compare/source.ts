/** A checkpoint of the source as digests. */
import { DecodeError, EncodeError } from '../../codec/bytes.js'
import { ShortMap } from '../../model/short-map.js'
import type { Checkpoint } from '../../model/thread.js'
import type { Dialect } from '../converter.js'
import { isShortKey, misfitOfCast, misfitOfKey } from '../limits.js'
import { staysInline, topLevelOf } from '../top-level.js'
import type { ValueForms } from './forms.js'
import { GrowingDigests } from './growing.js'
import { idDigest, jsonbDigest, metadataDigests } from './jsonb.js'
import { type Digest, sourceList } from './values.js'

export interface CheckpointDigests {
  readonly fields: ReadonlyMap<string, Digest>
  readonly metadata: ReadonlyMap<string, Digest>
  /** Channels whose value Postgres has to have. */
  readonly values: ReadonlyMap<string, Digest>
}

export class SourceDigests {
  private readonly growing: GrowingDigests

  /** `budgetBytes` bounds the copies kept to compare with. */
  constructor(
    private readonly dialect: Dialect,
    budgetBytes: number,
    forms: ValueForms,
  ) {
    this.growing = new GrowingDigests(budgetBytes, (value, before) => sourceList(forms.source(value), before))
  }

  /** Undefined where the checkpoint cannot be read, or not be stored by the official saver. */
  of(checkpoint: Checkpoint): CheckpointDigests | undefined {
    const { checkpointNs, checkpointId, channelVersions, channelValues, threadId } = checkpoint
    const isFitting =
      isShortKey(threadId, checkpointNs, checkpointId) ||
      misfitOfKey({ threadId, checkpointNs, checkpointId }) === undefined
    if (!isFitting) return undefined
    const values = new ShortMap<Digest>(channelValues.size)
    try {
      for (const [channel, value] of channelValues) {
        const isScalar = this.dialect === 'python' && staysInline(topLevelOf(value))
        if (!isScalar && misfitOfCast('channel', channel) !== undefined) return undefined
        // Without a version the official writer keeps a primitive only.
        if (!isScalar && !channelVersions.has(channel)) continue
        values.set(channel, this.growing.of(`${checkpointNs}\0${channel}`, value))
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

  /** No more checkpoints come. */
  release(): void {
    this.growing.release()
  }

  private fieldsOf({ fields, checkpointId }: Checkpoint): ReadonlyMap<string, Digest> {
    const digests = new ShortMap<Digest>(fields.size + 1)
    fields.forEach((value, name) => {
      digests.set(name, jsonbDigest(value, this.dialect))
    })
    return digests.set('id', idDigest(checkpointId))
  }
}
