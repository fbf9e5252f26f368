/** The msgpack writer, measured against the official serializer. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { EncodeError } from '../../../src/codec/bytes.js'
import { digestOf } from '../../../src/codec/digest.js'
import { msgpackValue } from '../../../src/codec/msgpack/read.js'
import { MsgpackWriter } from '../../../src/codec/msgpack/write.js'
import { emitTree } from '../../../src/codec/tree.js'
import type { SetKind, Tree, ValueSink } from '../../../src/model/value.js'
import { anyPythonTree, hasManyInSet, keyObject } from './arbitraries.js'
import { type MsgpackOracle, msgpackOracle } from './oracle.js'

const text = (value: string): Tree => ({ kind: 'text', utf8: Buffer.from(value) })
const int = (value: number | bigint): Tree => ({ kind: 'int', value })
const list = (...items: Tree[]): Tree => ({ kind: 'list', items })
const map = (...entries: [Tree, Tree][]): Tree => ({ kind: 'map', entries })

function written(tree: Tree): Buffer {
  const writer = new MsgpackWriter()
  emitTree(tree, writer)
  return writer.view()
}
const hex = (tree: Tree): string => written(tree).toString('hex')

/** Is told one size for everything. */
class MisledWriter extends MsgpackWriter {
  constructor(private readonly told: number) {
    super()
  }
  override beginList(): void {
    super.beginList(this.told)
  }
  override beginTuple(): void {
    super.beginTuple(this.told)
  }
  override beginMap(): void {
    super.beginMap(this.told)
  }
  override beginSet(_size: number, kind: SetKind): void {
    super.beginSet(this.told, kind)
  }
}

describe('the msgpack writer, beside the official serializer', () => {
  let oracle: MsgpackOracle
  beforeAll(async () => {
    oracle = await msgpackOracle()
  })

  it('writes the same bytes, and the official reader reads the value back from them', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(anyPythonTree, async (tree) => {
        const ours = written(tree)
        const answer = await oracle.ask(tree, ours)
        expect(answer.refused).toBeUndefined()
        expect(answer.equal).toBe(true)
        // The order of a set is its process's own.
        if (hasManyInSet(tree)) return
        compared++
        expect(ours.toString('hex')).toBe(answer.written)
      }),
      { numRuns: 600 },
    )
    expect(compared).toBeGreaterThan(300)
  }, 60_000)

  it('writes back byte for byte what the official writer wrote, and reads the same value from it', async () => {
    await fc.assert(
      fc.asyncProperty(anyPythonTree, async (tree) => {
        const { written: official } = await oracle.ask(tree, Buffer.from([0xc0]))
        const value = msgpackValue(Buffer.from(official, 'hex'))
        const again = new MsgpackWriter()
        value.emit(again)
        expect(again.view().toString('hex')).toBe(official)
        expect(digestOf(value)).toEqual(digestOf(msgpackValue(written(tree))))
      }),
      { numRuns: 600 },
    )
  }, 60_000)

  it('makes of an object that is a key what the official writer makes of it', async () => {
    let refused = 0
    await fc.assert(
      fc.asyncProperty(keyObject, async (key) => {
        const tree = map([key, int(1)])
        const answer = await oracle.ask(tree, Buffer.from([0xc0]))
        if (answer.refused === undefined) {
          expect(hex(tree)).toBe(answer.written)
        } else {
          refused++
          expect(() => hex(tree)).toThrow(EncodeError)
        }
      }),
      { numRuns: 300 },
    )
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(200)
  }, 60_000)
})

describe('the msgpack writer', () => {
  // What ormsgpack writes, run by hand once.
  it.each<[string, Tree, string]>([
    ['an integer in its smallest form', int(128), 'cc80'],
    ['a negative one', int(-129), 'd1ff7f'],
    ['a big one', int(2n ** 63n), 'cf8000000000000000'],
    ['a whole float as a float', { kind: 'float', value: 1 }, 'cb3ff0000000000000'],
    ['NaN', { kind: 'float', value: Number.NaN }, 'cb7ff8000000000000'],
    ['null in a map', map([text('a'), { kind: 'null' }]), '81a161c0'],
    [
      'a set of one in sixteen bytes',
      { kind: 'set', items: [int(1)] },
      'd80093a86275696c74696e73a37365749101',
    ],
    [
      'a Send',
      {
        kind: 'object',
        head: { form: 'positional', module: 'langgraph.types', name: 'Send' },
        body: list(text('n'), map([text('a'), int(1)])),
      },
      'c71d0193af6c616e6767726170682e7479706573a453656e6492a16e81a16101',
    ],
    [
      'a datetime',
      {
        kind: 'object',
        head: { form: 'method', module: 'datetime', name: 'datetime', method: 'fromisoformat' },
        body: text('2024-01-02T00:00:00'),
      },
      'c7350394a86461746574696d65a86461746574696d65b3323032342d30312d30325430303a30303a3030ad66726f6d69736f666f726d6174',
    ],
    [
      'an array of numpy',
      {
        kind: 'object',
        head: { form: 'numpy', module: '', name: '' },
        body: list(text('<i4'), list(int(2)), text('C'), {
          kind: 'bytes',
          bytes: Buffer.from('0100000002000000', 'hex'),
        }),
      },
      'c7130694a33c69349102a143c4080100000002000000',
    ],
    [
      'a delta snapshot in two bytes',
      {
        kind: 'object',
        head: { form: 'delta-snapshot', module: '', name: '' },
        body: list(int(1)),
      },
      'd5079101',
    ],
  ])('writes %s', (_, tree, expected) => {
    expect(hex(tree)).toBe(expected)
  })

  it('writes the same bytes when sizes are told late, or were told wrong', () => {
    fc.assert(
      fc.property(anyPythonTree, fc.integer({ min: -1, max: 70_000 }), (tree, size) => {
        const expected = hex(tree)
        const writer = new MisledWriter(size)
        emitTree(tree, writer)
        expect(writer.view().toString('hex')).toBe(expected)
      }),
    )
  })

  it('moves what it wrote when an object or a list turns out longer than its header was made for', () => {
    for (const length of [0, 100, 300, 70_000]) {
      const tree: Tree = {
        kind: 'object',
        head: { form: 'pydantic-v2', module: 'app', name: 'Model', method: 'model_validate_json' },
        body: map([text('x'), text('x'.repeat(length))]),
      }
      const value = msgpackValue(Buffer.from(written(list(tree, int(1)))))
      expect(digestOf(value)).toEqual(
        digestOf({ encoding: 'tree', emit: (sink) => emitTree(list(tree, int(1)), sink) }),
      )
    }
  })

  it('counts the lone surrogates it replaced, and takes Hangul for none', () => {
    const writer = new MsgpackWriter()
    const broken = Buffer.concat([
      Buffer.from('한'),
      Buffer.from([0xed, 0xa0, 0x80, 0xed, 0xbf, 0xbf]),
      Buffer.from('글'.repeat(50)),
    ])
    writer.text(broken, 0, broken.length)
    expect(writer.view().subarray(2).toString()).toBe(`한??${'글'.repeat(50)}`)
    expect(writer.surrogatesReplaced).toBe(2)
    writer.reset()
    writer.text(broken, 0, 3)
    expect(writer.surrogatesReplaced).toBe(0)
  })

  it.each<[string, Tree, EncodeError['reason']]>([
    ['an integer over 64 bits', list(int(2n ** 64n)), 'integer-too-large'],
    ['a negative one', list(int(-(2n ** 63n) - 1n)), 'integer-too-large'],
    ['a map as a key', map([map(), int(1)]), 'unsupported-value'],
    ['a map in a tuple that is a key', map([{ kind: 'tuple', items: [map()] }, int(1)]), 'unsupported-value'],
    ['a set as a key', map([{ kind: 'frozenset', items: [int(1)] }, int(1)]), 'unsupported-value'],
    ['a hundred thousand lists in each other', nested(100_000), 'unsupported-value'],
  ])('refuses %s, and writes the next value all the same', (_, tree, reason) => {
    const writer = new MsgpackWriter()
    expect(() => emit(tree, writer)).toThrow(expect.objectContaining({ name: 'EncodeError', reason }))
    writer.reset()
    writer.int(1)
    expect([...writer.view()]).toEqual([1])
  })

  it('refuses a value over its bound before it takes the memory', () => {
    const writer = new MsgpackWriter({ maxBytes: 100_000 })
    const part = Buffer.alloc(60_000)
    writer.beginList(2)
    writer.bytes(part, 0, part.length)
    expect(() => writer.bytes(part, 0, part.length)).toThrow(expect.objectContaining({ reason: 'too-large' }))
  })

  it('does not hand out a value that is not finished', () => {
    const writer = new MsgpackWriter()
    expect(() => writer.view()).toThrow('not finished')
    writer.beginList(1)
    expect(() => writer.view()).toThrow('not finished')
    writer.null()
    writer.end()
    expect([...writer.view()]).toEqual([0x91, 0xc0])
    expect(() => writer.end()).toThrow('without a container')
  })
})

function nested(depth: number): Tree {
  let tree = list()
  for (let i = 1; i < depth; i++) tree = list(tree)
  return tree
}

/** Not recursive where only the first item of each list is one. */
function emit(tree: Tree, sink: ValueSink): void {
  let at = tree
  while (at.kind === 'list' && at.items[0]?.kind === 'list') {
    sink.beginList(1)
    at = at.items[0]
  }
  emitTree(at, sink)
}
