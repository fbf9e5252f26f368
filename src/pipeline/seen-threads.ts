/** Remembers which of very many threads were seen, each with a small number, in about nine bytes a thread. */
import { createHash } from 'node:crypto'

/** Half-full at most, so that a look-up rarely takes a second step. */
const MAX_LOAD = 0.5

export class SeenThreads {
  private hashes = new BigUint64Array(1024)
  private numbers = new Uint8Array(1024)
  private count = 0

  /** Notes a thread with a number below 255; gives the number it had, if it was seen before. */
  note(threadId: string, number: number): number | undefined {
    if (this.count >= this.hashes.length * MAX_LOAD) this.grow()
    const hash = hashOf(threadId)
    const at = this.placeOf(hash)
    const before = this.hashes[at] === 0n ? undefined : this.numbers[at]
    if (before === undefined) {
      this.hashes[at] = hash
      this.count++
    }
    this.numbers[at] = number
    return before
  }

  has(threadId: string): boolean {
    return this.hashes[this.placeOf(hashOf(threadId))] !== 0n
  }

  get size(): number {
    return this.count
  }

  /** Where the hash stands, or would. */
  private placeOf(hash: bigint): number {
    const mask = this.hashes.length - 1
    let at = Number(hash & 0xffffffffn) & mask
    while (this.hashes[at] !== 0n && this.hashes[at] !== hash) at = (at + 1) & mask
    return at
  }

  private grow(): void {
    const { hashes, numbers } = this
    this.hashes = new BigUint64Array(hashes.length * 2)
    this.numbers = new Uint8Array(hashes.length * 2)
    hashes.forEach((hash, from) => {
      if (hash === 0n) return
      const at = this.placeOf(hash)
      this.hashes[at] = hash
      this.numbers[at] = numbers[from]!
    })
  }
}

/** 64 bits: two of a billion threads share one with a chance of one in thirty. Never zero, which stands for an empty place. */
const hashOf = (threadId: string): bigint =>
  createHash('sha1').update(threadId).digest().readBigUInt64BE() || 1n
