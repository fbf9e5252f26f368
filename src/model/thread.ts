/** The records a layout makes of Redis keys: checkpoints with their channel values, and pending writes. */
import type { Value } from './value.js'

/** The namespace of the root graph. */
export const ROOT_NS = ''
/** LangGraph's task id for writes that belong to no task. */
export const NULL_TASK_ID = '00000000-0000-0000-0000-000000000000'
/** The channel that holds Sends. */
export const TASKS_CHANNEL = '__pregel_tasks'
/** Channels whose write index is fixed (langgraph-checkpoint `WRITES_IDX_MAP`). Without a prototype: a channel may be named `constructor`. */
export const SPECIAL_WRITE_IDX: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  __error__: -1,
  __scheduled__: -2,
  __interrupt__: -3,
  __resume__: -4,
})

/** A channel version as the source has it: a string, or a number (Python int, JavaScript number). Never mixed in one checkpoint. */
export type ChannelVersion = string | number

/** One checkpoint as its source document has it; ids and namespace are LangGraph's own, sentinels resolved. */
export interface Checkpoint {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  /** The saver stores no parents, this checkpoint has one, and the source no longer has it. */
  readonly parentIsLost?: boolean
  /**
   * The checkpoint dict without `id`, `channel_values`, `channel_versions`, `versions_seen`, `pending_sends` and what only the saver added
   * (`type`): `v`, `ts`, `updated_channels` and whatever else is there, in its order.
   */
  readonly fields: ReadonlyMap<string, Value>
  readonly channelVersions: ReadonlyMap<string, ChannelVersion>
  /** node → channel → version it has seen. */
  readonly versionsSeen: ReadonlyMap<string, ReadonlyMap<string, ChannelVersion>>
  /** Only channels that have a value; a null value is a value. */
  readonly channelValues: ReadonlyMap<string, Value>
  /** Sends inside a checkpoint of v < 4; they belong to the parent's writes. */
  readonly pendingSends: readonly Value[]
  /** A map. */
  readonly metadata: Value
  /** True where a missing channel value means "same as in the nearest ancestor with this version" (JS RedisSaver). */
  readonly valuesAreDelta?: boolean
  /**
   * True where no value is given because all are those of an earlier child of the same parent with the same channel versions (JS
   * RedisSaver: `updateState(config, null, '__copy__')`).
   */
  readonly copiesSibling?: boolean
  /** When the saver says it stored it, milliseconds since 1970. */
  readonly storedAtMs?: number
  readonly origin: Origin
}

/**
 * A channel value that is stored apart from the checkpoints of its version (JS RedisSaver since 1.0.10). The saver overwrites it when a
 * fork comes to the same version, so it counts only where no checkpoint is left that had the value.
 */
export interface StoredChannelValue {
  readonly threadId: string
  readonly checkpointNs: string
  readonly channel: string
  /** `String()` of the version in `channel_versions`. */
  readonly version: string
  /** Absent where the channel was. */
  readonly value?: Value
  readonly origin: Origin
}

/** One pending write. `idx` is already the special index where the channel has one. */
export interface PendingWrite {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly taskId: string
  readonly taskPath: string
  readonly idx: number
  readonly channel: string
  readonly value: Value
  /** When the saver says it stored it, milliseconds since 1970. */
  readonly storedAtMs?: number
  /** A shallow saver has put another checkpoint in the place of this write's: the source has it no more, the target may. */
  readonly isReplaced?: true
  readonly origin: Origin
}

/** Where a record was found. */
export interface Origin {
  readonly key: Buffer
  readonly layout: string
}
