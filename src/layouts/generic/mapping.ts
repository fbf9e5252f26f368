/** What a layout file says, checked and complete: where the parts of each record stand, and how they are encoded. */
import type { Escaping } from '../keys/key-pattern.js'

export const WRAPPINGS = ['base64', 'hex', 'decimal', 'zlib', 'gzip', 'lz4', 'zstd', 'unwrap'] as const
export const FORMATS = ['json', 'msgpack', 'pickle', 'typed'] as const
/** `unwrap` takes off whatever wrappings it finds; `typed` is LangGraph's serde pair of a tag and bytes. */
export type Codec = (typeof WRAPPINGS)[number] | (typeof FORMATS)[number]

/** Members by their names, items by their numbers. */
export type Path = readonly (string | number)[]

export interface Place {
  /** A hash's field (one step), or the way inside the record's value; none: the record itself. */
  readonly at?: Path | undefined
  /** What is done to the bytes found there, in order. */
  readonly decode?: readonly Codec[] | undefined
  /** Where the tag of a `typed` value stands, or the tag itself; none where tag and bytes are a pair. */
  readonly type?: Place | { readonly is: string } | undefined
  /** The way inside what was decoded. */
  readonly inside?: Path | undefined
}

/** Hash fields that together are one dict, each decoded by itself. */
export interface FieldsPlace {
  readonly fields: readonly string[]
  readonly decode?: readonly Codec[] | undefined
}

export type MappedType = 'string' | 'hash' | 'list' | 'ReJSON-RL'

/** Keys of one kind, and the records in them: one a key, one a field of a hash, one an item of a list. */
export interface RecordMapping {
  readonly key: string
  readonly type: MappedType
  /** Pattern of a hash's fields, where each holds a record of its own. */
  readonly field?: string | undefined
  /** Fields that are none. */
  readonly ignore?: readonly string[] | undefined
  /** Of a record that is a whole value; records that are hashes are decoded place by place. */
  readonly decode?: readonly Codec[] | undefined
  /** Hash fields or members without which a value is another saver's. */
  readonly requires?: readonly string[] | undefined
  /** Where the value itself says whose it is; they beat the key. */
  readonly thread?: Place | undefined
  readonly ns?: Place | undefined
  readonly id?: Place | undefined
}

export interface CheckpointMapping extends RecordMapping {
  readonly checkpoint: Place | FieldsPlace
  /** Channel values in fields of the same hash; the pattern has `{channel}`. */
  readonly channels?: { readonly field: string; readonly decode?: readonly Codec[] | undefined } | undefined
  readonly metadata?: Place | undefined
  /** Undefined: the saver stores none, and parents are found again by the order of ids and steps. */
  readonly parent?: Place | undefined
}

export interface WriteMapping extends RecordMapping {
  /** The way to a list of writes in a record. */
  readonly each?: Path | undefined
  readonly task?: Place | undefined
  readonly taskPath?: Place | undefined
  readonly idx?: Place | undefined
  readonly channel?: Place | undefined
  readonly value: Place
}

export interface BlobMapping extends RecordMapping {
  readonly value: Place
  /** What stands in the place of a value where the channel is empty. */
  readonly absent?: string | undefined
}

export interface Mapping {
  readonly id: string
  readonly title: string
  readonly writtenBy: string
  readonly dialect: 'python' | 'js'
  /** What shows that a checkpoint is one of these, as one phrase. */
  readonly evidence?: string
  readonly escaping?: Escaping | undefined
  /** What an empty namespace looks like in keys; the empty text unless told. */
  readonly emptyNs?: readonly string[] | undefined
  readonly checkpoints: CheckpointMapping
  readonly writes?: WriteMapping | undefined
  readonly blobs?: BlobMapping | undefined
  /** Patterns of keys that hold nothing to migrate. */
  readonly index?: readonly string[] | undefined
}
