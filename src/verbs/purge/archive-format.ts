/**
 * The archive of purged keys: frames one after another, appended and never changed. Each says how long it is and bears a checksum, so that
 * a file torn by a crash is read up to the tear.
 */
import { crc32 } from 'node:zlib'

/*
 * file    8 bytes "CPMARC01", frames
 * frame   length of kind and body (4 bytes), CRC-32 of kind and body (4 bytes), kind (1 byte), body; numbers are little-endian
 * session JSON: one purge begins
 * thread  JSON: the keys that follow belong to it
 * key     PTTL (8 bytes, −1: none), use (1 byte), digest (12 bytes), length of the key (4 bytes), key, what DUMP gave
 * end     JSON: all keys of the thread are in the archive
 */

export const ARCHIVE_MAGIC = Buffer.from('CPMARC01', 'latin1')
export const FRAME_HEAD_BYTES = 8

const KINDS = ['session', 'thread', 'key', 'end'] as const
export type FrameKind = (typeof KINDS)[number]

export interface ArchiveSession {
  /** ISO 8601. */
  readonly at: string
  /** What the ledger calls the source. */
  readonly sourceName: string
  /** Without user and password. */
  readonly endpoint: string
}

export interface ArchiveThread {
  readonly threadId: string
}

export interface ArchiveEnd {
  readonly keys: number
}

/** A key as it was right before it was deleted. */
export interface ArchivedKey {
  readonly key: Buffer
  readonly use: 'content' | 'index'
  /** See `PurgeDigests`. */
  readonly digest: Buffer
  /** Milliseconds it had left; −1: it had no end. */
  readonly pttlMs: number
  readonly dump: Buffer
}

export interface Frame {
  readonly kind: FrameKind
  readonly body: Buffer
}

export function encodeFrame(kind: FrameKind, body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + 1 + body.length)
  frame.writeUInt32LE(1 + body.length, 0)
  frame[FRAME_HEAD_BYTES] = KINDS.indexOf(kind)
  body.copy(frame, FRAME_HEAD_BYTES + 1)
  frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEAD_BYTES)), 4)
  return frame
}

export const encodeJsonFrame = (
  kind: 'session' | 'thread' | 'end',
  value: ArchiveSession | ArchiveThread | ArchiveEnd,
): Buffer => encodeFrame(kind, Buffer.from(JSON.stringify(value)))

const USES = ['content', 'index'] as const
const KEY_AT = 8 + 1 + 12 + 4

export function encodeKeyFrame({ key, use, digest, pttlMs, dump }: ArchivedKey): Buffer {
  const head = Buffer.allocUnsafe(KEY_AT)
  head.writeBigInt64LE(BigInt(pttlMs), 0)
  head[8] = USES.indexOf(use)
  digest.copy(head, 9)
  head.writeUInt32LE(key.length, 21)
  return encodeFrame('key', Buffer.concat([head, key, dump]))
}

/** How long the frame is whose first bytes these are; its kind where they reach so far. */
export function frameHead(bytes: Buffer): {
  readonly totalBytes: number
  readonly kind: FrameKind | undefined
} {
  return {
    totalBytes: FRAME_HEAD_BYTES + bytes.readUInt32LE(0),
    kind: KINDS[bytes[FRAME_HEAD_BYTES] ?? -1],
  }
}

/** Null where the checksum says that it is damaged. */
export function decodeFrame(bytes: Buffer): Frame | null {
  if (bytes.length <= FRAME_HEAD_BYTES || bytes.length !== frameHead(bytes).totalBytes) return null
  const kind = KINDS[bytes[FRAME_HEAD_BYTES]!]
  if (kind === undefined || crc32(bytes.subarray(FRAME_HEAD_BYTES)) !== bytes.readUInt32LE(4)) return null
  return { kind, body: bytes.subarray(FRAME_HEAD_BYTES + 1) }
}

/** Null where the body is no key. */
export function decodeKey(body: Buffer): ArchivedKey | null {
  const use = USES[body[8] ?? -1]
  if (body.length < KEY_AT || use === undefined) return null
  const keyEnd = KEY_AT + body.readUInt32LE(21)
  if (keyEnd > body.length) return null
  return {
    pttlMs: Number(body.readBigInt64LE(0)),
    use,
    digest: body.subarray(9, 21),
    key: body.subarray(KEY_AT, keyEnd),
    dump: body.subarray(keyEnd),
  }
}
