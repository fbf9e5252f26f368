/** LZF, with which Redis compresses strings in a snapshot (Marc Lehmann's liblzf, without its optional header). */
import { DecodeError } from '../bytes.js'

/** Three bytes stand for 264 at most: a longer result was never compressed by LZF. */
const MOST_PER_BYTE = 88

/** The `length` bytes that `packed` stands for. Throws a `DecodeError` for anything else than exactly so many. */
export function unpackLzf(packed: Buffer, length: number): Buffer {
  if (length > packed.length * MOST_PER_BYTE) {
    throw new DecodeError(`${packed.length} bytes of LZF cannot stand for ${length}`, 0)
  }
  const out = Buffer.allocUnsafeSlow(length)
  let from = 0
  let to = 0
  while (from < packed.length) {
    const begun = from
    const control = packed[from++]!
    if (control < 32) {
      const count = control + 1
      if (from + count > packed.length || to + count > length) throw broken(begun)
      // Most runs are short: a call costs more than a few bytes.
      if (count > 16) packed.copy(out, to, from, from + count)
      else for (let at = 0; at < count; at++) out[to + at] = packed[from + at]!
      from += count
      to += count
      continue
    }
    let count = control >> 5
    if (count === 7) count += packed[from++] ?? 0
    count += 2
    const back = ((control & 31) << 8) + (packed[from++] ?? 0) + 1
    if (from > packed.length || back > to || to + count > length) throw broken(begun)
    // The stretch may reach into what it is just making: then it repeats itself.
    if (back >= count && count > 16) out.copyWithin(to, to - back, to - back + count)
    else for (let at = 0; at < count; at++) out[to + at] = out[to + at - back]!
    to += count
  }
  if (to !== length) throw new DecodeError(`LZF gives ${to} bytes instead of ${length}`, packed.length)
  return out
}

const broken = (at: number): DecodeError => new DecodeError('LZF refers beyond its bounds', at)
