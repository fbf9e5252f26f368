/** Which of many threads are verified: a sample that the same seed gives again, or the first few. */
import { createHash } from 'node:crypto'

/** Chooses `size` of `total` threads as they come, each with the same chance; the same choice for the same seed and order. */
export class Sample {
  private readonly random: () => number
  private seen = 0
  private chosen = 0

  constructor(
    private readonly size: number,
    private readonly total: number,
    seed: string,
  ) {
    this.random = randomOf(seed)
  }

  /** To be asked once for every thread. */
  takes(): boolean {
    const isTaken = this.random() * (this.total - this.seen) < this.size - this.chosen
    this.seen++
    if (isTaken) this.chosen++
    return isTaken
  }
}

/** Numbers from 0 up to 1 (mulberry32), the same for the same seed. */
function randomOf(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
