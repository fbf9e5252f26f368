/** A place in msgpack bytes: takes headers, sizes and names from it, and says where they stopped making sense. */
import { isUtf8 } from 'node:buffer'
import { DecodeError, type DecodeReason } from '../bytes.js'

/** Longer texts are checked natively; the view that takes costs more than a short loop. */
const LOOP_BYTES = 64

export type MsgpackKind = 'array' | 'map' | 'text' | 'bytes' | 'other'

export class MsgpackCursor {
  at: number

  /** Offsets of errors count from `start`; nothing is read at or past `end`. */
  constructor(
    readonly source: Buffer,
    private readonly start: number,
    public end: number,
  ) {
    this.at = start
  }

  /** Moves past `bytes` bytes and says where they begin. */
  take(bytes: number): number {
    this.require(bytes)
    const start = this.at
    this.at += bytes
    return start
  }

  /** A size that the bytes claim is refused as soon as it is read, not when they run out. */
  require(bytes: number): void {
    if (bytes > this.end - this.at) this.fail('the payload ends inside a value')
  }

  /** An unsigned number of 1, 2 or 4 bytes. */
  uint(bytes: number): number {
    const start = this.take(bytes)
    if (bytes === 1) return this.source[start]!
    return bytes === 2 ? this.source.readUInt16BE(start) : this.source.readUInt32BE(start)
  }

  /** Moves past a text of that length and says where it begins. */
  utf8(length: number): number {
    const start = this.take(length)
    const end = this.at
    const loopEnd = Math.min(end, start + LOOP_BYTES)
    let at = start
    while (at < loopEnd && this.source[at]! < 0x80) at++
    if (at < end && !isUtf8(this.source.subarray(at, end))) {
      this.at = start
      this.fail('text that is not UTF-8')
    }
    return start
  }

  /** What the next value is, without moving. */
  kind(): MsgpackKind {
    if (this.at >= this.end) return 'other'
    const first = this.source[this.at]!
    if ((first & 0xf0) === 0x90 || first === 0xdc || first === 0xdd) return 'array'
    if ((first & 0xf0) === 0x80 || first === 0xde || first === 0xdf) return 'map'
    if ((first & 0xe0) === 0xa0 || (first >= 0xd9 && first <= 0xdb)) return 'text'
    return first >= 0xc4 && first <= 0xc6 ? 'bytes' : 'other'
  }

  /** The size of the array that `kind` saw. */
  arraySize(): number {
    const first = this.uint(1)
    return first < 0xa0 ? first & 0x0f : this.uint(first === 0xdc ? 2 : 4)
  }

  /** The name of a module, class or method; undefined where there is no text of under 256 bytes. */
  name(): string | undefined {
    const first = this.uint(1)
    const isShort = (first & 0xe0) === 0xa0
    if (!isShort && first !== 0xd9) return undefined
    const length = isShort ? first & 0x1f : this.uint(1)
    const start = this.utf8(length)
    return this.source.toString('utf8', start, this.at)
  }

  /**
   * Where the ASCII text begins that the bytes end with, or −1 where it is empty: its header is the last byte from 0x80 up. That a value begins
   * there is for the caller to see, by reading all that stands before it.
   */
  lastTextAt(): number {
    let at = this.end - 1
    while (at > this.at && this.source[at]! < 0x80) at--
    const length = this.end - at
    const first = this.source[at]!
    const isShort = first === 0xa0 + length - 1 && length > 1
    return isShort || (first === 0xd9 && this.source[at + 1] === length - 2 && length > 2) ? at : -1
  }

  fail(message: string, reason?: DecodeReason): never {
    throw new DecodeError(message, this.at - this.start, reason)
  }
}
