/** Walking msgpack without decoding it: the parts are where the decoder finds them, and damage is noticed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import {
  msgpackEntries,
  msgpackItems,
  msgpackText,
  requireOneMsgpack,
} from '../../../src/codec/msgpack/parts.js'
import { msgpackValue } from '../../../src/codec/msgpack/read.js'
import { MsgpackWriter } from '../../../src/codec/msgpack/write.js'
import { emitTree, treeOf } from '../../../src/codec/tree.js'
import type { Tree } from '../../../src/model/value.js'
import { anyPythonTree } from './arbitraries.js'

function written(tree: Tree): Buffer {
  const writer = new MsgpackWriter()
  writer.reset()
  emitTree(tree, writer)
  return Buffer.from(writer.view())
}

const treeAt = (bytes: Buffer, { start, end }: { start: number; end: number }) =>
  treeOf(msgpackValue(bytes.subarray(start, end)))

/** Trees are large: a few go a long way. */
const RUNS = { numRuns: 25 }

describe('the parts of msgpack', () => {
  it('are the items that the decoder finds in a list', () => {
    fc.assert(
      fc.property(fc.array(anyPythonTree, { maxLength: 5 }), (items) => {
        const bytes = written({ kind: 'list', items })
        const parts = msgpackItems(bytes, 0, bytes.length)!
        const decoded = treeOf(msgpackValue(bytes))
        expect({ kind: 'list', items: parts.map((part) => treeAt(bytes, part)) }).toEqual(decoded)
        expect(msgpackEntries(bytes, 0, bytes.length)).toBeUndefined()
      }),
      RUNS,
    )
  })

  it('are the entries that the decoder finds in a map', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 40 }), anyPythonTree, { maxKeys: 20 }), (object) => {
        const entries = Object.entries(object).map(
          ([name, value]) => [{ kind: 'text', utf8: Buffer.from(name) }, value] as const,
        )
        const bytes = written({ kind: 'map', entries })
        const parts = msgpackEntries(bytes, 0, bytes.length)!
        expect(parts.map(({ key }) => msgpackText(bytes, key.start, key.end))).toEqual(Object.keys(object))
        const decoded = treeOf(msgpackValue(bytes))
        const values = decoded.kind === 'map' ? decoded.entries.map(([, value]) => value) : []
        expect(parts.map(({ value }) => treeAt(bytes, value))).toEqual(values)
      }),
      RUNS,
    )
  })

  it('are refused where the bytes are cut, go on, or claim more than there is', () => {
    const bytes = written({
      kind: 'list',
      items: [
        { kind: 'text', utf8: Buffer.from('x'.repeat(300)) },
        { kind: 'float', value: 1.5 },
      ],
    })
    for (let length = 0; length < bytes.length; length++)
      expect(() => requireOneMsgpack(bytes.subarray(0, length))).toThrow(DecodeError)
    expect(() => requireOneMsgpack(Buffer.concat([bytes, Buffer.from([0])]))).toThrow('1 bytes after the end')
    const hugeMap = Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff, 0])
    expect(() => requireOneMsgpack(hugeMap)).toThrow(DecodeError)
    expect(() => msgpackEntries(hugeMap, 0, hugeMap.length)).toThrow(DecodeError)
  })

  it('are walked however deep they lie', () => {
    const deep = Buffer.concat([Buffer.alloc(100_000, 0x91), Buffer.from([0xc0])])
    expect(() => requireOneMsgpack(deep)).not.toThrow()
  })
})
