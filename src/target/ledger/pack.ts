/** Many keys and digests in one column: packed without loss, a key as what differs from the key before it. */
import { hash } from 'node:crypto'

/**
 * `migrated`: read and moved, or moved by another key. `index`: an index or a pointer, never read. `orphan`: read, and nothing in the
 * target stands for it (a write whose checkpoint is gone). `foreign`: read, and somebody else's, whatever its name says. `skipped`: read,
 * and left out as the user asked.
 */
export type KeyUse = 'migrated' | 'index' | 'orphan' | 'foreign' | 'skipped'

export interface RecordedKey {
  readonly key: Buffer
  readonly use: KeyUse
  /** The first 12 bytes of a SHA-1 over what was read; null for `index`. */
  readonly digest: Buffer | null
}

/** Keys by their bytes as a latin1 string. */
export type RecordedKeys = ReadonlyMap<string, RecordedKey>
export const keyText = (key: Buffer): string => key.toString('latin1')

/** Their places are stored. */
const USES: readonly KeyUse[] = ['migrated', 'index', 'orphan', 'foreign', 'skipped']
const DIGEST_BYTES = 12

/*
 * per key: use (1 byte) · bytes shared with the key before (varint) · bytes that follow (varint) · these · digest, unless index
 */

/** Keys in the order of their bytes. */
export function packKeys(keys: Iterable<RecordedKey>): Buffer {
  const sorted = [...keys].sort((a, b) => a.key.compare(b.key))
  const parts: Buffer[] = []
  let before: Buffer = Buffer.alloc(0)
  for (const { key, use, digest } of sorted) {
    const shared = sharedBytes(before, key)
    const head = Buffer.allocUnsafe(11)
    head[0] = USES.indexOf(use)
    const end = writeVarint(head, writeVarint(head, 1, shared), key.length - shared)
    parts.push(head.subarray(0, end), key.subarray(shared))
    if (use !== 'index') parts.push(digest!)
    before = key
  }
  return Buffer.concat(parts)
}

/** Throws a RangeError when the bytes are not what `packKeys` makes. */
export function* unpackKeys(packed: Buffer): Generator<RecordedKey> {
  let before: Buffer = Buffer.alloc(0)
  for (let at = 0; at < packed.length; ) {
    const use = USES[packed[at]!]
    const shared = readVarint(packed, at + 1)
    const more = readVarint(packed, shared.end)
    const end = more.end + more.value + (use === 'index' ? 0 : DIGEST_BYTES)
    if (use === undefined || end > packed.length)
      throw new RangeError('the ledger holds a damaged list of keys')
    const key = Buffer.concat([
      before.subarray(0, shared.value),
      packed.subarray(more.end, more.end + more.value),
    ])
    yield { key, use, digest: use === 'index' ? null : packed.subarray(end - DIGEST_BYTES, end) }
    before = key
    at = end
  }
}

function sharedBytes(a: Buffer, b: Buffer): number {
  const most = Math.min(a.length, b.length)
  let at = 0
  while (at < most && a[at] === b[at]) at++
  return at
}

function writeVarint(bytes: Buffer, at: number, value: number): number {
  let rest = value
  let end = at
  for (; rest >= 0x80; rest >>>= 7) bytes[end++] = (rest & 0x7f) | 0x80
  bytes[end++] = rest
  return end
}

function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0
  for (let end = at, shift = 0; end < bytes.length && shift < 35; shift += 7) {
    const byte = bytes[end++]!
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return { value: value >>> 0, end }
  }
  throw new RangeError('the ledger holds a damaged list of keys')
}

/** Checkpoint name (`checkpointName`) → digest of its rows, as the 64-bit text that the server gives (row-digests.ts). */
export type RowDigests = ReadonlyMap<string, string>

/** 8 bytes that stand for a checkpoint of a thread, as 16 hexadecimal digits. */
export const checkpointName = (checkpointNs: string, checkpointId: string): string =>
  hash('sha256', `${checkpointNs}\x01${checkpointId}`, 'hex').slice(0, 16)

export function packDigests(digests: RowDigests): Buffer {
  const packed = Buffer.allocUnsafe(digests.size * 16)
  let at = 0
  for (const [name, digest] of digests) {
    packed.write(name, at, 'hex')
    packed.writeBigInt64BE(BigInt(digest), at + 8)
    at += 16
  }
  return packed
}

export function* unpackDigests(packed: Buffer): Generator<readonly [name: string, digest: string]> {
  for (let at = 0; at + 16 <= packed.length; at += 16) {
    yield [packed.toString('hex', at, at + 8), String(packed.readBigInt64BE(at + 8))]
  }
}

/** 8 bytes over one blob row; their sum modulo 2^64 stands for all blob rows of a thread, in whatever order. */
export function blobDigest(row: {
  readonly checkpointNs: string
  readonly channel: string
  readonly version: string
  readonly type: string
  readonly blob: Buffer | null
  /** Of the blob, in hexadecimal digits, where it is known. */
  readonly sha256?: string
}): bigint {
  const content = row.blob === null ? '' : (row.sha256 ?? hash('sha256', row.blob, 'hex'))
  const text = `${row.checkpointNs}\x01${row.channel}\x01${row.version}\x01${row.type}\x01${content}`
  return BigInt.asIntN(64, BigInt(`0x${hash('sha256', text, 'hex').slice(0, 16)}`))
}

export const addDigests = (a: bigint, b: bigint): bigint => BigInt.asIntN(64, a + b)
