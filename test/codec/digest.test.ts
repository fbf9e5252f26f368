/** Digests: equal exactly when two values are. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digestOf, digestText } from '../../src/codec/digest.js'
import { treeValue } from '../../src/codec/tree.js'
import type { Tree } from '../../src/model/value.js'
import { anyTree } from './any-tree.js'

const digest = (tree: Tree) => digestOf(treeValue(tree)).toString('hex')
const int = (value: number | bigint): Tree => ({ kind: 'int', value })
const text = (value: string): Tree => ({ kind: 'text', utf8: Buffer.from(value) })
const list = (...items: Tree[]): Tree => ({ kind: 'list', items })
const map = (...entries: [Tree, Tree][]): Tree => ({ kind: 'map', entries })

/** The same value as a reader of another encoding might give it: members of sets and maps in reverse. */
function reversed(tree: Tree): Tree {
  switch (tree.kind) {
    case 'map':
      return {
        kind: 'map',
        entries: tree.entries.map(([k, v]) => [reversed(k), reversed(v)] as const).reverse(),
      }
    case 'set':
    case 'frozenset':
      return { kind: tree.kind, items: tree.items.map(reversed).reverse() }
    case 'list':
    case 'tuple':
      return { kind: tree.kind, items: tree.items.map(reversed) }
    case 'object':
      return { ...tree, body: reversed(tree.body) }
    default:
      return tree
  }
}

/** A text that two trees share exactly when a digest must not tell them apart. */
function canonical(tree: Tree, nested = false): string {
  switch (tree.kind) {
    case 'map':
      return `{${tree.entries.map(([k, v]) => `${canonical(k, true)}:${canonical(v, true)}`).sort()}}`
    case 'set':
    case 'frozenset':
      return `${tree.kind}(${tree.items.map((item) => canonical(item, true)).sort()})`
    case 'list':
    case 'tuple':
      return `[${tree.items.map((item) => canonical(item, true))}]`
    case 'object':
      return `${JSON.stringify(Object.values(tree.head))}(${canonical(tree.body, true)})`
    case 'text':
      return `t${tree.utf8.toString('hex')}`
    case 'bytes':
    case 'bytearray':
      return `${nested ? 'bytes' : tree.kind}${tree.bytes.toString('hex')}`
    case 'float':
      return `f${Object.is(tree.value, -0) ? '-0' : tree.value}`
    case 'null':
      return 'null'
    default:
      return `${tree.kind}${tree.value}`
  }
}

describe('a digest', () => {
  it('is 20 bytes', () => {
    expect(digestOf(treeValue({ kind: 'null' }))).toHaveLength(20)
  })

  it('does not depend on the order of sets and maps', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(digest(reversed(tree))).toBe(digest(tree))
      }),
    )
  })

  it('of two values is equal exactly when they are', () => {
    fc.assert(
      fc.property(anyTree, anyTree, (a, b) => {
        expect(digest(a) === digest(b)).toBe(canonical(a) === canonical(b))
      }),
    )
  })

  it('as a text tells the same values apart, whether they are short or not', () => {
    fc.assert(
      fc.property(anyTree, anyTree, (a, b) => {
        const isSame = digestText(treeValue(a)) === digestText(treeValue(b))
        expect(isSame).toBe(digest(a) === digest(b))
        expect(digestText(treeValue(reversed(a)))).toBe(digestText(treeValue(a)))
      }),
    )
  })

  it.each<[string, Tree, Tree]>([
    ['1 from 1.0', int(1), { kind: 'float', value: 1 }],
    ['1 from true', int(1), { kind: 'bool', value: true }],
    ['0.0 from -0.0', { kind: 'float', value: 0 }, { kind: 'float', value: -0 }],
    ['text from bytes', text('a'), { kind: 'bytes', bytes: Buffer.from('a') }],
    ['a set from a frozenset', { kind: 'set', items: [] }, { kind: 'frozenset', items: [] }],
    ['a list from its items in another order', list(int(1), int(2)), list(int(2), int(1))],
    ['two ways to nest the same items', list(list(int(1)), int(2)), list(list(int(1), int(2)))],
    ['a map from the one with keys and values changed over', map([int(1), int(2)]), map([int(2), int(1)])],
    ['neighbouring integers of 100 bits', int(2n ** 100n), int(2n ** 100n + 1n)],
    ['long texts', text('a'.repeat(5000)), text(`${'a'.repeat(4999)}b`)],
    ['bytes from a bytearray as a whole value', bytesOf('bytes'), bytesOf('bytearray')],
  ])('tells %s', (_what, a, b) => {
    expect(digest(a)).not.toBe(digest(b))
  })

  it.each<[string, Tree, Tree]>([
    ['a tuple is a list', list(int(1)), { kind: 'tuple', items: [int(1)] }],
    ['a nested bytearray is bytes', list(bytesOf('bytes')), list(bytesOf('bytearray'))],
    ['an integer is the same as number and as bigint', int(7), int(7n)],
  ])('knows that %s', (_what, a, b) => {
    expect(digest(a)).toBe(digest(b))
  })

  it('does not depend on order where maps are large enough to be hashed on their own', () => {
    const entries = Array.from({ length: 500 }, (_, i): [Tree, Tree] => [
      text(`key ${i}`),
      map([text('v'), list(int(i), text('x'.repeat(i)))]),
    ])
    expect(digest(list(map(...entries)))).toBe(digest(list(map(...[...entries].reverse()))))
    expect(digest(list(map(...entries)))).not.toBe(digest(list(map(...entries.slice(1)))))
  })
})

function bytesOf(kind: 'bytes' | 'bytearray'): Tree {
  return { kind, bytes: Buffer.from([1, 2]) }
}
