/** Payloads taken apart: every piece stands where it is said to stand, and nothing that is cut or damaged breaks it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emitJson } from '../../src/codec/json/read.js'
import { MsgpackWriter } from '../../src/codec/msgpack/write.js'
import { outlineDocument, outlineOf } from '../../src/codec/outline.js'
import type { Outline } from '../../src/model/outline.js'

const msgpack = (value: unknown): Buffer => {
  const text = Buffer.from(JSON.stringify(value))
  const writer = new MsgpackWriter()
  writer.reset()
  emitJson(text, 0, text.length, writer)
  return Buffer.from(writer.view())
}

/** `path: text` of all scalars. */
function scalars({ items, label, text }: Outline, path = ''): string[] {
  const here = label === undefined ? path : `${path}/${label}`
  if (items === undefined) return [`${here}: ${text}`]
  return items.flatMap((item, at) => scalars(item, item.label === undefined ? `${here}/${at}` : here))
}

describe('JSON', () => {
  it('is taken apart so that each range is the JSON of its piece', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = Buffer.from(JSON.stringify(value, null, 1))
        const check = (outline: Outline, part: unknown): void => {
          const own = JSON.parse(text.toString('utf8', outline.at!, outline.end))
          expect(own).toEqual(JSON.parse(JSON.stringify(part)))
          for (const [at, item] of (outline.items ?? []).entries())
            check(item, (own as Record<string, unknown>)[item.label ?? at])
        }
        // Of keys that come twice only the last would be parsed: JSON.stringify writes none.
        check(outlineDocument(text), value)
      }),
    )
  })

  it('shows what a string holds when that is a payload', () => {
    const blob = msgpack({ messages: ['a long enough text'], n: 1 }).toString('base64')
    const { inside } = outlineDocument(Buffer.from(JSON.stringify({ blob }))).items![0]!
    expect(inside?.encoding).toBe('base64 → msgpack')
    expect(scalars(inside!.outline)).toEqual(['/messages/0: "a long enough text"', '/n: 1'])
  })
})

describe('msgpack', () => {
  it('is taken apart with the offsets of its items', () => {
    const bytes = msgpack([1, { key: 'text' }, null])
    const { encoding, outline } = outlineOf(bytes)
    expect(encoding).toBe('msgpack')
    expect(outline).toMatchObject({ at: 0, end: bytes.length, kind: 'list' })
    const [one, map] = outline.items!
    expect(one).toEqual({ at: 1, end: 2, kind: 'int', text: '1' })
    expect(map?.items).toEqual([{ at: 7, end: 12, kind: 'text', text: '"text"', label: 'key' }])
  })

  it('names the extension codes of LangGraph', () => {
    // ext 1 (positional): ["builtins", "set", [[1, 2]]]
    const payload = msgpack(['builtins', 'set', [[1, 2]]])
    const { outline } = outlineOf(Buffer.concat([Buffer.from([0xc7, payload.length, 1]), payload]))
    expect(outline.kind).toBe('ext 1 positional')
    expect(scalars(outline)).toEqual(['/0/0: "builtins"', '/0/1: "set"', '/0/2/0/0: 1', '/0/2/0/1: 2'])
  })
})

describe('pickles', () => {
  it('are taken apart by what their opcodes make, shared pieces once', () => {
    // protocol 4: x = ['a']; {'one': x, 'two': x}
    const bytes = Buffer.from(
      '80049514000000000000007d94288c036f6e65945d948c016194618c0374776f9468037' + '52e',
      'hex',
    )
    const found = outlineOf(bytes)
    expect(found.encoding).toBe('pickle')
    const text = JSON.stringify(found.outline)
    expect(found.problem ?? text).toMatch(/"kind":"dict"/)
  })
})

describe('damage', () => {
  it('never breaks it: every cut and every changed byte gives an outline or a reason', () => {
    const samples = [
      msgpack({ a: [1, 2, { b: 'text' }], c: null }),
      Buffer.from(JSON.stringify({ a: [1, 2, { b: 'text' }], c: null })),
      Buffer.from('80049510000000000000007d94288c0161944b018c0162944b02752e', 'hex'),
    ]
    for (const sample of samples) {
      for (let at = 0; at < sample.length; at++) {
        expect(outlineOf(sample.subarray(0, at)).outline).toBeDefined()
        const changed = Buffer.from(sample)
        changed[at]! ^= 0x41
        expect(outlineOf(changed).outline).toBeDefined()
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(outlineOf(Buffer.from(bytes)).outline).toBeDefined()
      }),
    )
  })

  it('ends at a limit, however deep or wide a payload is', () => {
    const deep = Buffer.from(`${'['.repeat(500)}${']'.repeat(500)}`)
    const wide = Buffer.from(JSON.stringify(Array.from({ length: 80_000 }, () => 0)))
    expect(JSON.stringify(outlineOf(deep))).toContain('not taken apart further')
    expect(JSON.stringify(outlineOf(wide))).toContain('not taken apart further')
  })
})
