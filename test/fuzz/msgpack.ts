/** Msgpack: read by us and by ormsgpack, extensions included; what we write of it must be what we read. */
import { DecodeError, EncodeError } from '../../src/codec/bytes.js'
import { emitMsgpack } from '../../src/codec/msgpack/read.js'
import { MsgpackWriter } from '../../src/codec/msgpack/write.js'
import { damaged } from './blunt.js'
import type { Random } from './random.js'
import { changed, type Dialect, type Shape } from './shape.js'
import { Speller } from './spelled.js'
import { Broken, type Outcome, type Target } from './target.js'

export function msgpackTarget(seeds: readonly Buffer[]): Target {
  const pool = seeds.map(shapeOf)
  return {
    name: 'msgpack',
    peer: 'm',
    payload: (random) => mutated(pool, random),
    read: readMsgpack,
    meant: { theirsAlone: MEANT },
  }
}

/** What we refuse although ormsgpack takes it: it ignores what follows a value, and no writer could have made the others. */
const MEANT =
  /^(more than 1000 containers|\d+ bytes after the end|extension \d .* whose payload has another shape|a map as a key|an object as a key)/

export function mutated(pool: readonly Shape[], random: Random): Buffer {
  const shape = changed(random.pick(pool), pool, MSGPACK, random)
  const bytes = Buffer.concat(bytesOf(shape, random))
  return random.chance(35) ? damaged(bytes, random) : bytes
}

function readMsgpack(payload: Buffer): Outcome {
  const speller = new Speller()
  try {
    emitMsgpack(payload, 0, payload.length, speller)
  } catch (error) {
    if (error instanceof EncodeError) return { state: 'decoded' }
    if (error instanceof DecodeError) return { state: 'refused', reason: error.message }
    throw error
  }
  const spelling = speller.result()
  checkWritten(payload, spelling)
  return { state: 'decoded', spelling }
}

/** What the writer makes of a value, the reader makes the same value of. */
function checkWritten(payload: Buffer, spelling: Buffer): void {
  const writer = WRITER
  writer.reset()
  try {
    emitMsgpack(payload, 0, payload.length, writer)
  } catch (error) {
    if (error instanceof EncodeError) return
    throw error
  }
  const again = new Speller()
  const written = writer.view()
  emitMsgpack(written, 0, written.length, again)
  if (!again.result().equals(spelling))
    throw new Broken(`written as ${written.toString('hex')}, which reads differently`)
}

const WRITER = new MsgpackWriter()

const FIXED_SIZES: Readonly<Record<number, number>> = {
  202: 4, 203: 8, 204: 1, 205: 2, 206: 4, 207: 8, 208: 1, 209: 2, 210: 4, 211: 8,
} // biome-ignore format: a table

/** Takes whole msgpack apart; only for what official writers made. */
export function shapeOf(bytes: Buffer): Shape {
  let at = 0
  const uint = (size: number) => {
    at += size
    return bytes.readUIntBE(at - size, size)
  }
  const items = (count: number) => Array.from({ length: count }, () => value())
  const leaf = (start: number, size: number): Shape => {
    at += size
    return { kind: 'leaf', bytes: bytes.subarray(start, at) }
  }
  const ext = (size: number): Shape => {
    const code = uint(1)
    const inside = bytes.subarray(at, at + size)
    at += size
    return { kind: 'object', code, items: [shapeOf(inside)] }
  }
  const value = (): Shape => {
    const start = at
    const first = uint(1)
    if (first < 0x80 || first >= 0xe0) return leaf(start, 0)
    if (first < 0x90) return { kind: 'map', code: 0, items: items(2 * (first & 15)) }
    if (first < 0xa0) return { kind: 'list', code: 0, items: items(first & 15) }
    if (first < 0xc0) return leaf(start, first & 31)
    if (first < 0xc4) return leaf(start, 0)
    if (first < 0xc7) return leaf(start, uint(1 << (first - 0xc4)))
    if (first < 0xca) return ext(uint(1 << (first - 0xc7)))
    if (first < 0xd4) return leaf(start, FIXED_SIZES[first]!)
    if (first < 0xd9) return ext(1 << (first - 0xd4))
    if (first < 0xdc) return leaf(start, uint(1 << (first - 0xd9)))
    if (first < 0xde) return { kind: 'list', code: 0, items: items(uint(2 << (first - 0xdc))) }
    return { kind: 'map', code: 0, items: items(2 * uint(2 << (first - 0xde))) }
  }
  return value()
}

/** Headers now and then wider than they need to be, or telling another size than there is. */
export function bytesOf(shape: Shape, random: Random): Buffer[] {
  if (shape.kind === 'leaf') return [shape.bytes]
  const inside = shape.items.flatMap((item) => bytesOf(item, random))
  if (shape.kind === 'object') {
    const size = inside.reduce((sum, { length }) => sum + length, 0)
    return [extHeader(told(size, random), shape.code, random), ...inside]
  }
  const isMap = shape.kind === 'map'
  const count = told(isMap ? shape.items.length >> 1 : shape.items.length, random)
  const wide = random.chance(3)
  if (count < 16 && !wide) return [Buffer.from([(isMap ? 0x80 : 0x90) | count]), ...inside]
  const header = Buffer.alloc(5)
  header[0] = isMap ? 0xdf : 0xdd
  header.writeUInt32BE(count, 1)
  if (count > 0xffff || random.chance(50)) return [header, ...inside]
  return [Buffer.from([isMap ? 0xde : 0xdc, count >> 8, count & 0xff]), ...inside]
}

const told = (size: number, random: Random): number => {
  if (!random.chance(1)) return size
  return random.chance(80) ? Math.max(0, size + random.below(3) - 1) : random.bits()
}

function extHeader(size: number, code: number, random: Random): Buffer {
  const fixed = [1, 2, 4, 8, 16].indexOf(size)
  if (fixed >= 0 && !random.chance(5)) return Buffer.from([0xd4 + fixed, code])
  if (size < 0x100 && !random.chance(3)) return Buffer.from([0xc7, size, code])
  const header = Buffer.alloc(6)
  header[0] = 0xc9
  header.writeUInt32BE(size >>> 0, 1)
  header[5] = code
  return header
}

const TEXTS = [
  '',
  'a',
  'id',
  'v',
  'builtins',
  'set',
  'frozenset',
  'model_validate_json',
  'fromisoformat',
  'naïve 🧵',
  'x'.repeat(40),
  '\0',
]

export const MSGPACK: Dialect = {
  leaf(old, random) {
    switch (random.below(9)) {
      case 0:
        return Buffer.from([random.pick([0xc0, 0xc2, 0xc3, 0x00, 0x7f, 0xe0, 0xff])])
      case 1: {
        const number = Buffer.alloc(9)
        number[0] = random.pick([0xcb, 0xcf, 0xd3])
        random.buffer(8).copy(number, 1)
        if (random.chance(40)) number.fill(random.pick([0x00, 0xff, 0x7f, 0x80]), 1 + random.below(4))
        return number
      }
      case 2: {
        const size = random.pick([1, 2, 4])
        const tags = { 1: [0xcc, 0xd0], 2: [0xcd, 0xd1], 4: [0xce, 0xd2, 0xca] }[size as 1]
        return Buffer.concat([Buffer.from([random.pick(tags)]), random.buffer(size)])
      }
      case 3:
      case 4:
        return this.key(random)
      case 5: {
        const content = random.buffer(random.below(20))
        return Buffer.concat([Buffer.from([0xc4, content.length]), content])
      }
      case 6: {
        // The same text or bytes with another content.
        const copy = Buffer.from(old)
        if (copy.length > 1) copy[1 + random.below(copy.length - 1)] = 0x20 + random.below(95)
        return copy
      }
      default:
        return old
    }
  },
  key(random) {
    const text = Buffer.from(random.pick(TEXTS))
    const isLong = text.length > 31 || random.chance(5)
    return Buffer.concat([Buffer.from(isLong ? [0xd9, text.length] : [0xa0 | text.length]), text])
  },
}
