/** Keeps small runs of bytes together in larger pieces of memory, which go when nobody holds any of their bytes. */

const SLAB_BYTES = 128 * 1024
/** A larger run gets memory of its own. */
const MAX_SHARED_BYTES = 32 * 1024

export class Slabs {
  private slab = Buffer.alloc(0)
  private used = 0

  /** A copy. */
  keep(bytes: Buffer): Buffer {
    const { length } = bytes
    if (length > MAX_SHARED_BYTES) return Buffer.from(bytes)
    if (this.used + length > this.slab.length) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.used = 0
    }
    const kept = this.slab.subarray(this.used, this.used + length)
    bytes.copy(kept)
    this.used += length
    return kept
  }
}
