/** A map of a few names, in the order they came: looking through them costs less than hashing, and it takes a third of a Map's memory. */

/** More names are found through an index. */
const MAX_LOOKED_THROUGH = 16

/** Members of an object, channels of a checkpoint: nearly always a handful, and a hundred thousand of such maps in a run. */
export class ShortMap<V> implements ReadonlyMap<string, V> {
  /** Name, value, name, value, …; empty behind `used`. */
  private readonly pairs: (string | V)[]
  private used = 0
  private index: Map<string, number> | undefined

  /** Room for as many names; more may come. */
  constructor(expected: number) {
    this.pairs = new Array(2 * Math.min(expected, MAX_LOOKED_THROUGH))
  }

  get size(): number {
    return this.used >> 1
  }

  get(name: string): V | undefined {
    const at = this.find(name)
    return at < 0 ? undefined : (this.pairs[at + 1] as V)
  }

  has(name: string): boolean {
    return this.find(name) >= 0
  }

  /** A name that is there already keeps its place. */
  set(name: string, value: V): this {
    const { pairs } = this
    const at = this.find(name)
    if (at >= 0) {
      pairs[at + 1] = value
      return this
    }
    this.index?.set(name, this.used)
    pairs[this.used++] = name
    pairs[this.used++] = value
    if (this.index === undefined && this.used > 2 * MAX_LOOKED_THROUGH) this.makeIndex()
    return this
  }

  forEach(take: (value: V, name: string, map: ReadonlyMap<string, V>) => void): void {
    const { pairs } = this
    for (let at = 0; at < this.used; at += 2) take(pairs[at + 1] as V, pairs[at] as string, this)
  }

  *entries(): MapIterator<[string, V]> {
    const { pairs } = this
    for (let at = 0; at < this.used; at += 2) yield [pairs[at] as string, pairs[at + 1] as V]
  }

  *keys(): MapIterator<string> {
    const { pairs } = this
    for (let at = 0; at < this.used; at += 2) yield pairs[at] as string
  }

  *values(): MapIterator<V> {
    const { pairs } = this
    for (let at = 0; at < this.used; at += 2) yield pairs[at + 1] as V
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries()
  }

  private find(name: string): number {
    const { pairs, index } = this
    if (index !== undefined) return index.get(name) ?? -1
    for (let at = 0; at < this.used; at += 2) if (pairs[at] === name) return at
    return -1
  }

  private makeIndex(): void {
    const index = new Map<string, number>()
    for (let at = 0; at < this.used; at += 2) index.set(this.pairs[at] as string, at)
    this.index = index
  }
}

/** What each value becomes; the same map where all stay what they are, as nearly always. */
export function eachAs<V>(
  map: ReadonlyMap<string, V>,
  become: (value: V, name: string) => V,
): ReadonlyMap<string, V> {
  let changed: ShortMap<V> | undefined
  map.forEach((value, name) => {
    const now = become(value, name)
    if (now === value) return
    changed ??= copyOf(map)
    changed.set(name, now)
  })
  return changed ?? map
}

function copyOf<V>(map: ReadonlyMap<string, V>): ShortMap<V> {
  const copy = new ShortMap<V>(map.size)
  map.forEach((value, name) => {
    copy.set(name, value)
  })
  return copy
}
