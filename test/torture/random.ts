/** Chance that can be had again: mulberry32, a few lines of public domain arithmetic, good enough to choose moments with. */

export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, but not, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `low` to `high`, both possible. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  /** One of them. */
  of<One>(these: readonly One[]): One {
    const one = these[this.between(0, these.length - 1)]
    if (one === undefined) throw new Error('nothing to choose from')
    return one
  }

  /** A chance of its own for a part of the work: what that part draws moves nothing else. */
  fork(): Chance {
    return new Chance(this.between(0, 2 ** 32 - 1))
  }
}
