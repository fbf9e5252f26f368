/** The checksum at the end of a snapshot and of a DUMP payload: CRC-64 as Redis computes it (Jones' polynomial, reflected). */

const POLYNOMIAL = { high: 0x95ac9329 | 0, low: 0xac4bc9b5 | 0 } as const
/** Bytes taken at once; one table for each. */
const SLICES = 8

/** Halves of 64 bits: what a byte makes of the checksum when `slice` more bytes follow it. At `slice * 256 + byte`. */
const HIGH = new Int32Array(SLICES * 256)
const LOW = new Int32Array(SLICES * 256)
for (let byte = 0; byte < 256; byte++) {
  let high = 0
  let low = byte
  for (let bit = 0; bit < 8; bit++) {
    const carry = low & 1
    low = (low >>> 1) | (high << 31)
    high >>>= 1
    if (carry === 1) {
      high ^= POLYNOMIAL.high
      low ^= POLYNOMIAL.low
    }
  }
  HIGH[byte] = high
  LOW[byte] = low
}
for (let at = 256; at < SLICES * 256; at++) {
  const high = HIGH[at - 256]!
  const low = LOW[at - 256]!
  HIGH[at] = (high >>> 8) ^ HIGH[low & 0xff]!
  LOW[at] = ((low >>> 8) | (high << 24)) ^ LOW[low & 0xff]!
}

export class Crc64 {
  #high = 0
  #low = 0

  update(bytes: Buffer): void {
    let high = this.#high
    let low = this.#low
    let at = 0
    for (const end = bytes.length - (bytes.length % SLICES); at < end; at += SLICES) {
      const first =
        low ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24))
      const second =
        high ^ (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24))
      const a = 1792 + (first & 0xff)
      const b = 1536 + ((first >>> 8) & 0xff)
      const c = 1280 + ((first >>> 16) & 0xff)
      const d = 1024 + (first >>> 24)
      const e = 768 + (second & 0xff)
      const f = 512 + ((second >>> 8) & 0xff)
      const g = 256 + ((second >>> 16) & 0xff)
      const h = second >>> 24
      high = HIGH[a]! ^ HIGH[b]! ^ HIGH[c]! ^ HIGH[d]! ^ HIGH[e]! ^ HIGH[f]! ^ HIGH[g]! ^ HIGH[h]!
      low = LOW[a]! ^ LOW[b]! ^ LOW[c]! ^ LOW[d]! ^ LOW[e]! ^ LOW[f]! ^ LOW[g]! ^ LOW[h]!
    }
    for (; at < bytes.length; at++) {
      const slot = (low ^ bytes[at]!) & 0xff
      low = ((low >>> 8) | (high << 24)) ^ LOW[slot]!
      high = (high >>> 8) ^ HIGH[slot]!
    }
    this.#high = high
    this.#low = low
  }

  /** The checksum of all bytes so far. */
  value(): bigint {
    return (BigInt(this.#high >>> 0) << 32n) | BigInt(this.#low >>> 0)
  }
}
