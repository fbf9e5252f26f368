/**
 * COPY BINARY tuples for one table in pieces of memory that never move: no object a row, no copy until they are sent.
 * Format: PostgreSQL "COPY", binary format: signature, flags, then per tuple an int16 field count and per field an int32 length
 * (−1 for NULL) and the bytes; −1 as field count ends it.
 */

/** `PGCOPY\n\377\r\n\0`, no flags, no header extension. */
export const COPY_HEADER = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex')
export const COPY_TRAILER = Buffer.from('ffff', 'hex')
/** jsonb's binary form is a version byte before its text. */
const JSONB_VERSION = 1
/** Pieces are sent as they are: small enough that the client library does not hold much of what the socket has not taken. */
const PIECE_BYTES = 256 * 1024
const NO_BYTES = Buffer.alloc(0)

export class CopyBuffer {
  /** Those behind `current` are empty, for later. */
  private readonly pieces: Buffer[] = []
  /** How many bytes stand before a piece. */
  private readonly starts: number[] = []
  private current = -1
  private piece: Buffer = NO_BYTES
  /** Where in the piece the next bytes go. */
  private at = 0
  /** Tuples so far. */
  rows = 0

  get bytes(): number {
    return this.current < 0 ? 0 : this.starts[this.current]! + this.at
  }

  beginRow(fields: number): void {
    this.reserve(2)
    this.at = this.piece.writeInt16BE(fields, this.at)
    this.rows++
  }

  text(value: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.reserve(4 + value.length * 3)
    const written = this.piece.write(value, this.at + 4, 'utf8')
    this.int32(written)
    this.at += written
  }

  bytea(value: Buffer | null): void {
    if (value === null) {
      this.null()
      return
    }
    this.reserve(4)
    this.int32(value.length)
    this.append(value)
  }

  jsonb(text: Buffer): void {
    this.reserve(5)
    this.int32(text.length + 1)
    this.piece[this.at++] = JSONB_VERSION
    this.append(text)
  }

  int4(value: number): void {
    this.reserve(8)
    this.int32(4)
    this.int32(value)
  }

  null(): void {
    this.reserve(4)
    this.int32(-1)
  }

  /** A place to come back to. */
  mark(): CopyMark {
    return { length: this.bytes, rows: this.rows }
  }

  /** Forgets everything after the mark. */
  rewind({ length, rows }: CopyMark): void {
    while (this.current > 0 && this.starts[this.current]! > length) this.current--
    this.piece = this.pieces[this.current] ?? NO_BYTES
    this.at = length - (this.starts[this.current] ?? 0)
    this.rows = rows
  }

  /** The tuples between two marks, in their order; valid until the buffer is used again. */
  between(from: CopyMark, to: CopyMark): Buffer[] {
    const parts: Buffer[] = []
    for (let at = 0; at <= this.current; at++) {
      const start = this.starts[at]!
      const end = at < this.current ? this.starts[at + 1]! : this.bytes
      const first = Math.max(from.length, start)
      const last = Math.min(to.length, end)
      if (first < last) parts.push(this.pieces[at]!.subarray(first - start, last - start))
    }
    return parts
  }

  /** Begins anew with other memory: what is in flight keeps its own. */
  clear(): void {
    this.pieces.length = 0
    this.empty()
  }

  /** Begins anew where nothing is in flight; memory is kept for the next tuples, but not more than `keptBytes`. */
  reuse(keptBytes: number): void {
    let bytes = 0
    const isTooMuch = ({ length }: Buffer) => {
      bytes += length
      return bytes > keptBytes
    }
    const kept = this.pieces.findIndex(isTooMuch)
    if (kept >= 0) this.pieces.length = kept
    this.empty()
  }

  private empty(): void {
    this.current = -1
    this.piece = NO_BYTES
    this.at = 0
    this.rows = 0
  }

  /** A large value goes over as many pieces as it takes. */
  private append(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.at === this.piece.length) this.next(PIECE_BYTES)
      const copied = bytes.copy(this.piece, this.at, from)
      from += copied
      this.at += copied
    }
  }

  /** Room that has been reserved. */
  private int32(value: number): void {
    this.at = this.piece.writeInt32BE(value, this.at)
  }

  /** Room in one piece. */
  private reserve(bytes: number): void {
    if (this.at + bytes > this.piece.length) this.next(bytes)
  }

  private next(bytes: number): void {
    const start = this.bytes
    const { pieces } = this
    const at = ++this.current
    if ((pieces[at]?.length ?? 0) < bytes) pieces[at] = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes))
    this.starts[at] = start
    this.piece = pieces[at]!
    this.at = 0
  }
}

export interface CopyMark {
  readonly length: number
  readonly rows: number
}
export const COPY_START: CopyMark = { length: 0, rows: 0 }
