/**
 * What a comparison keeps of one thread in Postgres: versions and digests, never values. So a thread of any size takes the memory of its
 * names, and each blob is decoded once, however many checkpoints share it.
 */
import { DecodeError } from '../../codec/bytes.js'
import { ShortMap } from '../../model/short-map.js'
import type { StoredBlob, StoredCheckpoint, StoredRows, StoredWrite } from '../../model/stored-thread.js'
import type { ChannelVersion } from '../../model/thread.js'
import type { Dialect } from '../converter.js'
import { AS_THEY_ARE, type ValueForms } from './forms.js'
import { GrowingDigests } from './growing.js'
import { jsonbDigest, metadataDigests } from './jsonb.js'
import { type Digest, digestOfStored, storedList } from './values.js'

/** What threads that are read together share; the blobs of a channel come in the order in which they were written. */
export const lastBlobs = (budgetBytes: number, forms = AS_THEY_ARE): GrowingDigests =>
  new GrowingDigests(budgetBytes, (value, before) => storedList(forms.stored(value), before))

/** Stands for what cannot be decoded; equal to no digest. */
export const UNREADABLE = 'unreadable'

export interface ComparedCheckpoint {
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  readonly fields: ReadonlyMap<string, Digest>
  readonly channelVersions: ReadonlyMap<string, ChannelVersion>
  readonly versionsSeen: ReadonlyMap<string, ReadonlyMap<string, ChannelVersion>>
  readonly inlined: ReadonlyMap<string, Digest>
  readonly metadata: ReadonlyMap<string, Digest>
}

export interface ComparedBlob {
  readonly checkpointNs: string
  readonly channel: string
  readonly version: string
  /** Undefined for type `empty`. */
  readonly digest: Digest | undefined
  /** Some checkpoint of the source has this value under it. */
  isMatched: boolean
}

export interface ComparedWrite {
  readonly taskId: string
  readonly taskPath: string
  readonly idx: number
  readonly channel: string
  readonly digest: Digest
  /** The source has it too. */
  isMatched: boolean
}

export class StoredThread implements StoredRows {
  readonly checkpoints = new Map<string, ComparedCheckpoint>()
  readonly blobs = new Map<string, ComparedBlob>()
  /** By checkpoint, then by task and index. */
  readonly writes = new Map<string, Map<string, ComparedWrite>>()
  /** Namespace → newest checkpoint, and the newest of all. */
  readonly newest = new Map<string, string>()
  newestOfAll = ''
  readonly dialect: Dialect

  /** Threads that are read together share what is kept of their last blobs. */
  constructor(
    dialect: Dialect,
    private readonly blobDigests = lastBlobs(0),
    readonly forms: ValueForms = AS_THEY_ARE,
  ) {
    this.dialect = dialect
  }

  get isEmpty(): boolean {
    return this.checkpoints.size + this.blobs.size + this.writes.size === 0
  }

  checkpoint(row: StoredCheckpoint): void {
    const { dialect, forms } = this
    const { checkpointNs, checkpointId } = row
    const fields = new ShortMap<Digest>(row.fields.size)
    row.fields.forEach((value, name) => {
      if (isLeftOver(name, value.bytes)) return
      fields.set(
        name,
        readable(() => jsonbDigest(value, dialect)),
      )
    })
    const inlined = new ShortMap<Digest>(row.inlined.size)
    row.inlined.forEach((value, channel) => {
      inlined.set(
        channel,
        readable(() => digestOfStored(forms.stored(value))),
      )
    })
    if (checkpointId > (this.newest.get(checkpointNs) ?? '')) this.newest.set(checkpointNs, checkpointId)
    if (checkpointId > this.newestOfAll) this.newestOfAll = checkpointId
    this.checkpoints.set(checkpointKey(checkpointNs, checkpointId), {
      checkpointNs,
      checkpointId,
      parentCheckpointId: forms.parent(row),
      fields,
      channelVersions: row.channelVersions,
      versionsSeen: row.versionsSeen,
      inlined,
      metadata: readable(() => metadataDigests(row.metadata, dialect), UNREADABLE_METADATA),
    })
  }

  blob({ threadId, checkpointNs, channel, version, value }: StoredBlob): void {
    const isNone = value === undefined || this.forms.isNone(value)
    const place = `${threadId}\0${checkpointNs}\0${channel}`
    this.blobs.set(blobKey(checkpointNs, channel, version), {
      checkpointNs,
      channel,
      version,
      digest: isNone ? undefined : readable(() => this.blobDigests.of(place, value)),
      isMatched: false,
    })
  }

  write({ checkpointNs, checkpointId, taskId, taskPath, idx, channel, value }: StoredWrite): void {
    const key = checkpointKey(checkpointNs, checkpointId)
    let writes = this.writes.get(key)
    if (writes === undefined) {
      writes = new Map()
      this.writes.set(key, writes)
    }
    const digest = readable(() => digestOfStored(this.forms.stored(value)))
    writes.set(writeKey(taskId, idx), { taskId, taskPath, idx, channel, digest, isMatched: false })
  }

  /** The blob that the official reader joins to a channel of a checkpoint. */
  blobOf({ checkpointNs, channelVersions }: ComparedCheckpoint, channel: string): ComparedBlob | undefined {
    const version = channelVersions.get(channel)
    return version === undefined ? undefined : this.blobs.get(blobKey(checkpointNs, channel, String(version)))
  }

  /** What the official reader gives for a channel. */
  valueOf(checkpoint: ComparedCheckpoint, channel: string): Digest | undefined {
    return this.valueIn(checkpoint, channel, this.blobOf(checkpoint, channel))
  }

  /** With the channel's blob, which wins over what stands in the JSONB. JavaScript's reader looks at blobs only. */
  valueIn(
    checkpoint: ComparedCheckpoint,
    channel: string,
    blob: ComparedBlob | undefined,
  ): Digest | undefined {
    return blob?.digest ?? (this.dialect === 'python' ? checkpoint.inlined.get(channel) : undefined)
  }

  /** Blobs that some checkpoint names. */
  namedBlobs(): ReadonlySet<ComparedBlob> {
    const named = new Set<ComparedBlob>()
    for (const checkpoint of this.checkpoints.values()) {
      for (const channel of checkpoint.channelVersions.keys()) {
        const blob = this.blobOf(checkpoint, channel)
        if (blob !== undefined) named.add(blob)
      }
    }
    return named
  }
}

export const checkpointKey = (checkpointNs: string, checkpointId: string): string =>
  `${checkpointNs}\0${checkpointId}`
export const blobKey = (checkpointNs: string, channel: string, version: string): string =>
  `${checkpointNs}\0${channel}\0${version}`
export const writeKey = (taskId: string, idx: number): string => `${taskId}\0${idx}`

const UNREADABLE_METADATA: ReadonlyMap<string, Digest> = new Map([['', UNREADABLE]])

/** Members that only older savers leave in a row. */
const isLeftOver = (name: string, bytes: Buffer | undefined): boolean =>
  name === 'type' || (name === 'pending_sends' && bytes?.toString('latin1') === '[]')

function readable(read: () => Digest): Digest
function readable<T>(read: () => T, otherwise: T): T
function readable(read: () => unknown, otherwise: unknown = UNREADABLE): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof DecodeError) return otherwise
    throw error
  }
}
