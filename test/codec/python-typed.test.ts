/** The serde pair on its way out, beside the official serializer. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { PythonTyped } from '../../src/codec/python-typed.js'
import { typedValue } from '../../src/codec/serde.js'
import { treeValue } from '../../src/codec/tree.js'
import type { Tree } from '../../src/model/value.js'
import { anyPythonTree, hasManyInSet } from './msgpack/arbitraries.js'
import { type MsgpackOracle, msgpackOracle } from './msgpack/oracle.js'

const pair = (type: string, hex: string) => ({ type, bytes: Buffer.from(hex, 'hex') })

describe('a typed pair for Postgres', () => {
  let oracle: MsgpackOracle
  beforeAll(async () => {
    oracle = await msgpackOracle()
  })

  it('has the tag and bytes that the official serializer gives the value, which it reads back from them', async () => {
    const typed = new PythonTyped()
    await fc.assert(
      fc.asyncProperty(anyPythonTree, async (tree) => {
        const { type, bytes } = typed.of(treeValue(tree))
        const answer = await oracle.ask(tree, bytes, type)
        expect(type).toBe(answer.typed)
        expect(answer.equal).toBe(true)
        if (type === 'msgpack' && !hasManyInSet(tree)) expect(bytes.toString('hex')).toBe(answer.written)
        if (tree.kind === 'bytes' || tree.kind === 'bytearray') expect(bytes).toEqual(tree.bytes)
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it.each<[string, Buffer]>([
    ['msgpack', Buffer.from('93cd0001ca3f800000c0', 'hex')],
    ['bytes', Buffer.from('80', 'hex')],
    ['bytearray', Buffer.from('80', 'hex')],
    ['null', Buffer.alloc(0)],
    ['msgpack+aes', Buffer.from('ciphertext')],
  ])('is the source’s own where that was %s', (type, bytes) => {
    const out = new PythonTyped().of(typedValue(type, bytes))
    expect(out).toEqual({ type, bytes })
    expect(out.bytes).toBe(bytes)
  })

  it('is made anew from JSON and from a pickle', () => {
    const typed = new PythonTyped()
    expect(typed.of(typedValue('json', Buffer.from('[1, 1.0]')))).toEqual(
      pair('msgpack', '9201cb3ff0000000000000'),
    )
    expect(typed.of(typedValue('json', Buffer.from('null')))).toEqual(pair('null', ''))
    expect(typed.of(typedValue('pickle', Buffer.from('80045d944b01612e', 'hex')))).toEqual(
      pair('msgpack', '9101'),
    )
    expect(typed.of(typedValue('pickle', Buffer.from('800443026162942e', 'hex')))).toEqual(
      pair('bytes', '6162'),
    )
  })

  it.each<[string, string, string, string]>([
    ['null', 'c0', 'null', ''],
    ['short bytes', 'c4026162', 'bytes', '6162'],
    ['longer bytes', 'c500026162', 'bytes', '6162'],
  ])('of older msgpack that is only %s has the tag of today', (_, msgpack, type, bytes) => {
    expect(new PythonTyped().of(typedValue('msgpack', Buffer.from(msgpack, 'hex')))).toEqual(
      pair(type, bytes),
    )
  })

  it('is refused for msgpack that the official reader could not read', () => {
    const typed = new PythonTyped()
    expect(() => typed.of(typedValue('msgpack', Buffer.from('d408c0', 'hex')))).toThrow('extension code 8')
    expect(() => typed.of(typedValue('msgpack', Buffer.from('9201', 'hex')))).toThrow('ends inside')
    expect(typed.of(typedValue('json', Buffer.from('1')))).toEqual(pair('msgpack', '01'))
  })

  it('notes each value in which a lone surrogate was replaced', () => {
    const notes: string[] = []
    const broken: Tree = { kind: 'text', utf8: Buffer.from([0x61, 0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]) }
    const out = new PythonTyped().of(treeValue(broken), {
      note: (reason, detail) => notes.push(`${reason}: ${detail}`),
    })
    expect(out).toEqual(pair('msgpack', 'a3613f3f'))
    expect(notes).toEqual(['surrogate-replaced: 2 in one value'])
  })

  it('names the classes that a reader would import, whether written or passed on, and none of LangGraph’s own', () => {
    const typed = new PythonTyped()
    const object = (module: string, name: string): Tree => ({
      kind: 'object',
      head: { form: 'keywords', module, name },
      body: { kind: 'map', entries: [] },
    })
    typed.of(
      treeValue({
        kind: 'list',
        items: [
          object('app.state', 'Order'),
          object('langgraph.types', 'Interrupt'),
          object('langgraph.types', 'Unheard'),
          { kind: 'set', items: [] },
        ],
      }),
    )
    typed.of(typedValue('msgpack', Buffer.from('c70c0293a26f73a673797374656d80', 'hex')))
    expect([...typed.classes].sort()).toEqual(['app.state.Order', 'langgraph.types.Unheard', 'os.system'])
  })
})
