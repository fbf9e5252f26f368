/** Damage that knows nothing of a format: flipped bits, cuts, pieces that are doubled, dropped or come from elsewhere. */
import type { Random } from './random.js'

/** Bytes that many formats give a meaning to: ends of ranges, quotes, brackets, tags. */
const TELLING = Buffer.from([
  0, 1, 0x7f, 0x80, 0xff, 0x22, 0x5c, 0x7b, 0x5d, 0x2e, 0x28, 0x94, 0xc1, 0xc7, 0xdc, 0xdf,
])

export function damaged(bytes: Buffer, random: Random): Buffer {
  let result = bytes
  for (let times = random.chance(70) ? 1 : 1 + random.below(6); times > 0; times--)
    result = once(result, random)
  return result
}

function once(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const length = 1 + random.below(random.chance(80) ? 4 : 64)
  switch (random.below(7)) {
    case 0: {
      if (at === bytes.length) return bytes
      const copy = Buffer.from(bytes)
      copy[at]! ^= 1 << random.below(8)
      return copy
    }
    case 1: {
      if (at === bytes.length) return bytes
      const copy = Buffer.from(bytes)
      copy[at] = random.chance(50) ? random.pick([...TELLING]) : random.bits()
      return copy
    }
    case 2:
      return bytes.subarray(0, at)
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at)])
    case 5:
      return Buffer.concat([bytes.subarray(0, at), random.buffer(random.below(5)), bytes.subarray(at)])
    default: {
      const from = random.below(bytes.length + 1)
      return Buffer.concat([
        bytes.subarray(0, at),
        bytes.subarray(from, from + length),
        bytes.subarray(at + length),
      ])
    }
  }
}
