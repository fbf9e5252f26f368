/** Samples of fixed size from a stream of any length: evenly spread, the same in every run, each item once however often it comes. */

/** 53 bits of a text, evenly spread: two interleaved 32-bit multiplications, mixed as MurmurHash3 does at its end. */
export function hash53(text: string): number {
  let a = 0x9e3779b9
  let b = 0x85ebca6b
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x9e3779b1)
    b = Math.imul(b ^ code, 0x5f356495)
  }
  return mixed(a, b)
}

/** The hash of a text that stands below another. */
export function hashWith(hash: number, text: string): number {
  let a = hash >>> 0
  let b = Math.floor(hash / 4294967296) ^ 0x85ebca6b
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x9e3779b1)
    b = Math.imul(b ^ code, 0x5f356495)
  }
  return mixed(a, b)
}

/** The same of a key, which may be no text. */
export function hashOfKey(key: Buffer): number {
  let a = 0x9e3779b9
  let b = 0x85ebca6b
  for (let at = 0; at < key.length; at++) {
    const byte = key[at]!
    a = Math.imul(a ^ byte, 0x9e3779b1)
    b = Math.imul(b ^ byte, 0x5f356495)
  }
  return mixed(a, b)
}

function mixed(first: number, second: number): number {
  let a = first
  let b = second
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  // Never 0.
  return 4294967296 * (b & 0x1fffff) + (a >>> 0) || 1
}

/** Keeps the items with the smallest hashes. */
export class Samples<T> {
  readonly #size: number
  /** In the order of their hashes. */
  readonly #hashes: number[] = []
  readonly #items: T[] = []

  constructor(size: number) {
    this.#size = size
  }

  /** `make` is called only where the item is kept. */
  add(hash: number, make: () => T): void {
    const last = this.#hashes.length - 1
    if (last + 1 === this.#size && hash >= this.#hashes[last]!) return
    let at = last + 1
    while (at > 0 && this.#hashes[at - 1]! > hash) at--
    if (this.#hashes[at - 1] === hash) return
    this.#hashes.splice(at, 0, hash)
    this.#items.splice(at, 0, make())
    if (this.#hashes.length <= this.#size) return
    this.#hashes.pop()
    this.#items.pop()
  }

  get items(): readonly T[] {
    return this.#items
  }
}
