/** One buffer that grows while a value is written into it, and is used again for the next one. */
import { EncodeError } from './bytes.js'
import { copyRun } from './copy-run.js'

const FIRST_BYTES = 16 * 1024
/** A larger buffer is given back after the value that needed it, so that one big value does not stay in memory. */
const KEPT_BYTES = 16 * 1024 * 1024
/** Postgres refuses a bytea of 1 GB (`MaxAllocSize`, with its header of four bytes). */
const MAX_BYTES = 0x3fffffff - 4
/** `bytes` may be another buffer after every call of `room`; `length` says how much of it is written. */
export class GrowingBuffer {
  bytes = Buffer.allocUnsafe(FIRST_BYTES)
  length = 0

  constructor(private readonly maxBytes: number = MAX_BYTES) {}

  clear(): void {
    this.length = 0
    if (this.bytes.length > KEPT_BYTES) this.bytes = Buffer.allocUnsafe(FIRST_BYTES)
  }

  /** Makes room for `count` more bytes. Throws `EncodeError` (`too-large`) past the bound. */
  room(count: number): void {
    const wanted = this.length + count
    if (wanted <= this.bytes.length) return
    if (wanted > this.maxBytes) {
      throw new EncodeError(`value of more than ${this.maxBytes} bytes`, 'too-large')
    }
    const larger = Buffer.allocUnsafe(Math.min(Math.max(this.bytes.length * 2, wanted), this.maxBytes))
    this.bytes.copy(larger, 0, 0, this.length)
    this.bytes = larger
  }

  /** Appends a range; room for it must have been made. */
  append(source: Buffer, start: number, end: number): void {
    this.length = copyRun(source, start, end, this.bytes, this.length)
  }

  /** Moves what stands at `from` and after to `to`: a header became longer or shorter than it was reserved. */
  move(from: number, to: number): void {
    if (from === to) return
    if (to > from) this.room(to - from)
    this.bytes.copyWithin(to, from, this.length)
    this.length += to - from
  }
}
