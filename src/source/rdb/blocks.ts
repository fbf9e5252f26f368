/** Memory for many small stretches of bytes: a block for several of them, because each block of its own costs the collector a visit. */

const BLOCK_BYTES = 64 * 1024
/** Larger stretches get memory of their own: it goes with them. */
const MAX_SHARED_BYTES = BLOCK_BYTES / 8

export class Blocks {
  #block = Buffer.alloc(0)
  #used = 0

  /** Room that nobody else has; what stands in it is of no meaning. */
  take(length: number): Buffer {
    if (length > MAX_SHARED_BYTES) return Buffer.allocUnsafeSlow(length)
    if (this.#used + length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
      this.#used = 0
    }
    this.#used += length
    return this.#block.subarray(this.#used - length, this.#used)
  }
}
