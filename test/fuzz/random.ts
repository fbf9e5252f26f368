/** Numbers that look random and are the same for the same seed: every payload has a generator of its own, so that it can be made again alone. */

export class Random {
  private a: number
  private b: number
  private c: number
  private d: number

  /** `parts` are numbers and names; the same ones give the same sequence. */
  constructor(...parts: readonly (number | string)[]) {
    let hash = 0x811c9dc5
    for (const part of parts) {
      for (const char of `${part}/`) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193)
    }
    const word = () => {
      hash = (hash + 0x9e3779b9) | 0
      const mixed = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad)
      return Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    }
    this.a = word()
    this.b = word()
    this.c = word()
    this.d = word() | 1
  }

  /** 32 bits (Marsaglia's xorshift128). */
  bits(): number {
    let t = this.d
    const s = this.a
    this.d = this.c
    this.c = this.b
    this.b = s
    t ^= t << 11
    t ^= t >>> 8
    this.a = t ^ s ^ (s >>> 19)
    return this.a >>> 0
  }

  /** From 0 to `count − 1`. */
  below(count: number): number {
    return count <= 1 ? 0 : this.bits() % count
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  buffer(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = this.bits()
    return bytes
  }
}
