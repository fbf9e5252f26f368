/** Wrappings round payloads, made by the programs that savers use: taken off whole, refused when damaged. */
import { readFileSync } from 'node:fs'
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import { unwrap, type Wrapping } from '../../../src/codec/wrappers/wrapped.js'
import { xxh32 } from '../../../src/codec/wrappers/xxh32.js'

interface Sample {
  readonly name: string
  readonly wrapping: Wrapping
  /** Lines `line N`, their number and after how many the text repeats; or pseudo-random bytes. */
  readonly lines?: readonly [count: number, every: number]
  readonly noise?: number
  readonly data: string
}

function contentOf({ lines, noise }: Sample): Buffer {
  if (lines !== undefined) {
    return Buffer.from(Array.from({ length: lines[0] }, (_, i) => `line ${i % lines[1]}\n`).join(''))
  }
  let state = 1
  return Buffer.from(
    Array.from({ length: noise ?? 0 }, () => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return (state >> 16) & 255
    }),
  )
}

const samples = readFileSync(new URL('../../../fixtures/codec/wrapped.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Sample)
  .map((sample) => ({
    ...sample,
    bytes: Buffer.from(sample.data, 'base64'),
    content: contentOf(sample),
  }))
const hasZstd = 'zstdDecompressSync' in (await import('node:zlib'))
const readable = samples.filter(({ wrapping }) => wrapping !== 'zstd' || hasZstd)

describe('a wrapping', () => {
  it.each(readable)('comes off: $wrapping, $name', ({ bytes, wrapping, content }) => {
    expect(unwrap(bytes, wrapping).equals(content)).toBe(true)
  })

  it.each(readable)(
    'is refused when cut at any byte or followed by others: $wrapping, $name',
    ({ bytes, wrapping }) => {
      const step = Math.max(1, Math.floor(bytes.length / 300))
      for (let end = 0; end < bytes.length; end += step) {
        expect(() => unwrap(bytes.subarray(0, end), wrapping), `cut at ${end}`).toThrow(DecodeError)
      }
      expect(() => unwrap(Buffer.concat([bytes, Buffer.of(1)]), wrapping)).toThrow(DecodeError)
    },
  )

  it.each(readable)(
    'is refused when it unpacks to more than the bound: $wrapping, $name',
    ({ bytes, wrapping, content }) => {
      if (content.length === 0) return
      expect(() => unwrap(bytes, wrapping, content.length - 1)).toThrow(
        expect.objectContaining({ name: 'DecodeError', reason: 'too-large' }),
      )
      expect(unwrap(bytes, wrapping, content.length).length).toBe(content.length)
    },
  )

  it('of zeros by the gigabyte is refused at the bound, not unpacked first', () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    expect(() => unwrap(bomb, 'gzip', 1000)).toThrow(expect.objectContaining({ reason: 'too-large' }))
  })

  it.runIf(!hasZstd)('of zstd says which Node.js can take it off', () => {
    expect(() => unwrap(Buffer.from('28b52ffd2000010000', 'hex'), 'zstd')).toThrow('needs Node.js 22.15')
  })

  it.each(['bzip2', 'xz'] as const)('of %s is refused by name', (wrapping) => {
    expect(() => unwrap(Buffer.alloc(20), wrapping)).toThrow(`${wrapping} is not supported`)
  })
})

describe('an lz4 frame', () => {
  const lz4 = samples.filter(({ wrapping }) => wrapping === 'lz4')

  it('with a damaged byte is refused or unpacks to another size or text, and never fails in another way', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...lz4),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (sample, place, flip) => {
          const damaged = Buffer.from(sample.bytes)
          damaged[place % damaged.length]! ^= flip
          try {
            unwrap(damaged, 'lz4', 1_000_000)
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('with checksums is refused whatever byte is damaged', () => {
    const { bytes } = lz4.find(({ name }) => name.includes('all checksums'))!
    for (let at = 0; at < bytes.length; at += 7) {
      const damaged = Buffer.from(bytes)
      damaged[at]! ^= 0x10
      expect(() => unwrap(damaged, 'lz4', 1_000_000), `byte ${at}`).toThrow(DecodeError)
    }
  })

  it('may be followed by another, or by one to be skipped', () => {
    const { bytes, content } = lz4[0]!
    const skipped = Buffer.from('5a2a4d1803000000aabbcc', 'hex')
    const all = Buffer.concat([skipped, bytes, skipped, bytes])
    expect(unwrap(all, 'lz4').equals(Buffer.concat([content, content]))).toBe(true)
  })

  it.each<[string, string, string]>([
    ['another format', '1f8b0800', 'not an lz4 frame'],
    [
      'a match before the beginning',
      '04224d18 6040 82 06000000 1061 0200 0061 00000000',
      'before the beginning',
    ],
    ['a block over the size it allows', '04224d18 6040 82 01000100', 'over the size'],
    ['another version', '04224d18 a040 00', 'version 2'],
    ['a wrong header checksum', '04224d18 6040 00', 'checksum'],
  ])('with %s is refused', (_, hex, message) => {
    expect(() => unwrap(Buffer.from(hex.replaceAll(' ', ''), 'hex'), 'lz4')).toThrow(message)
  })

  it('has the checksums of its specification', () => {
    const bytes = Buffer.from('Nobody inspects the spammish repetition')
    expect(xxh32(bytes, 0, bytes.length)).toBe(0xe2293b2f)
    expect(xxh32(bytes, 0, 0)).toBe(0x02cc5d05)
  })
})

describe('bytes as text', () => {
  const bytes = Buffer.from([0, 250, 255, 62, 63, 1, 128])

  it.each<[Wrapping, string]>([
    ['base64', bytes.toString('base64')],
    ['base64', bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')],
    ['base64', `${bytes.toString('base64').slice(0, 8)}\n${bytes.toString('base64').slice(8)}\n`],
    ['hex', bytes.toString('hex')],
    ['hex', bytes.toString('hex').toUpperCase()],
    ['decimal', [...bytes].join(',')],
  ])('are read from %s: %j', (wrapping, text) => {
    expect(unwrap(Buffer.from(text), wrapping)).toEqual(bytes)
  })

  it.each<[Wrapping, string]>([
    ['base64', 'AAA'],
    ['base64', 'A=AA'],
    ['base64', 'AA A'],
    ['base64', 'A+A_'],
    ['base64', 'AAé='],
    ['hex', 'abc'],
    ['hex', 'zz'],
    ['decimal', '1,,2'],
    ['decimal', '256,1'],
    ['decimal', '1, 2'],
    ['decimal', ''],
  ])('are refused where %s has another form: %j', (wrapping, text) => {
    expect(() => unwrap(Buffer.from(text), wrapping)).toThrow(DecodeError)
  })

  it('of any content come back from every form', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (array) => {
        const content = Buffer.from(array)
        expect(unwrap(Buffer.from(content.toString('base64')), 'base64')).toEqual(content)
        expect(unwrap(Buffer.from(content.toString('hex')), 'hex')).toEqual(content)
        expect(unwrap(Buffer.from(content.join()), 'decimal')).toEqual(content)
        expect(unwrap(deflateSync(content), 'zlib')).toEqual(content)
      }),
    )
  })
})
