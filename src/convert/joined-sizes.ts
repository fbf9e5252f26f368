/** What the official reader joins into one value a checkpoint: all its blobs, and all its writes. Past a size it can read neither. */
import type { BlobRow, KnownBlob } from '../model/rows.js'
import type { ChannelVersion, PendingWrite } from '../model/thread.js'
import { refuse } from './left-out.js'

/**
 * `array_agg` doubles its memory as it grows, and Postgres (13 to 18) gives nothing a whole GB: over 512 MB the reader gets an error
 * instead of the checkpoint.
 */
export const MAX_JOINED_BYTES = 512 * 1024 ** 2
/** Smaller blobs are counted only in the checkpoint that brings them: it takes thousands of them to matter. */
const LARGE_BYTES = 64 * 1024
/** An element of the array: its length, and up to three bytes until the next one. */
const ELEMENT_BYTES = 4 + 3

export class JoinedSizes {
  /** Blobs in the target, or on their way, by namespace, channel and version. */
  private readonly large = new Map<string, number>()
  /** Writes so far of the checkpoint that the last one belongs to. */
  private writes = { of: '', bytes: 0 }

  constructor(
    known: readonly KnownBlob[],
    private readonly maxBytes = MAX_JOINED_BYTES,
  ) {
    for (const blob of known) this.keep(blob, blob.bytes)
  }

  add(row: BlobRow): void {
    this.keep(row, row.blob?.length ?? 0)
  }

  /** Leaves out a checkpoint with these versions, some of whose blobs (channel → bytes) are new. */
  refuseBlobs(
    checkpointNs: string,
    versions: ReadonlyMap<string, ChannelVersion>,
    fresh: ReadonlyMap<string, number>,
  ): void {
    let bytes = 0
    versions.forEach((version, channel) => {
      const blob = fresh.get(channel) ?? this.largeOf(checkpointNs, channel, version)
      if (blob !== undefined) bytes += joined(channel, blob)
    })
    this.refuse(bytes, 'channel values')
  }

  /** Leaves out a write that its checkpoint has no room for. Writes of one checkpoint come one after the other. */
  refuseWrite({ checkpointNs, checkpointId, taskId, channel }: PendingWrite, blobBytes: number): void {
    const of = `${checkpointNs}\0${checkpointId}`
    const before = this.writes.of === of ? this.writes.bytes : 0
    const bytes = before + joined(taskId, 0) + joined(channel, blobBytes)
    this.refuse(bytes, 'writes')
    this.writes = { of, bytes }
  }

  private refuse(bytes: number, what: string): void {
    if (bytes <= this.maxBytes) return
    refuse({ reason: 'too-large', detail: `${what} of ${bytes} bytes together` })
  }

  private largeOf(checkpointNs: string, channel: string, version: ChannelVersion): number | undefined {
    return this.large.size === 0 ? undefined : this.large.get(nameOf(checkpointNs, channel, version))
  }

  private keep({ checkpointNs, channel, version }: Omit<BlobRow, 'blob'> | KnownBlob, bytes: number): void {
    if (bytes >= LARGE_BYTES) this.large.set(nameOf(checkpointNs, channel, version), bytes)
  }
}

/** A name, a type and a blob. */
const joined = (name: string, blobBytes: number): number =>
  Buffer.byteLength(name) + TYPE_BYTES + blobBytes + 3 * ELEMENT_BYTES
const TYPE_BYTES = 'bytearray'.length

const nameOf = (checkpointNs: string, channel: string, version: ChannelVersion): string =>
  `${checkpointNs}\0${channel}\0${version}`
