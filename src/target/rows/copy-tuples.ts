/**
 * Reads the stream of a `COPY … TO STDOUT (FORMAT binary)`, tuple by tuple, in the memory of one tuple and one chunk.
 * Format: PostgreSQL "COPY", binary format (see copy-buffer.ts).
 */
import { COPY_HEADER } from './copy-buffer.js'

/** The fields of a tuple; null where the column is. Views into the stream's chunks. */
export type Tuple = readonly (Buffer | null)[]

/** Every tuple of the stream. Throws where it ends before its trailer. */
export async function* tuplesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Tuple[], void, undefined> {
  const pieces = new Pieces()
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
  /** Bytes that must be there before it is worth looking again. */
  private wanted = 0

  push(chunk: Buffer): void {
    this.waiting.push(chunk)
    this.waitingBytes += chunk.length
  }

  get isWaiting(): boolean {
    if (this.joined.length - this.at + this.waitingBytes < this.wanted) return true
    const rest = this.joined.subarray(this.at)
    this.joined =
      rest.length === 0 && this.waiting.length === 1
        ? this.waiting[0]!
        : Buffer.concat([rest, ...this.waiting])
    this.at = 0
    this.waiting.length = 0
    this.waitingBytes = 0
    return false
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
