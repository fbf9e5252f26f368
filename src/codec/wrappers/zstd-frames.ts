/** Walks zstd frames without unpacking them (RFC 8878, section 3.1): Node.js takes what is left of a cut frame for the whole. */
import { DecodeError } from '../bytes.js'

const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50 // and the fifteen after it
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]
const BLOCK_HEADER_BYTES = 3
const REPEATED_BYTE = 1
const CHECKSUM_BYTES = 4

/** Throws `DecodeError` unless the bytes are whole frames, one at least, and nothing else. */
export function requireWholeZstdFrames(bytes: Buffer): void {
  let at = 0
  do at = endOfFrame(bytes, at)
  while (at < bytes.length)
}

function endOfFrame(bytes: Buffer, start: number): number {
  const take = (at: number, count: number): number => {
    if (at + count > bytes.length) throw new DecodeError('zstd frame that ends too early', bytes.length)
    return at + count
  }
  let at = take(start, 4)
  const magic = bytes.readUInt32LE(start)
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
    at = take(at, 4)
    return take(at, bytes.readUInt32LE(at - 4))
  }
  if (magic !== MAGIC) throw new DecodeError('not a zstd frame', start)
  at = take(at, 1)
  const flags = bytes[at - 1]!
  const isSingleSegment = (flags & 0x20) !== 0
  const contentSizeBytes = flags >> 6 === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[flags >> 6]!
  at = take(at, (isSingleSegment ? 0 : 1) + DICTIONARY_ID_BYTES[flags & 3]! + contentSizeBytes)
  for (let isLast = false; !isLast; ) {
    at = take(at, BLOCK_HEADER_BYTES)
    const header = bytes.readUIntLE(at - BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES)
    isLast = (header & 1) === 1
    at = take(at, ((header >> 1) & 3) === REPEATED_BYTE ? 1 : header >> 3)
  }
  return take(at, flags & 4 ? CHECKSUM_BYTES : 0)
}
