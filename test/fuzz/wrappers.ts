/** Wrappings: compressions and ways to write bytes as text, made and damaged here, unpacked by us and by Python. */
import * as zlib from 'node:zlib'
import { DecodeError } from '../../src/codec/bytes.js'
import { unwrap, type Wrapping } from '../../src/codec/wrappers/wrapped.js'
import { xxh32 } from '../../src/codec/wrappers/xxh32.js'
import { damaged } from './blunt.js'
import type { Random } from './random.js'
import { Speller } from './spelled.js'
import { Broken, type Outcome, type Target } from './target.js'

const KINDS = [
  'zlib',
  'gzip',
  'lz4',
  'base64',
  'hex',
  'decimal',
  'zstd',
] as const satisfies readonly Wrapping[]
type Kind = (typeof KINDS)[number]
/** What comes out of a payload of some hundred bytes; a bomb is refused when it passes this. */
const MAX_BYTES = 1 << 20

/** `zstd` is only read where Node.js can, and Python has no reader for it before 3.14. */
export function wrapperTargets(seeds: readonly Buffer[]): Target[] {
  return KINDS.filter((kind) => kind !== 'zstd' || 'zstdDecompressSync' in zlib).map((kind): Target => {
    const head = Buffer.from(`${kind}\0`)
    return {
      name: `wrapped:${kind}`,
      ...(kind === 'zstd' ? {} : { peer: 'w' }),
      payload: (random) => Buffer.concat([head, wrapped(kind, content(seeds, random), random)]),
      read: (payload) => readWrapped(payload, kind, head.length),
      meant: MEANT[kind] ?? {},
    }
  })
}

/** Python takes what no writer makes: white space in hex, text behind the padding of base64, zeros behind a gzip member. */
const MEANT: Partial<Record<Kind, NonNullable<Target['meant']>>> = {
  gzip: {
    theirsAlone: /bytes after the end|incorrect header check|unexpected end of file|unknown header flags/,
  },
  base64: { theirsAlone: /^not base64/ },
  hex: {},
  lz4: { theirsAlone: /^lz4 (frame|block) of more than/ },
  zlib: { theirsAlone: /^zlib data of more than/ },
}

function readWrapped(payload: Buffer, kind: Kind, from: number): Outcome {
  if (payload.length < from) return { state: 'refused', reason: 'no payload' }
  let bytes: Buffer
  try {
    bytes = unwrap(payload.subarray(from), kind, MAX_BYTES)
  } catch (error) {
    if (error instanceof DecodeError) return { state: 'refused', reason: error.message }
    throw error
  }
  if (bytes.length > MAX_BYTES)
    throw new Broken(`${bytes.length} bytes came out where ${MAX_BYTES} are allowed`)
  const speller = new Speller()
  speller.bytes(bytes, 0, bytes.length)
  return { state: 'decoded', spelling: speller.result() }
}

function content(seeds: readonly Buffer[], random: Random): Buffer {
  const seed = random.pick(seeds)
  const start = random.below(seed.length)
  const piece = seed.subarray(start, start + random.below(600))
  // Repeats are what compressions and their matches are about.
  return random.chance(30) ? Buffer.concat(Array.from({ length: 1 + random.below(20) }, () => piece)) : piece
}

function wrapped(kind: Kind, bytes: Buffer, random: Random): Buffer {
  const whole = WRAP[kind](bytes, random)
  return random.chance(40) ? damaged(whole, random) : whole
}

const level = (random: Random) => ({ level: random.below(3) })
const WRAP: Readonly<Record<Kind, (bytes: Buffer, random: Random) => Buffer>> = {
  zlib: (bytes, random) => zlib.deflateSync(bytes, level(random)),
  gzip: (bytes, random) => {
    const member = zlib.gzipSync(bytes, level(random))
    return random.chance(10) ? Buffer.concat([member, member]) : member
  },
  base64: (bytes, random) => {
    const text = bytes.toString(random.chance(15) ? 'base64url' : 'base64')
    return Buffer.from(random.chance(15) ? text.replaceAll(/.{40}/g, '$&\n') : text)
  },
  hex: (bytes, random) => {
    const text = bytes.toString('hex')
    return Buffer.from(random.chance(20) ? text.toUpperCase() : text)
  },
  decimal: (bytes) => Buffer.from([...bytes].join(',')),
  lz4: (bytes, random) => {
    const frames = Array.from({ length: random.chance(8) ? 2 : 1 }, () => lz4Frame(bytes, random))
    return Buffer.concat(frames)
  },
  zstd: (bytes, random) => zstdFrame(bytes, random),
}

/** A frame with every field now and then wrong, its checksums then right all the same. */
function lz4Frame(bytes: Buffer, random: Random): Buffer {
  const [linked, blockSums, size, contentSum] = [0, 1, 2, 3].map(() => random.chance(50))
  const flags = 0x40 | (linked ? 0 : 0x20) | (blockSums ? 0x10 : 0) | (size ? 8 : 0) | (contentSum ? 4 : 0)
  const odd = random.chance(4) ? 1 << random.below(8) : 0
  const header: Buffer[] = [Buffer.from([flags ^ odd, random.chance(3) ? random.bits() & 0xff : 0x40])]
  if (size) header.push(uint(bytes.length + (random.chance(3) ? 1 : 0), 8))
  const descriptor = Buffer.concat(header)
  const parts = [
    uint(0x184d2204, 4),
    descriptor,
    Buffer.from([(xxh32(descriptor, 0, descriptor.length) >> 8) & 0xff]),
  ]
  const step = 1 + random.below(400)
  for (let at = 0; at < bytes.length; at += step) {
    const piece = bytes.subarray(at, at + step)
    const isPlain = random.chance(30)
    const block = isPlain ? piece : lz4Block(piece, random)
    parts.push(uint((isPlain ? 0x80000000 : 0) + block.length, 4), block)
    if (blockSums) parts.push(uint(xxh32(block, 0, block.length) >>> 0, 4))
  }
  parts.push(uint(0, 4))
  if (contentSum) parts.push(uint(xxh32(bytes, 0, bytes.length) >>> 0, 4))
  return Buffer.concat(parts)
}

/** Sequences of literals and matches, the longest that a simple search finds. */
function lz4Block(bytes: Buffer, random: Random): Buffer {
  const parts: Buffer[] = []
  let literalsAt = 0
  for (let at = 4; at < bytes.length - 8; at++) {
    const from = bytes.lastIndexOf(bytes.subarray(at, at + 4), at - 1)
    if (from < 0) continue
    let length = 4
    while (at + length < bytes.length - 5 && bytes[from + length] === bytes[at + length]) length++
    const offset = at - from + (random.chance(1) ? 1 : 0)
    parts.push(sequence(bytes.subarray(literalsAt, at), offset, length - 4))
    at += length - 1
    literalsAt = at + 1
  }
  const rest = bytes.subarray(literalsAt)
  return Buffer.concat([...parts, token(rest.length, 0), more(rest.length), rest])
}

const sequence = (literals: Buffer, offset: number, match: number): Buffer =>
  Buffer.concat([
    token(literals.length, match),
    more(literals.length),
    literals,
    uint(offset, 2),
    more(match),
  ])
const token = (literals: number, match: number): Buffer =>
  Buffer.from([(Math.min(literals, 15) << 4) | Math.min(match, 15)])
const more = (length: number): Buffer =>
  length < 15
    ? Buffer.alloc(0)
    : Buffer.from([...Array(Math.floor((length - 15) / 255)).fill(255), (length - 15) % 255])

/** Raw and run-length blocks, which need no entropy coding. */
function zstdFrame(bytes: Buffer, random: Random): Buffer {
  const parts: Buffer[] = [uint(0xfd2fb528, 4), Buffer.from([0xa0]), uint(bytes.length, 4)]
  const step = 1 + random.below(400)
  for (let at = 0; at < bytes.length; at += step) {
    const piece = bytes.subarray(at, at + step)
    const isLast = at + step >= bytes.length ? 1 : 0
    const isRun = piece.every((byte) => byte === piece[0])
    parts.push(uint((piece.length << 3) | (isRun ? 2 : 0) | isLast, 3), isRun ? piece.subarray(0, 1) : piece)
  }
  if (bytes.length === 0) parts.push(uint(1, 3))
  return Buffer.concat(parts)
}

function uint(value: number, size: 2 | 3 | 4 | 8): Buffer {
  const bytes = Buffer.alloc(size)
  if (size === 8) bytes.writeBigUInt64LE(BigInt(value))
  else bytes.writeUIntLE(value % 2 ** (8 * size), 0, size)
  return bytes
}
