/** Trees: what a reader emits comes out of them unchanged. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emitTree, TreeBuilder, treeOf, treeValue } from '../../src/codec/tree.js'
import type { Tree } from '../../src/model/value.js'
import { anyTree } from './any-tree.js'

describe('a tree', () => {
  it('comes out of a builder as it was emitted', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(treeOf(treeValue(tree))).toEqual(tree)
      }),
    )
  })

  it('keeps its texts when the buffer they came from is used again', () => {
    const buffer = Buffer.from('hello')
    const builder = new TreeBuilder()
    builder.text(buffer, 0, 5)
    buffer.fill(0)
    expect(builder.result()).toEqual({ kind: 'text', utf8: Buffer.from('hello') })
  })

  it('keeps the three bytes of a lone surrogate', () => {
    const tree: Tree = { kind: 'text', utf8: Buffer.from([0xed, 0xa0, 0x80]) }
    expect(treeOf(treeValue(tree))).toEqual(tree)
  })

  it('is not handed out before it is finished', () => {
    const builder = new TreeBuilder()
    builder.beginList()
    expect(() => builder.result()).toThrow('not finished')
  })

  it.each<[string, (keyof typeof calls)[]]>([
    ['a map that ends after a key', ['map', 'null', 'end']],
    ['an end without a beginning', ['end']],
    ['two values in a row', ['null', 'null']],
    ['an object without a body', ['object', 'end']],
    ['an object with two bodies', ['object', 'null', 'null']],
  ])('refuses %s', (_what, sequence) => {
    const builder = new TreeBuilder()
    expect(() => {
      for (const name of sequence) calls[name](builder)
    }).toThrow(Error)
  })

  it('1000 levels deep is emitted without overflowing the stack', () => {
    let tree: Tree = { kind: 'null' }
    for (let i = 0; i < 1000; i++) tree = { kind: 'list', items: [tree] }
    const builder = new TreeBuilder()
    emitTree(tree, builder)
    expect(builder.result()).toEqual(tree)
  })
})

const calls = {
  null: (builder: TreeBuilder) => builder.null(),
  map: (builder: TreeBuilder) => builder.beginMap(),
  object: (builder: TreeBuilder) => builder.beginObject({ form: 'keywords', module: 'm', name: 'N' }),
  end: (builder: TreeBuilder) => builder.end(),
}
