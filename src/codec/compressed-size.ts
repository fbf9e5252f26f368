/**
 * How small Postgres would store bytes: the sizes that its two compressions come to, counted without making the output. For forecasts:
 * within some percent of `lz4` and `pglz` (Postgres 14 to 18, src/common/pg_lzcompress.c).
 */

const HASH_BITS = 13
const NOWHERE = -1

interface Scheme {
  readonly minMatch: number
  readonly maxMatch: number
  readonly maxDistance: number
  /** Earlier places looked at. */
  readonly tries: number
  /** Bytes for so many literals followed by a match of this length; a length of 0 ends the input. */
  cost(literals: number, match: number): number
}

/** One token byte a sequence; lengths past their four bits go on in bytes of 255; an offset of two bytes. */
const LZ4: Scheme = {
  minMatch: 4,
  maxMatch: Number.POSITIVE_INFINITY,
  maxDistance: 65_535,
  tries: 1,
  cost: (literals, match) => 1 + literals + more(literals, 15) + (match === 0 ? 0 : 2 + more(match - 4, 15)),
}
const more = (length: number, base: number): number =>
  length < base ? 0 : 1 + Math.floor((length - base) / 255)

/** One control bit an item; a match takes two bytes, three where it is long. */
const PGLZ: Scheme = {
  minMatch: 3,
  maxMatch: 273,
  maxDistance: 4095,
  tries: 48,
  cost: (literals, match) => (literals * 9) / 8 + (match === 0 ? 0 : (match > 17 ? 3 : 2) + 1 / 8),
}

/** Postgres keeps bytes as they are unless a quarter is saved with pglz, or anything at all with lz4. */
export function compressedSize(bytes: Buffer, method: 'lz4' | 'pglz'): number {
  const size = Math.ceil(sizeWith(bytes, method === 'lz4' ? LZ4 : PGLZ))
  const isWorthIt = method === 'lz4' ? size < bytes.length : size < bytes.length * 0.75
  return isWorthIt ? size : bytes.length
}

function sizeWith(bytes: Buffer, scheme: Scheme): number {
  const { minMatch, cost } = scheme
  const places = new Places(bytes, scheme)
  const end = bytes.length - minMatch
  let size = 0
  let literalsFrom = 0
  let at = 0
  while (at <= end) {
    const length = places.longestMatch(at)
    places.add(at)
    if (length === 0) {
      at++
      continue
    }
    size += cost(at - literalsFrom, length)
    const last = Math.min(at + length - 1, end, at + MAX_NOTED)
    for (let inside = at + 1; inside <= last; inside++) places.add(inside)
    at += length
    literalsFrom = at
  }
  return size + cost(bytes.length - literalsFrom, 0)
}

/** Inside a long run every place looks alike. */
const MAX_NOTED = 64
/** Places before this one are remembered as far as the larger window goes. */
const RING = 65_536

/** Where the same few bytes stood before: the newest place of each hash, and from each place the one before it. */
class Places {
  private readonly newest = new Int32Array(1 << HASH_BITS).fill(NOWHERE)
  private readonly before = new Int32Array(RING)

  constructor(
    private readonly bytes: Buffer,
    private readonly scheme: Scheme,
  ) {}

  add(at: number): void {
    const hash = hashAt(this.bytes, at, this.scheme.minMatch)
    this.before[at % RING] = this.newest[hash]!
    this.newest[hash] = at
  }

  /** 0 where nothing agrees. */
  longestMatch(at: number): number {
    const { bytes, before } = this
    const { minMatch, maxMatch, maxDistance, tries } = this.scheme
    let best = 0
    let place = this.newest[hashAt(bytes, at, minMatch)]!
    const longest = Math.min(maxMatch, bytes.length - at)
    for (let tried = 0; tried < tries && place !== NOWHERE && at - place <= maxDistance; tried++) {
      if (best === 0 || bytes[place + best] === bytes[at + best]) {
        let length = 0
        while (length < longest && bytes[place + length] === bytes[at + length]) length++
        if (length > best) best = length
        if (best === longest) break
      }
      place = before[place % RING]!
    }
    return best >= minMatch ? best : 0
  }
}

function hashAt(bytes: Buffer, at: number, minMatch: number): number {
  const fourth = minMatch === 4 ? bytes[at + 3]! << 24 : 0
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | fourth
  return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
}
