/** What a saver whose ids stand in its keys puts into its values: the port between the formats and the one reader of their threads. */
import type { RedisValue } from '../../model/redis-value.js'
import type { ChannelVersion } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import type { ClaimedKey } from '../layout.js'
import type { CheckpointDict } from '../stored-checkpoint.js'

/** A checkpoint as one key's value has it. */
export interface StoredCheckpoint {
  readonly dict: CheckpointDict
  readonly metadata: Value
  /** There is none: `metadata` is empty. */
  readonly lacksMetadata?: boolean
  /** Empty or null: none. Undefined: the saver lost it, and `step` helps to find it again. */
  readonly parentId: string | null | undefined
  /** `metadata.step`. */
  readonly step?: number | undefined
  /** What the value itself says of whose it is, where it does. */
  readonly threadId?: string | undefined
  readonly checkpointNs?: string | undefined
  /** What tells several histories of one thread apart that only this saver keeps apart. */
  readonly owner?: string | undefined
  /** Says less than `threadId`: metadata that an app fills too, believed only where the key leaves the thread open. */
  readonly hintedThreadId?: string | undefined
}

export interface StoredWrite {
  readonly taskId: string
  readonly taskPath?: string
  /** As stored: a position, or the special index of its channel. */
  readonly idx: number
  readonly channel: string
  readonly value: Value
}
/** Reads one write; undefined where it holds no value. Throws `DecodeError`, which leaves out no other write of the same key. */
export type ReadWrite = () => StoredWrite | undefined

/** A channel's value in a key of its own. */
export interface StoredBlob {
  /** By which a checkpoint asks for it. */
  readonly name: string
  /** Undefined where the channel was empty. */
  readonly value: Value | undefined
  /** All blobs of lower versions have come before it; undefined where their order tells nothing. */
  readonly version?: number
}

export interface KeyedForm {
  /** Id of the layout that writes it. */
  readonly layout: string
  /** Keys end in the checkpoint's `ts`, and parents may be named by theirs. */
  readonly keysHoldTime?: true
  /** What shows that a value is of this form; undefined where it is not. Looks at no more than it must, never throws. */
  evidence(key: ClaimedKey, value: RedisValue): string | undefined
  /** Whether a write that does not show this form is of it all the same, because its checkpoint is. */
  isOwnWrite?(value: RedisValue): boolean
  /** Of a key whose value shows this form. Throws `DecodeError`. */
  checkpoint(key: ClaimedKey, value: RedisValue): StoredCheckpoint
  /** In the order in which they were written. Throws `DecodeError`. */
  writes(key: ClaimedKey, value: RedisValue): readonly ReadWrite[]
  /** Where channel values are kept apart from the checkpoints. */
  readonly blobs?: BlobForm
}

export interface BlobForm {
  /** Throws `DecodeError` only where it cannot be told whose value it is. */
  read(key: ClaimedKey, value: RedisValue): StoredBlob
  /** The name of the blob that holds a channel's value. */
  nameOf(checkpointNs: string, channel: string, version: ChannelVersion): string
  /** Empty channels have a blob too, so one that is missing was lost. And a fork counts the same versions again: it replaces values. */
  readonly oneOfEachVersion: boolean
}
