/** Payloads without a type tag, told apart by their bytes. */
import { readFileSync } from 'node:fs'
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type PayloadEncoding, sniff, unwrapAll } from '../../../src/codec/wrappers/sniff.js'
import type { Wrapping } from '../../../src/codec/wrappers/wrapped.js'

/** `pickle.dumps({'a': [1, 2]})` of CPython 3.11, protocols 0 to 5. */
const PICKLES = [
  'KGRwMApWYQpwMQoobHAyCkkxCmFJMgphcy4=',
  'fXEAWAEAAABhcQFdcQIoSwFLAmVzLg==',
  'gAJ9cQBYAQAAAGFxAV1xAihLAUsCZXMu',
  'gAN9cQBYAQAAAGFxAV1xAihLAUsCZXMu',
  'gASVEAAAAAAAAAB9lIwBYZRdlChLAUsCZXMu',
  'gAWVEAAAAAAAAAB9lIwBYZRdlChLAUsCZXMu',
].map((base64) => Buffer.from(base64, 'base64'))
const [pickle] = PICKLES.slice(-1) as [Buffer]

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

describe('a payload without a type tag', () => {
  it.each(PICKLES.map((bytes, protocol) => ({ bytes, protocol })))(
    'is a pickle of protocol $protocol',
    ({ bytes }) => {
      expect(sniff(bytes)).toBe('pickle')
    },
  )

  it.each<[PayloadEncoding | Wrapping, string, Buffer]>([
    ['empty', 'nothing', Buffer.alloc(0)],
    ['pickle', 'four bytes without a frame', hex('80044e2e')],
    ['pickle', 'a pickle that was cut', pickle.subarray(0, 12)],
    ['msgpack', 'an empty map', hex('80')],
    ['msgpack', 'a map of two', hex('82a16101a16202')],
    ['msgpack', 'an object', hex('d5079101')],
    ['msgpack', 'a digit alone, which is an integer', ascii('7')],
    ['msgpack', 'a text', hex('a3616263')],
    ['unknown', 'a map that was cut', hex('82a16101a162')],
    ['json', 'an object', ascii(' {"a": 1}\n')],
    ['json', 'an array', ascii('[1, 2]')],
    ['json', 'a string', ascii('"abc"')],
    ['json', 'a number', ascii('1234')],
    ['json', 'true, though it could be base64', ascii('true')],
    ['json', 'what only Python writes', ascii('-Infinity')],
    ['unknown', 'an object that was cut', ascii('{"a": ')],
    ['unknown', 'a sentence', ascii('hello there')],
    ['unknown', 'a word that could be base64 but holds nothing', ascii('password')],
    ['zlib', 'zlib', deflateSync(pickle)],
    ['gzip', 'gzip', gzipSync(pickle)],
    ['lz4', 'lz4', hex('04224d186040820000000000')],
    ['zstd', 'zstd', hex('28b52ffd2000010000')],
    ['bzip2', 'bzip2', ascii('BZh91AY&SY....')],
    ['xz', 'xz', ascii('\xfd7zXZ\0....')],
    ['base64', 'base64 of a pickle', ascii(pickle.toString('base64'))],
    ['base64', 'base64 with line breaks', ascii(`${deflateSync(pickle).toString('base64')}\n`)],
    ['hex', 'hex of a pickle', ascii(pickle.toString('hex'))],
    ['decimal', 'decimal bytes', ascii([...pickle].join(','))],
    ['unknown', 'numbers that are no bytes', ascii('300,400')],
  ])('is %s: %s', (expected, _, bytes) => {
    expect(sniff(bytes)).toBe(expected)
  })

  it('is msgpack wherever a real saver wrote a container or object', () => {
    const lines = readFileSync(new URL('../../../fixtures/codec/msgpack.jsonl', import.meta.url), 'utf8')
    for (const line of lines.trim().split('\n')) {
      const bytes = Buffer.from((JSON.parse(line) as { msgpack: string }).msgpack, 'base64')
      expect(sniff(bytes)).toBe('msgpack')
    }
  })

  it('is told without an exception whatever it holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (array) => {
        expect(typeof sniff(Buffer.from(array))).toBe('string')
      }),
      { numRuns: 2000 },
    )
  })

  it('is found under three wrappings, named outermost first', () => {
    const wrapped = ascii(gzipSync(deflateSync(pickle)).toString('base64'))
    expect(unwrapAll(wrapped)).toEqual({
      layers: ['base64', 'gzip', 'zlib'],
      encoding: 'pickle',
      bytes: pickle,
    })
  })

  it('is refused under four', () => {
    const wrapped = ascii(gzipSync(gzipSync(deflateSync(pickle))).toString('base64'))
    expect(() => unwrapAll(wrapped)).toThrow('more than 3 wrappings: base64, gzip, gzip, zlib')
  })
})
