/** Lengths and strings as snapshots write them (`rdbSaveLen`, `rdbSaveRawString` of Redis). */
import { DecodeError } from '../bytes.js'
import type { RdbInput } from './input.js'
import { unpackLzf } from './lzf.js'

/** Ways to write a string that is none of plain bytes; named by negative "lengths". */
const ENCODED = { int8: -1, int16: -2, int32: -3, lzf: -4 } as const

/** A length, or one of `ENCODED`. Beyond 2^53 it is not exact, and longer than any file. */
function lengthOrEncoding(input: RdbInput): number {
  const first = input.uint8()
  switch (first >> 6) {
    case 0:
      return first
    case 1:
      return ((first & 0x3f) << 8) | input.uint8()
    case 2: {
      if (first === 0x80) return input.view(4).readUInt32BE()
      if (first !== 0x81) break
      const bytes = input.view(8)
      return bytes.readUInt32BE() * 2 ** 32 + bytes.readUInt32BE(4)
    }
    default: {
      const encoding = first & 0x3f
      if (encoding <= 3) return -1 - encoding
    }
  }
  throw new DecodeError(`0x${first.toString(16)} begins no length`, input.position - 1)
}

/** A number of things; `readUint64` where every bit counts. */
export function readLength(input: RdbInput): number {
  const length = lengthOrEncoding(input)
  if (length < 0) throw new DecodeError('a string stands where a length should', input.position - 1)
  return length
}

/** The same, exact. */
export function readUint64(input: RdbInput): bigint {
  if (input.peek() !== 0x81) return BigInt(readLength(input))
  input.skip(1)
  return input.view(8).readBigUInt64BE()
}

/** Bytes of its own or a view, valid until the cursor moves on. Numbers come as the decimal text that Redis shows. */
export function readString(input: RdbInput): Buffer {
  const length = lengthOrEncoding(input)
  switch (length) {
    case ENCODED.int8:
      return decimal(input.view(1).readInt8())
    case ENCODED.int16:
      return decimal(input.view(2).readInt16LE())
    case ENCODED.int32:
      return decimal(input.view(4).readInt32LE())
    case ENCODED.lzf: {
      const packed = readLength(input)
      const unpacked = readLength(input)
      return unpackLzf(input.view(packed), unpacked)
    }
    default:
      return input.view(length)
  }
}

/** Passes a string; how many bytes it has when it is read. */
export function skipString(input: RdbInput): number {
  const length = lengthOrEncoding(input)
  switch (length) {
    case ENCODED.int8:
    case ENCODED.int16:
    case ENCODED.int32:
      input.skip(2 ** (-1 - length))
      return 11 // at most: "-2147483648"
    case ENCODED.lzf: {
      const packed = readLength(input)
      const unpacked = readLength(input)
      input.skip(packed)
      return unpacked
    }
    default:
      input.skip(length)
      return length
  }
}

export const decimal = (number: number | bigint): Buffer => Buffer.from(String(number))
