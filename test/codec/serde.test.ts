/** The serde pair on its way in: type tags of every era, and those of nobody. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../src/codec/bytes.js'
import { typedValue } from '../../src/codec/serde.js'
import { treeOf } from '../../src/codec/tree.js'
import type { Tree } from '../../src/model/value.js'

const one: Tree = { kind: 'list', items: [{ kind: 'int', value: 1 }] }

describe('a typed value', () => {
  it.each<[string, Buffer, Tree]>([
    ['json', Buffer.from('[1]'), one],
    ['msgpack', Buffer.from('9101', 'hex'), one],
    ['pickle', Buffer.from('80045d944b01612e', 'hex'), one],
    ['bytes', Buffer.from('9101', 'hex'), { kind: 'bytes', bytes: Buffer.from('9101', 'hex') }],
    ['bytearray', Buffer.from('9101', 'hex'), { kind: 'bytearray', bytes: Buffer.from('9101', 'hex') }],
    ['null', Buffer.alloc(0), { kind: 'null' }],
  ])('of type %s is read as that type says', (type, bytes, tree) => {
    expect(treeOf(typedValue(type, bytes))).toEqual(tree)
  })

  it.each(['msgpack+aes', 'null+aes', 'json+kms+v2'])(
    'of type %s keeps its bytes and is not looked into',
    (type) => {
      const bytes = Buffer.from('nonce, tag and ciphertext')
      const value = typedValue(type, bytes)
      expect(value).toMatchObject({ encoding: 'encrypted', serdeType: type })
      expect(value.bytes).toBe(bytes)
      expect(() => treeOf(value)).toThrow('encrypted value')
      expect(() => treeOf(value)).toThrow(DecodeError)
    },
  )

  it.each(['', 'yaml', 'empty', '+aes', 'yaml+aes', 'constructor', '__proto__', 'JSON'])(
    'of type %j is refused',
    (type) => {
      expect(() => typedValue(type, Buffer.alloc(0))).toThrow(DecodeError)
    },
  )

  it.each<[string, string]>([
    ['json', '[1'],
    ['msgpack', '\x92\x01'],
    ['pickle', '\x80\x04]'],
    ['null', 'x'],
  ])('of type %s with damaged bytes gives an error with their offset', (type, text) => {
    const bytes = Buffer.from(text, 'latin1')
    expect(() => treeOf(typedValue(type, bytes))).toThrow(DecodeError)
  })

  it('of any type with any bytes is a value or a DecodeError, and its own bytes are never changed', () => {
    const type = fc.oneof(
      fc.constantFrom(
        'json',
        'msgpack',
        'pickle',
        'bytes',
        'bytearray',
        'null',
        'msgpack+aes',
        'constructor',
      ),
      fc.string(),
    )
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 60 }), (tag, array) => {
        const bytes = Buffer.from(array)
        try {
          const value = typedValue(tag, bytes)
          if (value.bytes !== undefined) expect(value.bytes.equals(Buffer.from(array))).toBe(true)
          treeOf(value)
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
          expect((error as DecodeError).offset).toBeLessThanOrEqual(bytes.length)
        }
        expect(bytes.equals(Buffer.from(array))).toBe(true)
      }),
      { seed: 20_261_121, numRuns: 2000 },
    )
  })

  it('is of the same tag again when two savers wrote it', () => {
    expect(typedValue('msgpack', Buffer.from([1])).serdeType).toBe('msgpack')
    expect(typedValue('bytes', Buffer.from([1]))).toMatchObject({ encoding: 'raw', serdeType: 'bytes' })
  })
})
