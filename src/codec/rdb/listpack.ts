/** Listpacks: how Redis 7 packs the items of a small list, hash, set or sorted set into one string (`listpack.c`). */
import { DecodeError } from '../bytes.js'
import { decimal } from './strings.js'

const HEADER_BYTES = 6
const END = 0xff

/** Every item in order, as views of `bytes`; numbers as the decimal text that Redis shows. */
export function listpackItems(bytes: Buffer): Buffer[] {
  const items: Buffer[] = []
  let at = HEADER_BYTES
  try {
    if (bytes.readUInt32LE() !== bytes.length) throw new DecodeError('a listpack with another length', 0)
    while (bytes.readUInt8(at) !== END) {
      const { item, size } = itemAt(bytes, at)
      items.push(item)
      at += size + lengthBytes(size)
    }
  } catch (error) {
    throw error instanceof RangeError ? new DecodeError('a listpack ends in the middle', at) : error
  }
  return items
}

/** An item and what stands before the length at its end. */
function itemAt(bytes: Buffer, at: number): { readonly item: Buffer; readonly size: number } {
  const first = bytes.readUInt8(at)
  const text = (head: number, length: number) => {
    if (at + head + length >= bytes.length) throw new RangeError()
    return { item: bytes.subarray(at + head, at + head + length), size: head + length }
  }
  const number = (value: number | bigint, size: number) => ({ item: decimal(value), size })
  if (first < 0x80) return number(first, 1)
  if (first < 0xc0) return text(1, first & 0x3f)
  if (first < 0xe0) {
    const value = ((first & 0x1f) << 8) | bytes.readUInt8(at + 1)
    return number(value < 0x1000 ? value : value - 0x2000, 2)
  }
  if (first < 0xf0) return text(2, ((first & 0x0f) << 8) | bytes.readUInt8(at + 1))
  switch (first) {
    case 0xf0:
      return text(5, bytes.readUInt32LE(at + 1))
    case 0xf1:
      return number(bytes.readInt16LE(at + 1), 3)
    case 0xf2:
      return number(bytes.readIntLE(at + 1, 3), 4)
    case 0xf3:
      return number(bytes.readInt32LE(at + 1), 5)
    case 0xf4:
      return number(bytes.readBigInt64LE(at + 1), 9)
    default:
      throw new DecodeError(`0x${first.toString(16)} begins no item of a listpack`, at)
  }
}

/** An item ends with its own length, in groups of seven bits. */
function lengthBytes(size: number): number {
  if (size <= 127) return 1
  if (size < 16_383) return 2
  if (size < 2_097_151) return 3
  return size < 268_435_455 ? 4 : 5
}
