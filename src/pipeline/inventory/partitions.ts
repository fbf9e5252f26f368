/** Records in 256 parts by hash of their thread: in memory up to a budget, beyond it in a file, so that one part at a time is enough. */

import type { Extent, SpillFile } from '../../source/spill-file.js'
import { MAX_VARINT_BYTES, writeVarint } from './record.js'

const PARTS = 256
/** Bytes of a part's first piece of memory and of its largest. */
const PIECE = { first: 512, largest: 16 * 1024 } as const

/** Levels of parts inside parts that 32 bits of hash allow. */
export const MAX_LEVELS = 4

export class Partitions {
  readonly #memory = new Memory()
  readonly #parts = Array.from({ length: PARTS }, () => new Part(this.#memory))
  readonly #shift: number

  /** `level` 0 divides by the highest 8 bits of the hash, level 1 by the next, … */
  constructor(readonly level: number) {
    this.#shift = 24 - 8 * level
  }

  /** What the records in memory take. */
  get memoryBytes(): number {
    return this.#memory.bytes
  }

  add(hash: number, record: Buffer): void {
    this.#parts[(hash >>> this.#shift) & (PARTS - 1)]!.add(record)
  }

  /** Moves everything from memory to the file. */
  async spill(file: SpillFile): Promise<void> {
    for (const part of this.#parts) await part.spill(file)
  }

  /** Gives back the memory that spilling has emptied. */
  freeMemory(): void {
    this.#memory.free()
  }

  /** In the order of their hashes. */
  parts(): readonly Part[] {
    return this.#parts
  }
}

/** Pieces of memory. Emptied ones are used again: the garbage collector is in no hurry to free what lies outside its heap. */
class Memory {
  /** What is in use. */
  bytes = 0
  #empty: Buffer[] = []

  take(size: number): Buffer {
    const piece = (size === PIECE.largest ? this.#empty.pop() : undefined) ?? Buffer.allocUnsafeSlow(size)
    this.bytes += piece.length
    return piece
  }

  giveBack(piece: Buffer): void {
    this.bytes -= piece.length
    if (piece.length === PIECE.largest) this.#empty.push(piece)
  }

  free(): void {
    this.#empty = []
  }
}

interface Piece {
  readonly memory: Buffer
  used: number
}

/** The records of one part, in the order they came. */
export class Part {
  readonly #memory: Memory
  #extents: Extent[] = []
  #pieces: Piece[] = []
  /** Bytes of its records, wherever they are. */
  bytes = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  add(record: Buffer): void {
    const needed = record.length + MAX_VARINT_BYTES
    let piece = this.#pieces.at(-1)
    if (piece === undefined || piece.memory.length - piece.used < needed) {
      const first = this.#extents.length === 0 ? PIECE.first : PIECE.largest
      const size = piece === undefined ? first : Math.min(piece.memory.length * 2, PIECE.largest)
      piece = { memory: this.#memory.take(Math.max(size, needed)), used: 0 }
      this.#pieces.push(piece)
    }
    const { memory, used } = piece
    const at = writeVarint(memory, used, record.length)
    piece.used = at + record.copy(memory, at)
    this.bytes += piece.used - used
  }

  async spill(file: SpillFile): Promise<void> {
    if (this.#pieces.length === 0) return
    this.#extents.push(await file.append(this.#pieces.map(recordsOf)))
    for (const { memory } of this.#pieces) this.#memory.giveBack(memory)
    this.#pieces = []
  }

  /** Its memory piece by piece, for `recordsIn`: to wait for each record would cost more than the record. */
  async *pieces(file: SpillFile | null): AsyncGenerator<Buffer> {
    for (const extent of this.#extents) if (file !== null) yield await file.read(extent)
    for (const piece of this.#pieces) yield recordsOf(piece)
  }

  /** Its records are no longer needed. What is in the file stays there until the file goes. */
  forget(): void {
    this.#extents = []
    this.#pieces = []
    this.bytes = 0
  }
}

const recordsOf = ({ memory, used }: Piece): Buffer => memory.subarray(0, used)

/** 32 bits of a thread id, evenly spread: FNV-1a with the last mixing steps of MurmurHash3. */
export function hashOf(threadId: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < threadId.length; at++) hash = Math.imul(hash ^ threadId.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
