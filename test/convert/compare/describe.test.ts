/** What a report says of a value: its type and size, and nothing of what is in it. */
import fc from 'fast-check'
import { expect, describe as group, test } from 'vitest'
import { typedValue } from '../../../src/codec/serde.js'
import { treeValue } from '../../../src/codec/tree.js'
import { describe } from '../../../src/convert/compare/describe.js'
import type { Tree } from '../../../src/model/value.js'
import { anyTree } from '../../codec/any-tree.js'

const SECRET = 's3cr3t'
const secretText = { kind: 'text', utf8: Buffer.from(SECRET) } as const

/** The same value with the secret in every text, every sequence of bytes and every key. */
function planted(tree: Tree): Tree {
  switch (tree.kind) {
    case 'text':
      return { kind: 'text', utf8: Buffer.concat([tree.utf8, secretText.utf8, tree.utf8]) }
    case 'bytes':
    case 'bytearray':
      return { kind: tree.kind, bytes: secretText.utf8 }
    case 'map':
      return {
        kind: 'map',
        entries: [
          ...tree.entries.map(([k, v]) => [planted(k), planted(v)] as const),
          [secretText, secretText],
        ],
      }
    case 'object':
      return { kind: 'object', head: tree.head, body: planted(tree.body) }
    case 'list':
    case 'tuple':
    case 'set':
    case 'frozenset':
      return { kind: tree.kind, items: [...tree.items.map(planted), secretText] }
    default:
      return tree
  }
}

group('a description', () => {
  test('holds nothing of the value, whatever it is', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        const { is, value } = describe(treeValue(planted(tree)))
        expect(is).not.toContain(SECRET)
        expect(is).not.toBe('')
        expect(value).toBeUndefined()
      }),
    )
  })

  test.each<[Tree, string]>([
    [{ kind: 'null' }, 'null'],
    [{ kind: 'bool', value: true }, 'boolean'],
    [{ kind: 'int', value: 42 }, 'integer'],
    [{ kind: 'float', value: 4.2 }, 'float'],
    [secretText, 'text of 6 bytes'],
    [{ kind: 'bytes', bytes: Buffer.alloc(3) }, 'binary of 3 bytes'],
    [
      { kind: 'list', items: [{ kind: 'list', items: [secretText, secretText] }, secretText] },
      'list of 2 items',
    ],
    [{ kind: 'map', entries: [[secretText, { kind: 'null' }]] }, 'map of 1 member'],
    [
      { kind: 'object', head: { form: 'keywords', module: 'app', name: 'Cart' }, body: secretText },
      'object app.Cart',
    ],
  ])('of %o', (tree, words) => {
    expect(describe(treeValue(tree)).is).toBe(words)
  })

  test('of what cannot be read, or not be looked into, says so', () => {
    expect(describe(typedValue('msgpack', Buffer.from([0xc1]))).is).toMatch(/^unreadable: /)
    expect(describe(typedValue('msgpack+aes', Buffer.alloc(40))).is).toBe('encrypted (msgpack+aes), 40 bytes')
  })

  test('shows how the value begins where it is asked to, and never more than that', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(describe(treeValue(tree), true).value!.length).toBeLessThanOrEqual(201)
      }),
    )
    const cart: Tree = {
      kind: 'object',
      head: { form: 'keywords', module: 'app', name: 'Cart' },
      body: {
        kind: 'map',
        entries: [[secretText, { kind: 'list', items: [{ kind: 'float', value: 1 }, { kind: 'null' }] }]],
      },
    }
    expect(describe(treeValue(cart), true).value).toBe('app.Cart({"s3cr3t": [1.0, null]})')
  })
})
