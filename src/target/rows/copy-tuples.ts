/**
 * Reads the stream of a `COPY … TO STDOUT (FORMAT binary)`, tuple by tuple, in the memory of one tuple and one chunk.
 * Format: PostgreSQL "COPY", binary format (see copy-buffer.ts).
 */
import { COPY_HEADER } from './copy-buffer.js'

/** The fields of a tuple; null where the column is. Views into the stream's chunks. */
export type Tuple = readonly (Buffer | null)[]

/**
 * Every tuple of the stream. `isPassing`: they are valid only until the next are asked for, so that their memory is used again. Throws where
 * it ends before its trailer.
 */
export async function* tuplesOf(
  chunks: AsyncIterable<Buffer>,
  { isPassing = false } = {},
): AsyncGenerator<Tuple[], void, undefined> {
  const pieces = new Pieces(isPassing)
  let inHeader = true
  let ended = false
  for await (const chunk of chunks) {
    pieces.push(chunk)
    if (inHeader) {
      if (!pieces.skip(COPY_HEADER.length)) continue
      inHeader = false
    }
    const tuples: Tuple[] = []
    for (;;) {
      const tuple = pieces.tuple()
      if (tuple === 'more') break
      if (tuple === 'end') {
        ended = true
        break
      }
      tuples.push(tuple)
    }
    if (tuples.length > 0) yield tuples
  }
  if (!ended) throw new Error('the stream of rows ended early')
}

/** Chunks that came and are not consumed; of two only the tuple is joined that begins in one and ends in the other. */
class Pieces {
  private joined: Buffer = Buffer.alloc(0)
  private at = 0
  private readonly waiting: Buffer[] = []
  private waitingBytes = 0
  private room: Buffer = Buffer.alloc(0)
  /** Bytes that must be there before it is worth looking again. */
  private wanted = 0

  constructor(private readonly isPassing: boolean) {}

  push(chunk: Buffer): void {
    this.waiting.push(chunk)
    this.waitingBytes += chunk.length
  }

  skip(bytes: number): boolean {
    while (!this.has(bytes)) if (!this.goesOn()) return false
    this.at += bytes
    return true
  }

  tuple(): Tuple | 'more' | 'end' {
    for (;;) {
      const tuple = this.read()
      if (tuple !== 'more' || !this.goesOn()) return tuple
    }
  }

  private read(): Tuple | 'more' | 'end' {
    const { joined, at } = this
    if (!this.has(2)) return 'more'
    const fields = joined.readInt16BE(at)
    if (fields < 0) return 'end'
    const tuple: (Buffer | null)[] = []
    let end = at + 2
    for (let field = 0; field < fields; field++) {
      if (!this.has(end + 4 - at)) return 'more'
      const length = joined.readInt32BE(end)
      end += 4
      if (length < 0) {
        tuple.push(null)
        continue
      }
      if (!this.has(end + length - at)) return 'more'
      tuple.push(joined.subarray(end, end + length))
      end += length
    }
    this.at = end
    return tuple
  }

  /** Whether that many bytes are there; where not, notes how many it takes. */
  private has(bytes: number): boolean {
    this.wanted = bytes
    return this.joined.length - this.at >= bytes
  }

  /** False where what is wanted has not come yet. */
  private goesOn(): boolean {
    const rest = this.joined.subarray(this.at)
    if (rest.length + this.waitingBytes < this.wanted) return false
    if (rest.length === 0) {
      this.joined = this.waiting.shift()!
      this.waitingBytes -= this.joined.length
    } else {
      const parts = [rest, ...this.taken(this.wanted - rest.length)]
      this.joined = this.isPassing ? this.inRoom(parts) : Buffer.concat(parts)
    }
    this.at = 0
    return true
  }

  private taken(bytes: number): Buffer[] {
    const parts: Buffer[] = []
    for (let left = bytes; left > 0; ) {
      const first = this.waiting[0]!
      const part = first.subarray(0, left)
      parts.push(part)
      left -= part.length
      if (part.length < first.length) this.waiting[0] = first.subarray(part.length)
      else this.waiting.shift()
    }
    this.waitingBytes -= bytes
    return parts
  }

  /** What was joined before was consumed, but for what goes on here. */
  private inRoom(parts: readonly Buffer[]): Buffer {
    if (this.wanted > this.room.length) this.room = Buffer.allocUnsafeSlow(Math.max(this.wanted, ROOM_BYTES))
    let to = 0
    for (const part of parts) to += part.copy(this.room, to)
    return this.room.subarray(0, to)
  }
}

/** Two chunks of a socket. */
const ROOM_BYTES = 128 * 1024
