/** Keeps runs of bytes together in larger pieces of memory, which go when nobody holds any of their bytes. */

const KB = 1024
const NO_BYTES = Buffer.alloc(0)

/** Pieces of one size that nobody uses now. There are never many at once, and more are not worth keeping. */
export class SlabPool {
  private readonly idle: Buffer[] = []

  constructor(
    readonly slabBytes: number,
    /** A larger run gets memory of its own. */
    readonly maxSharedBytes: number,
    readonly maxIdle: number,
  ) {}

  take(): Buffer {
    return this.idle.pop() ?? Buffer.allocUnsafeSlow(this.slabBytes)
  }

  giveBack(slab: Buffer): void {
    if (this.idle.length < this.maxIdle) this.idle.push(slab)
  }
}

/** For values and other small runs. */
const SMALL = new SlabPool(128 * KB, 32 * KB, 16)
/** For whole documents, which are given back soon: memory of its own for each would be collected late, and leave holes. */
export const DOCUMENT_SLABS = new SlabPool(1024 * KB, 512 * KB, 8)

export class Slabs {
  private slab: Buffer = NO_BYTES
  private used = 0
  /** What can be given back. */
  private readonly own: Buffer[] = []

  constructor(private readonly pool: SlabPool = SMALL) {}

  /** A copy. */
  keep(bytes: Buffer): Buffer {
    const { pool } = this
    const { length } = bytes
    if (length > pool.maxSharedBytes) return Buffer.from(bytes)
    if (this.used + length > this.slab.length) {
      this.slab = pool.take()
      if (this.own.length < pool.maxIdle) this.own.push(this.slab)
      this.used = 0
    }
    const kept = this.slab.subarray(this.used, this.used + length)
    bytes.copy(kept)
    this.used += length
    return kept
  }

  /** Nobody holds any of the bytes any more: their memory is for the next that keep some. */
  letGo(): void {
    for (const slab of this.own.splice(0)) this.pool.giveBack(slab)
    this.slab = NO_BYTES
    this.used = 0
  }
}
