/** Digests of both sides of a comparison: what the encoder wrote and the reader reads is equal, and what is not equal is told apart. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EncodeError } from '../../../src/codec/bytes.js'
import { JsonbWriter } from '../../../src/codec/json/jsonb-write.js'
import { plainJsonValue } from '../../../src/codec/json/python-json.js'
import { PythonTyped } from '../../../src/codec/python-typed.js'
import { typedValue } from '../../../src/codec/serde.js'
import { treeValue } from '../../../src/codec/tree.js'
import { metadataDigests } from '../../../src/convert/compare/jsonb.js'
import { digestOfSource, digestOfStored } from '../../../src/convert/compare/values.js'
import type { Tree } from '../../../src/model/value.js'
import { anyPythonTree, keyObject } from '../../codec/msgpack/arbitraries.js'

const text = (value: string): Tree => ({ kind: 'text', utf8: Buffer.from(value) })
const int = (value: number | bigint): Tree => ({ kind: 'int', value })
const mapOf = (...entries: (readonly [Tree, Tree])[]): Tree => ({ kind: 'map', entries })

/** A value as it stands in Postgres after a migration. */
function migrated(tree: Tree) {
  const { type, bytes } = new PythonTyped().of(treeValue(tree))
  return typedValue(type, Buffer.from(bytes))
}

/** Another value of the same kind. */
function changed(tree: Tree): Tree {
  switch (tree.kind) {
    case 'null':
      return { kind: 'bool', value: false }
    case 'bool':
      return { kind: 'bool', value: !tree.value }
    case 'int':
      return int(tree.value === 5 ? 6 : 5)
    case 'float':
      return { kind: 'float', value: tree.value === 1.5 ? 2.5 : 1.5 }
    case 'text':
      return { kind: 'text', utf8: Buffer.concat([tree.utf8, Buffer.from('x')]) }
    case 'bytes':
    case 'bytearray':
      return { kind: tree.kind, bytes: Buffer.concat([tree.bytes, Buffer.from('x')]) }
    case 'map':
      return { kind: 'map', entries: [...tree.entries, [text('one more key'), int(1)]] }
    case 'object':
      return { kind: 'object', head: tree.head, body: changed(tree.body) }
    default:
      return { kind: tree.kind, items: [...tree.items, text('one more item')] }
  }
}

describe('digests of values', () => {
  test('are equal for every value and what the migration wrote of it', () => {
    fc.assert(
      fc.property(anyPythonTree, (tree) => {
        expect(digestOfSource(treeValue(tree), true)).toBe(digestOfStored(migrated(tree)))
      }),
      { numRuns: 300 },
    )
  })

  test('differ as soon as the value does', () => {
    fc.assert(
      fc.property(anyPythonTree, (tree) => {
        const other = changed(tree)
        expect(digestOfSource(treeValue(tree), true)).not.toBe(digestOfStored(migrated(other)))
      }),
      { numRuns: 300 },
    )
  })

  test('take an object that is a key for the text or the plain value that stands in its place', () => {
    fc.assert(
      fc.property(keyObject, (key) => {
        const value = int(7)
        const tree = mapOf([key, value], [{ kind: 'tuple', items: [key, int(1)] }, value])
        let stored: ReturnType<typeof migrated>
        try {
          stored = migrated(tree)
        } catch (error) {
          expect(error).toBeInstanceOf(EncodeError)
          expect(() => digestOfSource(treeValue(tree))).toThrow(EncodeError)
          return
        }
        expect(digestOfSource(treeValue(tree))).toBe(digestOfStored(stored))
      }),
    )
  })

  test('know that an integer over 64 bits can stand alone in a checkpoint, and nowhere else', () => {
    const large = int(2n ** 64n)
    expect(digestOfSource(treeValue(large))).toBe(
      digestOfStored(plainJsonValue(Buffer.from('18446744073709551616'), 0, 20)),
    )
    expect(() => digestOfSource(treeValue(large), true)).toThrow(EncodeError)
    expect(() => digestOfSource(treeValue({ kind: 'list', items: [large] }))).toThrow(EncodeError)
  })
})

describe('digests of metadata', () => {
  const source = (tree: Tree) => metadataDigests(treeValue(tree), 'python')
  function stored(tree: Tree) {
    const writer = new JsonbWriter()
    treeValue(tree).emit(writer)
    const json = Buffer.from(writer.view())
    return metadataDigests(plainJsonValue(json, 0, json.length), 'python')
  }

  test('are equal for every value and its JSONB, after the documented repairs', () => {
    fc.assert(
      fc.property(fc.array(anyPythonTree, { maxLength: 3 }), (values) => {
        const tree = mapOf(...values.map((value, at) => [text(`member ${at}`), value] as const))
        expect(stored(tree)).toEqual(source(tree))
      }),
      { numRuns: 300 },
    )
  })

  test('name the member that differs', () => {
    const [a, b] = [source(mapOf([text('step'), int(1)])), source(mapOf([text('step'), int(2)]))]
    expect([...a.keys()]).toEqual(['step'])
    expect(a.get('step')).not.toBe(b.get('step'))
  })

  test('leave out what only older savers wrote', () => {
    expect([...source(mapOf([text('writes'), int(1)], [text('source'), text('loop')])).keys()]).toEqual([
      'source',
    ])
  })

  test('see no NUL, no NaN and no lone surrogate', () => {
    const broken = mapOf(
      [text('a\0b'), { kind: 'float', value: Number.NaN }],
      [text('c'), { kind: 'text', utf8: Buffer.from([0xed, 0xa0, 0x80, 0]) }],
    )
    expect(source(broken)).toEqual(source(mapOf([text('ab'), { kind: 'null' }], [text('c'), text('?')])))
  })
})
