/** The checksum of lz4 frames: xxHash of 32 bits (its specification, "XXH32 algorithm description", seed 0). */

const PRIME_1 = 0x9e3779b1
const PRIME_2 = 0x85ebca77
const PRIME_3 = 0xc2b2ae3d
const PRIME_4 = 0x27d4eb2f
const PRIME_5 = 0x165667b1
const STRIPE_BYTES = 16

export function xxh32(bytes: Buffer, start: number, end: number): number {
  const length = end - start
  let at = start
  let hash: number
  if (length >= STRIPE_BYTES) {
    let a = (PRIME_1 + PRIME_2) | 0
    let b = PRIME_2 | 0
    let c = 0
    let d = -PRIME_1 | 0
    for (; at <= end - STRIPE_BYTES; at += STRIPE_BYTES) {
      a = round(a, bytes.readUInt32LE(at))
      b = round(b, bytes.readUInt32LE(at + 4))
      c = round(c, bytes.readUInt32LE(at + 8))
      d = round(d, bytes.readUInt32LE(at + 12))
    }
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)
  } else {
    hash = PRIME_5
  }
  hash = (hash + length) | 0
  for (; at <= end - 4; at += 4) {
    hash = Math.imul(rotate(hash + Math.imul(bytes.readUInt32LE(at), PRIME_3), 17), PRIME_4)
  }
  for (; at < end; at++) hash = Math.imul(rotate(hash + Math.imul(bytes[at]!, PRIME_5), 11), PRIME_1)
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3)
  return (hash ^ (hash >>> 16)) >>> 0
}

const round = (lane: number, input: number): number =>
  Math.imul(rotate(lane + Math.imul(input, PRIME_2), 13), PRIME_1)

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits))
