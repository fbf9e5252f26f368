/**
 * One growing buffer of COPY BINARY tuples for one table: no object a row, no copy until it is sent.
 * Format: PostgreSQL "COPY", binary format: signature, flags, then per tuple an int16 field count and per field an int32 length
 * (−1 for NULL) and the bytes; −1 as field count ends it.
 */

/** `PGCOPY\n\377\r\n\0`, no flags, no header extension. */
export const COPY_HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex')
export const COPY_TRAILER = Buffer.from('ffff', 'hex')
/** jsonb's binary form is a version byte before its text. */
const JSONB_VERSION = 1
const FIRST_BYTES = 64 * 1024

export class CopyBuffer {
  private buffer = Buffer.allocUnsafe(FIRST_BYTES)
  private length = 0
  /** Tuples so far. */
  rows = 0

  get bytes(): number {
    return this.length
  }

  beginRow(fields: number): void {
    this.reserve(2)
    this.length = this.buffer.writeInt16BE(fields, this.length)
    this.rows++
  }

  text(value: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.reserve(4 + value.length * 3)
    const written = this.buffer.write(value, this.length + 4, 'utf8')
    this.buffer.writeInt32BE(written, this.length)
    this.length += 4 + written
  }

  bytea(value: Buffer | null): void {
    if (value === null) {
      this.null()
      return
    }
    this.reserve(4 + value.length)
    this.length = this.buffer.writeInt32BE(value.length, this.length)
    this.length += value.copy(this.buffer, this.length)
  }

  jsonb(text: Buffer): void {
    this.reserve(5 + text.length)
    this.length = this.buffer.writeInt32BE(text.length + 1, this.length)
    this.buffer[this.length++] = JSONB_VERSION
    this.length += text.copy(this.buffer, this.length)
  }

  int4(value: number): void {
    this.reserve(8)
    this.length = this.buffer.writeInt32BE(4, this.length)
    this.length = this.buffer.writeInt32BE(value, this.length)
  }

  null(): void {
    this.reserve(4)
    this.length = this.buffer.writeInt32BE(-1, this.length)
  }

  /** A place to come back to. */
  mark(): CopyMark {
    return { length: this.length, rows: this.rows }
  }

  /** Forgets everything after the mark. */
  rewind(mark: CopyMark): void {
    this.length = mark.length
    this.rows = mark.rows
  }

  /** The tuples between two marks; valid until the buffer is cleared. */
  between(from: CopyMark, to: CopyMark): Buffer {
    return this.buffer.subarray(from.length, to.length)
  }

  clear(): void {
    // A buffer that one large value has blown up is given back; what is in flight keeps its own reference.
    this.buffer = Buffer.allocUnsafe(FIRST_BYTES)
    this.empty()
  }

  /** Begins anew where nothing is in flight; memory is kept for the next tuples, unless it is more than `keptBytes`. */
  reuse(keptBytes: number): void {
    if (this.buffer.length > keptBytes) this.clear()
    else this.empty()
  }

  private empty(): void {
    this.length = 0
    this.rows = 0
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length + bytes))
    this.buffer.copy(larger, 0, 0, this.length)
    this.buffer = larger
  }
}

export interface CopyMark {
  readonly length: number
  readonly rows: number
}
export const COPY_START: CopyMark = { length: 0, rows: 0 }
