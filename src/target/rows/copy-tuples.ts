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
    if (pieces.isWaiting) continue
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

/** Chunks that came and are not consumed; joined only once all of a tuple is there. */
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

  get isWaiting(): boolean {
    if (this.joined.length - this.at + this.waitingBytes < this.wanted) return true
    const rest = this.joined.subarray(this.at)
    if (rest.length === 0 && this.waiting.length === 1) this.joined = this.waiting[0]!
    else this.joined = this.isPassing ? this.inRoom(rest) : Buffer.concat([rest, ...this.waiting])
    this.at = 0
    this.waiting.length = 0
    this.waitingBytes = 0
    return false
  }

  /** What stood there was consumed, but for `rest`. */
  private inRoom(rest: Buffer): Buffer {
    const bytes = rest.length + this.waitingBytes
    const room = bytes <= this.room.length ? this.room : Buffer.allocUnsafeSlow(Math.max(bytes, ROOM_BYTES))
    let to = rest.copy(room)
    for (const chunk of this.waiting) to += chunk.copy(room, to)
    this.room = room
    return room.subarray(0, bytes)
  }

  skip(bytes: number): boolean {
    if (!this.has(bytes)) return false
    this.at += bytes
    return true
  }

  tuple(): Tuple | 'more' | 'end' {
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
}

/** Two chunks of a socket. */
const ROOM_BYTES = 128 * 1024
