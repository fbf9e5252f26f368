/** Decodes lz4 frames ("LZ4 Frame Format Description" 1.6.3), blocks linked or not, every checksum verified. */
import { DecodeError } from '../bytes.js'
import { xxh32 } from './xxh32.js'

const MAGIC = 0x184d2204
const SKIPPABLE_MAGIC = 0x184d2a50 // and the fifteen after it
const MIN_MATCH_BYTES = 4
const MAX_BLOCK_BYTES: Readonly<Record<number, number>> = {
  4: 64 * 1024,
  5: 256 * 1024,
  6: 1024 * 1024,
  7: 4 * 1024 * 1024,
}

/**
 * All frames in `bytes`, one after the other. Throws `DecodeError` where bytes are missing, left over or contradict their checksum,
 * and (`too-large`) as soon as the output would pass `maxBytes`, whatever size the frame claims.
 */
export function decodeLz4Frames(bytes: Buffer, maxBytes: number): Buffer {
  const reader = new Lz4Reader(bytes, maxBytes)
  do reader.frame()
  while (reader.hasMore())
  return reader.output()
}

interface FrameHeader {
  readonly blocksAreLinked: boolean
  readonly blockChecksums: boolean
  readonly contentChecksum: boolean
  readonly contentBytes: number | undefined
  readonly maxBlockBytes: number
}

class Lz4Reader {
  private at = 0
  private out: Buffer
  private length = 0

  constructor(
    private readonly input: Buffer,
    private readonly maxBytes: number,
  ) {
    this.out = Buffer.allocUnsafe(Math.min(input.length * 4, maxBytes))
  }

  hasMore(): boolean {
    return this.at < this.input.length
  }

  output(): Buffer {
    return this.out.subarray(0, this.length)
  }

  frame(): void {
    const magic = this.uint32()
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      this.take(this.uint32())
      return
    }
    if (magic !== MAGIC) this.fail('not an lz4 frame')
    const header = this.header()
    const frameStart = this.length
    while (this.block(header, frameStart)) {
      // one after the other, until the end mark
    }
    const frameBytes = this.length - frameStart
    if (header.contentBytes !== undefined && header.contentBytes !== frameBytes) {
      this.fail(`lz4 frame of ${frameBytes} bytes that claims ${header.contentBytes}`)
    }
    if (header.contentChecksum) this.verify(this.uint32(), xxh32(this.out, frameStart, this.length))
  }

  private header(): FrameHeader {
    const start = this.at
    const flags = this.uint8()
    const blockSizes = this.uint8()
    if (flags >> 6 !== 1) this.fail(`lz4 frame of version ${flags >> 6}`)
    const maxBlockBytes = MAX_BLOCK_BYTES[(blockSizes >> 4) & 7]
    if (flags & 0x02 || blockSizes & 0x8f || maxBlockBytes === undefined) {
      this.fail('lz4 frame with unknown flags')
    }
    const contentBytes = flags & 0x08 ? Number(this.input.readBigUInt64LE(this.take(8))) : undefined
    if (contentBytes !== undefined && contentBytes > this.maxBytes) this.tooLarge()
    if (flags & 0x01) this.fail('lz4 frame that needs a dictionary')
    const end = this.at
    this.verify(this.uint8(), (xxh32(this.input, start, end) >> 8) & 0xff)
    return {
      blocksAreLinked: (flags & 0x20) === 0,
      blockChecksums: (flags & 0x10) !== 0,
      contentChecksum: (flags & 0x04) !== 0,
      contentBytes,
      maxBlockBytes,
    }
  }

  /** False at the end mark. */
  private block(header: FrameHeader, frameStart: number): boolean {
    const size = this.uint32()
    if (size === 0) return false
    const bytes = size & 0x7fff_ffff
    if (bytes > header.maxBlockBytes) this.fail('lz4 block over the size its frame allows')
    const start = this.take(bytes)
    const end = this.at
    if (header.blockChecksums) this.verify(this.uint32(), xxh32(this.input, start, end))
    if (size >>> 31 === 1) {
      this.append(start, bytes)
    } else {
      const blockStart = this.length
      const afterBlock = this.at
      this.at = start
      this.sequences(end, header.blocksAreLinked ? frameStart : blockStart, blockStart + header.maxBlockBytes)
      this.at = afterBlock
    }
    return true
  }

  /** Literals and matches in turn; a match reaches back no further than `oldest`. */
  private sequences(end: number, oldest: number, limit: number): void {
    for (;;) {
      if (this.at >= end) this.fail('lz4 block that ends after a match')
      const token = this.uint8()
      const literals = this.length15(token >> 4, end)
      if (literals > end - this.at) this.fail('lz4 block that ends inside its literals')
      this.append(this.take(literals), literals)
      if (this.at === end) break
      if (end - this.at < 2) this.fail('lz4 block that ends inside an offset')
      const offset = this.uint8() | (this.uint8() << 8)
      const match = this.length15(token & 15, end) + MIN_MATCH_BYTES
      if (offset === 0 || offset > this.length - oldest) this.fail('lz4 match before the beginning')
      this.repeat(offset, match)
      if (this.length > limit) this.fail('lz4 block over the size its frame allows')
    }
  }

  /** A length of 15 goes on in the bytes that follow, as long as they are 255. */
  private length15(first: number, end: number): number {
    if (first < 15) return first
    let length = first
    for (;;) {
      if (this.at >= end) this.fail('lz4 block that ends inside a length')
      const more = this.uint8()
      length += more
      if (more < 255) return length
    }
  }

  private append(start: number, count: number): void {
    this.room(count)
    this.input.copy(this.out, this.length, start, start + count)
    this.length += count
  }

  /** Copies from `offset` bytes back; what it copies may be what it has just written. */
  private repeat(offset: number, count: number): void {
    this.room(count)
    const { out } = this
    const from = this.length - offset
    if (offset >= count) {
      out.copyWithin(this.length, from, from + count)
    } else {
      for (let i = 0; i < count; i++) out[this.length + i] = out[from + i]!
    }
    this.length += count
  }

  private room(count: number): void {
    const wanted = this.length + count
    if (wanted <= this.out.length) return
    if (wanted > this.maxBytes) this.tooLarge()
    const larger = Buffer.allocUnsafe(Math.min(Math.max(this.out.length * 2, wanted), this.maxBytes))
    this.out.copy(larger, 0, 0, this.length)
    this.out = larger
  }

  private take(count: number): number {
    if (count > this.input.length - this.at) this.fail('lz4 frame that ends too early')
    const start = this.at
    this.at += count
    return start
  }

  private uint8(): number {
    return this.input[this.take(1)]!
  }
  private uint32(): number {
    return this.input.readUInt32LE(this.take(4))
  }

  private verify(stored: number, computed: number): void {
    if (stored !== computed) this.fail('lz4 checksum does not match')
  }

  private tooLarge(): never {
    throw new DecodeError(`lz4 frame of more than ${this.maxBytes} bytes`, this.at, 'too-large')
  }

  private fail(message: string): never {
    throw new DecodeError(message, this.at)
  }
}
