/**
 * How small Postgres would store bytes: the sizes that its two compressions come to, counted without making the output. For forecasts:
 * within some percent of `lz4` and `pglz` (Postgres 14 to 18, src/common/pg_lzcompress.c), whose search goes a little further.
 */

const HASH_BITS = 13
const NOWHERE = -1

interface Scheme {
  readonly minMatch: number
  readonly maxMatch: number
  readonly maxDistance: number
  /** Bytes for so many literals followed by a match of this length; a length of 0 ends the input. */
  cost(literals: number, match: number): number
}

/** One token byte a sequence; lengths past their four bits go on in bytes of 255; an offset of two bytes. */
const LZ4: Scheme = {
  minMatch: 4,
  maxMatch: Number.POSITIVE_INFINITY,
  maxDistance: 65_535,
  cost: (literals, match) => 1 + literals + more(literals, 15) + (match === 0 ? 0 : 2 + more(match - 4, 15)),
}
const more = (length: number, base: number): number =>
  length < base ? 0 : 1 + Math.floor((length - base) / 255)

/** One control bit an item; a match takes two bytes, three where it is long. */
const PGLZ: Scheme = {
  minMatch: 3,
  maxMatch: 273,
  maxDistance: 4095,
  cost: (literals, match) => (literals * 9) / 8 + (match === 0 ? 0 : (match > 17 ? 3 : 2) + 1 / 8),
}

/** Postgres keeps bytes as they are unless a quarter is saved with pglz, or anything at all with lz4. */
export function compressedSize(bytes: Buffer, method: 'lz4' | 'pglz'): number {
  const size = Math.ceil(sizeWith(bytes, method === 'lz4' ? LZ4 : PGLZ))
  const isWorthIt = method === 'lz4' ? size < bytes.length : size < bytes.length * 0.75
  return isWorthIt ? size : bytes.length
}

function sizeWith(bytes: Buffer, { minMatch, maxMatch, maxDistance, cost }: Scheme): number {
  const places = new Int32Array(1 << HASH_BITS).fill(NOWHERE)
  const end = bytes.length - minMatch
  let size = 0
  let literalsFrom = 0
  let at = 0
  while (at <= end) {
    const hash = hashAt(bytes, at, minMatch)
    const before = places[hash]!
    places[hash] = at
    if (before === NOWHERE || at - before > maxDistance || !agree(bytes, before, at, minMatch)) {
      at++
      continue
    }
    let length = minMatch
    while (length < maxMatch && at + length < bytes.length && bytes[before + length] === bytes[at + length])
      length++
    size += cost(at - literalsFrom, length)
    // The places inside a match are found again by what follows them.
    for (let inside = at + 1; inside < at + Math.min(length, 16) && inside <= end; inside++)
      places[hashAt(bytes, inside, minMatch)] = inside
    at += length
    literalsFrom = at
  }
  return size + cost(bytes.length - literalsFrom, 0)
}

function hashAt(bytes: Buffer, at: number, minMatch: number): number {
  const fourth = minMatch === 4 ? bytes[at + 3]! << 24 : 0
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | fourth
  return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
}

function agree(bytes: Buffer, a: number, b: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (bytes[a + at] !== bytes[b + at]) return false
  return true
}
