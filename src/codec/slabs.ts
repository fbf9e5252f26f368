/** Keeps small runs of bytes together in larger pieces of memory, which go when nobody holds any of their bytes. */

const SLAB_BYTES = 128 * 1024
/** A larger run gets memory of its own. */
const MAX_SHARED_BYTES = 32 * 1024
/** Pieces that nobody uses now. There are never many at once, and more are not worth keeping. */
const IDLE: Buffer[] = []
const MAX_IDLE = 16
const NO_BYTES = Buffer.alloc(0)

export class Slabs {
  private slab: Buffer = NO_BYTES
  private used = 0
  /** What can be given back. */
  private readonly own: Buffer[] = []

  /** A copy. */
  keep(bytes: Buffer): Buffer {
    const { length } = bytes
    if (length > MAX_SHARED_BYTES) return Buffer.from(bytes)
    if (this.used + length > this.slab.length) {
      this.slab = IDLE.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES)
      if (this.own.length < MAX_IDLE) this.own.push(this.slab)
      this.used = 0
    }
    const kept = this.slab.subarray(this.used, this.used + length)
    bytes.copy(kept)
    this.used += length
    return kept
  }

  /** Nobody holds any of the bytes any more: their memory is for the next that keep some. */
  letGo(): void {
    for (const slab of this.own.splice(0)) if (IDLE.length < MAX_IDLE) IDLE.push(slab)
    this.slab = NO_BYTES
    this.used = 0
  }
}
