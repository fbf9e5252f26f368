/** Values of the JavaScript savers: their bytes go through as they are, and nothing that `JSON.parse` could not read. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError, EncodeError } from '../../../src/codec/bytes.js'
import { jsJsonValue, jsTyped, UNDEFINED } from '../../../src/codec/json/js-json.js'
import { msgpackValue } from '../../../src/codec/msgpack/read.js'
import { typedValue } from '../../../src/codec/serde.js'
import { treeOf } from '../../../src/codec/tree.js'

const jsonOf = (text: string) => jsJsonValue(Buffer.from(text), 0, Buffer.byteLength(text))

describe('a JSON value', () => {
  it('is stored in its own bytes, numbers as they were spelled', () => {
    const text = '{"a":[9223372036854776000,1.8446744073709552e19,1e21,-0.5],"b":{"lc":2,"type":"undefined"}}'
    expect(jsTyped(jsonOf(text))).toEqual({ type: 'json', bytes: Buffer.from(text) })
  })

  it('goes through unchanged, whatever JSON.stringify makes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { type, bytes } = jsTyped(jsonOf(JSON.stringify(value)))
        expect([type, JSON.parse(bytes.toString())]).toEqual(['json', JSON.parse(JSON.stringify(value))])
      }),
    )
  })

  it('is a plain map, whatever it looks like', () => {
    expect(treeOf(UNDEFINED)).toMatchObject({ kind: 'map' })
  })

  it.each(['[1e400]', '{"a":"NaN"}', '{"a" :\n1}'])('%s goes through, for JSON.parse reads it', (text) => {
    expect(jsTyped(jsonOf(text)).bytes.toString()).toBe(text)
  })

  it.each([
    '{"a":NaN}',
    '[Infinity]',
    '{"a":}',
    '[1,2',
    '"a',
    '01',
    '',
    '["tab\tinside"]',
    '{"a":01,"a":1}',
    '{"a":{"b":[NaN]},"a":1}',
  ])('%s is refused', (text) => {
    expect(() => jsTyped(jsonOf(text))).toThrow(DecodeError)
  })
})

describe('other values', () => {
  it('bytes have a type of their own', () => {
    const bytes = Buffer.from([0, 255])
    expect(jsTyped(typedValue('bytes', bytes))).toEqual({ type: 'bytes', bytes })
  })

  it.each([
    msgpackValue(Buffer.from('81a16101', 'hex')),
    typedValue('json', Buffer.from('{"a":1}')),
    typedValue('null', Buffer.alloc(0)),
  ])('of the Python runtime are refused', (value) => {
    expect(() => jsTyped(value)).toThrow(EncodeError)
  })
})
