/** Msgpack's forms, each value in its smallest one, at the end of a growing buffer; what is in what is the writer's business. */
import { EncodeError } from '../bytes.js'
import { GrowingBuffer } from '../growing-buffer.js'

/** The most that a number, or the header of a text, takes. */
const MAX_HEADER_BYTES = 9

export class MsgpackOutput extends GrowingBuffer {
  byte(value: number): void {
    this.room(1)
    this.put(value)
  }

  int(value: number | bigint): void {
    this.room(MAX_HEADER_BYTES)
    if (typeof value === 'bigint') this.bigint(value)
    else if (value >= 0) this.positive(value)
    else this.negative(value)
  }

  float(value: number): void {
    this.room(MAX_HEADER_BYTES)
    this.put(0xcb)
    this.length = this.bytes.writeDoubleBE(value, this.length)
  }

  /** UTF-8 without lone surrogates. */
  text(source: Buffer, start: number, end: number): void {
    this.room(end - start + MAX_HEADER_BYTES)
    this.textHeader(end - start)
    this.append(source, start, end)
  }

  name(text: string): void {
    const length = Buffer.byteLength(text)
    this.room(length + MAX_HEADER_BYTES)
    this.textHeader(length)
    this.length += this.bytes.write(text, this.length)
  }

  binary(source: Buffer, start: number, end: number): void {
    this.room(end - start + MAX_HEADER_BYTES)
    this.sized(0xc4, end - start)
    this.append(source, start, end)
  }

  /** Appends the header of an array or map. */
  containerHeader(kind: 'array' | 'map', size: number): void {
    const start = this.length
    this.room(MAX_HEADER_BYTES)
    this.length += containerHeaderBytes(size)
    this.rewriteContainerHeader(start, kind, size, size)
  }

  /** Writes another size into the header at `start`, which told `oldSize`; moves what stands behind it where needed. */
  rewriteContainerHeader(start: number, kind: 'array' | 'map', oldSize: number, size: number): void {
    const headerBytes = containerHeaderBytes(size)
    this.move(start + containerHeaderBytes(oldSize), start + headerBytes)
    const isMap = kind === 'map'
    if (headerBytes === 1) {
      this.bytes[start] = (isMap ? 0x80 : 0x90) | size
    } else if (headerBytes === 3) {
      this.bytes[start] = isMap ? 0xde : 0xdc
      this.bytes.writeUInt16BE(size, start + 1)
    } else {
      this.bytes[start] = isMap ? 0xdf : 0xdd
      this.bytes.writeUInt32BE(size, start + 1)
    }
  }

  /** Writes an extension's header at `start` for all that was written from `payloadAt` on, and moves that to it. */
  extHeader(start: number, payloadAt: number, code: number): void {
    const payloadBytes = this.length - payloadAt
    this.move(payloadAt, start + extHeaderBytes(payloadBytes))
    const end = this.length
    this.length = start
    if (hasFixedExt(payloadBytes)) this.put(0xd4 + Math.log2(payloadBytes))
    else this.sized(0xc7, payloadBytes)
    this.put(code)
    this.length = end
  }

  /** Without asking for room. */
  private put(byte: number): void {
    this.bytes[this.length++] = byte
  }

  /** `tag` and one byte, `tag + 1` and two, `tag + 2` and four. */
  private sized(tag: number, value: number): void {
    if (value < 0x100) {
      this.put(tag)
      this.put(value)
    } else if (value < 0x1_0000) {
      this.put(tag + 1)
      this.length = this.bytes.writeUInt16BE(value, this.length)
    } else {
      this.put(tag + 2)
      this.length = this.bytes.writeUInt32BE(value, this.length)
    }
  }

  private textHeader(length: number): void {
    if (length < 32) this.put(0xa0 | length)
    else this.sized(0xd9, length)
  }

  private positive(value: number): void {
    if (value < 0x80) this.put(value)
    else if (value < 0x1_0000_0000) this.sized(0xcc, value)
    else this.int64(0xcf, Math.floor(value / 0x1_0000_0000), value >>> 0)
  }

  private negative(value: number): void {
    if (value >= -0x20) {
      this.put(0x100 + value)
    } else if (value >= -0x80) {
      this.put(0xd0)
      this.put(0x100 + value)
    } else if (value >= -0x8000) {
      this.put(0xd1)
      this.length = this.bytes.writeInt16BE(value, this.length)
    } else if (value >= -0x8000_0000) {
      this.put(0xd2)
      this.length = this.bytes.writeInt32BE(value, this.length)
    } else {
      this.int64(0xd3, Math.floor(value / 0x1_0000_0000), value >>> 0)
    }
  }

  private bigint(value: bigint): void {
    if (value < -(2n ** 63n) || value >= 2n ** 64n) {
      throw new EncodeError('integer over 64 bits', 'integer-too-large')
    }
    if (value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) this.int(Number(value))
    else this.int64(value < 0n ? 0xd3 : 0xcf, Number(value >> 32n), Number(value & 0xffff_ffffn))
  }

  private int64(tag: number, high: number, low: number): void {
    this.put(tag)
    this.length = this.bytes.writeInt32BE(high | 0, this.length)
    this.length = this.bytes.writeUInt32BE(low, this.length)
  }
}

const containerHeaderBytes = (size: number): number => (size < 16 ? 1 : size < 0x1_0000 ? 3 : 5)

/** Payloads of 1, 2, 4, 8 and 16 bytes have a tag of their own. */
const hasFixedExt = (payloadBytes: number): boolean =>
  payloadBytes > 0 && payloadBytes <= 16 && (payloadBytes & (payloadBytes - 1)) === 0

function extHeaderBytes(payloadBytes: number): number {
  if (hasFixedExt(payloadBytes)) return 2
  return payloadBytes < 0x100 ? 3 : payloadBytes < 0x1_0000 ? 4 : 6
}

/** How many items an array has, and where they begin. */
export function arrayHeader(array: Buffer): { readonly count: number; readonly from: number } {
  const first = array[0]!
  if (first === 0xdc) return { count: array.readUInt16BE(1), from: 3 }
  if (first === 0xdd) return { count: array.readUInt32BE(1), from: 5 }
  return { count: first & 0x0f, from: 1 }
}
