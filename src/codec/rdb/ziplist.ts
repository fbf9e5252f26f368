/** How Redis before 7 packed small values into one string: ziplists, zipmaps (before 2.6) and, to this day, sets of integers. */
import { DecodeError } from '../bytes.js'
import { decimal } from './strings.js'

const END = 0xff

/** Every item of a ziplist in order, as views of `bytes`; numbers as decimal text (`ziplist.c`). */
export function ziplistItems(bytes: Buffer): Buffer[] {
  return bounded('a ziplist', () => {
    if (bytes.readUInt32LE() !== bytes.length) throw new DecodeError('a ziplist with another length', 0)
    const items: Buffer[] = []
    for (let at = 10; bytes.readUInt8(at) !== END; ) {
      at += bytes[at]! < 0xfe ? 1 : 5 // how long the item before is
      const { item, size } = itemAt(bytes, at)
      items.push(item)
      at += size
    }
    return items
  })
}

function itemAt(bytes: Buffer, at: number): { readonly item: Buffer; readonly size: number } {
  const first = bytes.readUInt8(at)
  const text = (head: number, length: number) => ({
    item: stretch(bytes, at + head, length),
    size: head + length,
  })
  const number = (value: number | bigint, size: number) => ({ item: decimal(value), size })
  switch (first >> 6) {
    case 0:
      return text(1, first)
    case 1:
      return text(2, bytes.readUInt16BE(at) & 0x3fff)
    case 2:
      return text(5, bytes.readUInt32BE(at + 1))
  }
  switch (first) {
    case 0xc0:
      return number(bytes.readInt16LE(at + 1), 3)
    case 0xd0:
      return number(bytes.readInt32LE(at + 1), 5)
    case 0xe0:
      return number(bytes.readBigInt64LE(at + 1), 9)
    case 0xf0:
      return number(bytes.readIntLE(at + 1, 3), 4)
    case 0xfe:
      return number(bytes.readInt8(at + 1), 2)
  }
  // The numbers 0 to 12 stand in the first byte itself.
  if (first > 0xf0 && first < 0xfe) return number((first & 0x0f) - 1, 1)
  throw new DecodeError(`0x${first.toString(16)} begins no item of a ziplist`, at)
}

/** Keys and values of a zipmap in turn (`zipmap.c`). */
export function zipmapItems(bytes: Buffer): Buffer[] {
  return bounded('a zipmap', () => {
    const items: Buffer[] = []
    for (let at = 1; bytes.readUInt8(at) !== END; ) {
      const isValue = items.length % 2 === 1
      const isLong = bytes[at] === 0xfe
      const length = isLong ? bytes.readUInt32LE(at + 1) : bytes[at]!
      at += isLong ? 5 : 1
      const unused = isValue ? bytes.readUInt8(at++) : 0
      items.push(stretch(bytes, at, length))
      at += length + unused
    }
    return items
  })
}

/** The members of a set of integers as decimal text, smallest first (`intset.c`). */
export function intsetMembers(bytes: Buffer): Buffer[] {
  return bounded('a set of integers', () => {
    const width = bytes.readUInt32LE()
    const count = bytes.readUInt32LE(4)
    if (![2, 4, 8].includes(width) || bytes.length !== 8 + count * width) {
      throw new DecodeError('a set of integers with another length', 0)
    }
    return Array.from({ length: count }, (_, index) => {
      const at = 8 + index * width
      return decimal(width === 8 ? bytes.readBigInt64LE(at) : bytes.readIntLE(at, width))
    })
  })
}

function stretch(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new RangeError()
  return bytes.subarray(at, at + length)
}

function bounded<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof RangeError ? new DecodeError(`${what} ends in the middle`, 0) : error
  }
}
