/** A hash table of numbers in flat memory: millions of small entries cost the garbage collector nothing. */

const FIRST_SLOTS = 1024
const MAX_LOAD = 0.6

export class NumberTable {
  /** 0: the slot is free. */
  #hashes = new Float64Array(FIRST_SLOTS)
  readonly #columns: Float64Array[]
  #size = 0

  /** Each entry has a hash (a whole number, not 0) and so many numbers beside it, 0 at first. */
  constructor(columns: number) {
    this.#columns = Array.from({ length: columns }, () => new Float64Array(FIRST_SLOTS))
  }

  get size(): number {
    return this.#size
  }

  /** The slot of a hash, −1 where it is not there. A slot is valid until the next `slotFor` or `keep`. */
  slotOf(hash: number): number {
    const slot = this.#find(hash)
    return this.#hashes[slot] === 0 ? -1 : slot
  }

  /** The slot of a hash, a new one where it was not there. */
  slotFor(hash: number): number {
    let slot = this.#find(hash)
    if (this.#hashes[slot] !== 0) return slot
    if (this.#size + 1 > this.#hashes.length * MAX_LOAD) {
      this.#rebuild(this.#hashes.length * 2, () => true)
      slot = this.#find(hash)
    }
    this.#hashes[slot] = hash
    this.#size++
    return slot
  }

  get(slot: number, column: number): number {
    return this.#columns[column]![slot]!
  }

  set(slot: number, column: number, value: number): void {
    this.#columns[column]![slot] = value
  }

  /** Keeps only the entries that pass, told by their hash and their columns. */
  keep(passes: (hash: number, column: (at: number) => number) => boolean): void {
    this.#rebuild(this.#hashes.length, passes)
  }

  *slots(): Generator<number> {
    for (let slot = 0; slot < this.#hashes.length; slot++) if (this.#hashes[slot] !== 0) yield slot
  }

  #find(hash: number): number {
    const mask = this.#hashes.length - 1
    // The low bits say which threads are kept, so that all of those look alike there.
    let slot = Math.floor(hash / 0x100000) & mask
    while (this.#hashes[slot] !== 0 && this.#hashes[slot] !== hash) slot = (slot + 1) & mask
    return slot
  }

  #rebuild(slots: number, passes: (hash: number, column: (at: number) => number) => boolean): void {
    const hashes = this.#hashes
    const columns = this.#columns.slice()
    this.#hashes = new Float64Array(slots)
    this.#size = 0
    for (let at = 0; at < columns.length; at++) this.#columns[at] = new Float64Array(slots)
    for (let from = 0; from < hashes.length; from++) {
      const hash = hashes[from]!
      if (hash === 0 || !passes(hash, (at) => columns[at]![from]!)) continue
      const to = this.#find(hash)
      this.#hashes[to] = hash
      this.#size++
      for (const [at, column] of columns.entries()) this.#columns[at]![to] = column[from]!
    }
  }
}
