/** The pickle reader against CPython: every protocol, every kind of value, and bytes that are broken. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import { asDict, asList, asText, asTuple, classOf, field } from '../../../src/codec/pickle/navigate.js'
import { OPCODES } from '../../../src/codec/pickle/opcodes.js'
import { readPickle } from '../../../src/codec/pickle/read.js'
import type { Tree } from '../../../src/model/value.js'
import { cpythonPickles, inOneOrder, shown, treeOfPickle } from './oracle.js'

const SEED = 20_261_121

const integer = fc
  .oneof(
    fc.integer({ min: -70_000, max: 70_000 }).map(BigInt),
    fc.maxSafeInteger().map(BigInt),
    fc.bigInt({ min: -(2n ** 2100n), max: 2n ** 2100n }),
  )
  .map((value): Tree => {
    const small = Number(value)
    return { kind: 'int', value: Number.isSafeInteger(small) ? small : value }
  })
const loneSurrogate = Buffer.from([0xed, 0xbf, 0xbf])
const text = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: fc.constantFrom('\\', 'u', 'U', '0', '\n', '\r', "'", 'é', '界', '😀', '\0', '\x1a') }),
    fc.integer({ min: 250, max: 70_000 }).map((length) => 'x'.repeat(length)),
  )
  .map((value) => Buffer.from(value))
const scalar: fc.Arbitrary<Tree> = fc.oneof(
  fc.constant<Tree>({ kind: 'null' }),
  fc.boolean().map<Tree>((value) => ({ kind: 'bool', value })),
  integer,
  fc.double({ noNaN: true }).map<Tree>((value) => ({ kind: 'float', value })),
  text.map<Tree>((utf8) => ({ kind: 'text', utf8 })),
  text.map<Tree>((utf8) => ({ kind: 'text', utf8: Buffer.concat([utf8, loneSurrogate]) })),
  fc.uint8Array({ maxLength: 300 }).map<Tree>((array) => ({ kind: 'bytes', bytes: Buffer.from(array) })),
)
/** Keys that Python takes for different ones: `1`, `1.0` and `true` would be one key. */
const keys = fc.uniqueArray(
  fc.oneof(
    text.map<Tree>((utf8) => ({ kind: 'text', utf8 })),
    integer,
    fc.tuple(integer, integer).map<Tree>((items) => ({ kind: 'tuple', items })),
  ),
  { maxLength: 6, selector: shown },
)
const anyPythonTree = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium' },
    scalar,
    fc.uint8Array({ maxLength: 20 }).map<Tree>((array) => ({ kind: 'bytearray', bytes: Buffer.from(array) })),
    fc
      .tuple(fc.constantFrom('list' as const, 'tuple' as const), fc.array(tie('tree'), { maxLength: 6 }))
      .map<Tree>(([kind, items]) => ({ kind, items })),
    fc
      .tuple(fc.constantFrom('set' as const, 'frozenset' as const), keys)
      .map<Tree>(([kind, items]) => ({ kind, items })),
    fc.tuple(keys, fc.array(tie('tree'), { minLength: 6, maxLength: 6 })).map<Tree>(([all, values]) => ({
      kind: 'map',
      entries: all.map((key, i) => [key, values[i]!] as const),
    })),
  ),
})).tree

const trees = fc.sample(anyPythonTree, { seed: SEED, numRuns: 300 })
const many: Tree = {
  kind: 'list',
  items: Array.from({ length: 3000 }, (_, i): Tree => ({ kind: 'text', utf8: Buffer.from(`text ${i}`) })),
}
const EXPRESSIONS = [
  'shared()',
  '{"deep": [[[[{"a": (1, [2, {3}])}]]]]}',
  'Point(3, 1.0)',
  'Order("a", [1, 2])',
  '[Order("a", []), Color.RED, {(1, 2): frozenset({"x"})}, b"bytes", 2**70, -1.5, None, True]',
]
const oracle = cpythonPickles(EXPRESSIONS, [...trees, many])
const samples = [...oracle.expressions, ...oracle.trees.slice(0, 20)]
  .flat()
  .filter((bytes) => bytes !== undefined)

describe('the pickle reader', () => {
  it.each([0, 1, 2, 3, 4, 5])('reads what CPython writes with protocol %i', (protocol) => {
    const expected = [...trees, many]
    expect(oracle.trees).toHaveLength(expected.length)
    oracle.trees.forEach((pickles, i) => {
      expect(shown(inOneOrder(treeOfPickle(pickles[protocol]!)))).toBe(shown(inOneOrder(expected[i]!)))
    })
  })

  it('reads parts that are shared as often as they occur', () => {
    for (const bytes of oracle.expressions[0]!) {
      expect(shown(treeOfPickle(bytes!))).toBe('[["part"], ["part"], {"again": ["part"]}]')
    }
  })

  it('names the place of a cut, wherever it is', () => {
    const wrong: unknown[] = []
    let cuts = 0
    for (const sample of samples) {
      for (let length = 0; length < Math.min(sample.length, 1000); length++) {
        cuts++
        const error = thrownBy(() => readPickle(sample.subarray(0, length)))
        if (!(error instanceof DecodeError) || error.offset > length) wrong.push([sample, length, error])
      }
    }
    expect(wrong).toEqual([])
    expect(cuts).toBeGreaterThan(5000)
  })

  it('answers any other bytes with a value or a DecodeError', () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      )
      .map(([sample, changes]) => {
        const bytes = Buffer.from(sample)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        return bytes
      })
    fc.assert(
      fc.property(
        fc.oneof(
          damaged,
          fc.uint8Array().map((array) => Buffer.from(array)),
        ),
        (bytes) => {
          const error = thrownBy(() => treeOfPickle(bytes))
          if (error !== undefined) expect(error).toBeInstanceOf(DecodeError)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('takes no more than it is given from a length that lies', () => {
    const claims = Buffer.concat([Buffer.from([0x80, 4, 0x8e]), Buffer.alloc(8, 0x3f), Buffer.from('ab.')])
    expect(() => readPickle(claims)).toThrow(/bytes are wanted, 3 are left/)
    expect(() => readPickle(Buffer.from('\x80\x04\x8b\xff\xff\xff\x7f.', 'latin1'))).toThrow(DecodeError)
    expect(() => readPickle(Buffer.from('\x80\x04Kr\x05\xff\xff\xff\x7f.', 'latin1'))).toThrow(DecodeError)
    expect(() => readPickle(Buffer.from('\x80\x04Nr\xff\xff\xff\x7f.', 'latin1'))).toThrow(/memo index/)
  })

  it('ignores what follows the end, as pickle.loads does', () => {
    expect(shown(treeOfPickle(Buffer.from('\x80\x04K\x07.garbage', 'latin1')))).toBe('7')
  })

  it.each([
    ['PERSID', 'Pid\n.'],
    ['BINPERSID', 'NQ.'],
    ['EXT1', '\x80\x02\x82\x01.'],
    ['EXT2', '\x80\x02\x83\x01\x01.'],
    ['EXT4', '\x80\x02\x84\x01\x01\x01\x01.'],
    ['NEXT_BUFFER', '\x80\x05\x97.'],
    ['READONLY_BUFFER', '\x80\x05N\x98.'],
  ])('rejects %s by name', (name, bytes) => {
    expect(() => readPickle(Buffer.from(bytes, 'latin1'))).toThrow(`opcode ${name}`)
  })

  it.each([
    ['a byte that is no opcode', '\x80\x04\xff.', 2],
    ['a newer protocol', '\x80\x06N.', 0],
    ['text that is not UTF-8', '\x80\x04\x8c\x01\xff.', 4],
    ['half a surrogate', '\x80\x04\x8c\x02\xed\xa0.', 4],
    ['an empty stack', '\x80\x04.', 2],
    ['a memo entry never set', '\x80\x04h\x05.', 2],
    ['a mark that is left', '\x80\x04(N.', 4],
    ['an odd number of entries', '\x80\x04}(Nu.', 5],
    ['items for a number', '\x80\x04K\x01Na.', 5],
    ['a state for a list', '\x80\x04]}b.', 4],
    ['an integer that is none', 'Iabc\n.', 0],
    ['a Python 2 str that is not ASCII', 'U\x01\xe9.', 0],
  ])('refuses %s and says where', (_what, bytes, offset) => {
    const error = thrownBy(() => readPickle(Buffer.from(bytes, 'latin1')))
    expect(error).toBeInstanceOf(DecodeError)
    expect((error as DecodeError).offset).toBe(offset)
  })

  it('refuses integers that Python itself refuses to print', () => {
    const error = thrownBy(() => readPickle(Buffer.from(`L${'9'.repeat(5000)}L\n.`)))
    expect((error as DecodeError).reason).toBe('integer-too-large')
  })

  it.each([
    ['a list as a key', ']N}(]K\x01u.'],
    ['a dict inside a tuple as a key', '}}\x85K\x01s.'],
    ['a set as a member', '\x8f(\x8f\x90.'],
    ['a class without a name', 'capp\n\n.'],
    ['a class name that is not UTF-8', 'capp\nSt\xe9te\n.'],
    ['a float beyond all floats', 'F1e400\n.'],
    ['an integer with a zero in front', 'L01\n.'],
    ['an integer with an L where Python 2 wrote none', 'I12L\n.'],
    ['half a lone surrogate', '\x8c\x03\xed\xa0d.'],
    ['bytes that only begin like one', '\x8c\x03\xed\xfc\xbf.'],
    ['a call of an integer', 'K\x01)R0N.'],
    ['an instance of a text', 'U\x01a)\x810N.'],
  ])('refuses %s, as CPython does', (_, pickle) => {
    const bytes = Buffer.from(pickle, 'latin1')
    expect(() => treeOfPickle(bytes)).toThrow(DecodeError)
  })

  it.each([
    [
      'booleans of protocol 0 by their length, signs included',
      '(I01\nI+1\nI-0\nI-1\nl.',
      '[true, true, false, -1]',
    ],
    [
      'a set of a list that grew afterwards',
      ']q\x00K\x01ac__builtin__\nset\nh\x00\x85Rq\x010K\x02a0h\x01.',
      'set[1]',
    ],
    ['an escape that Python 2 does not know as its two characters', "S'a\\j'\n.", '"a\\\\j"'],
    ['a memo that goes on after a higher index', '](K\x07q\x05K\x08\x94eh\x01.', '8'],
    [
      'bytes whose call has one argument too many as that call',
      '](c_codecs\nencode\n(U\x01aU\x06latin1NtR0e.',
      '[]',
    ],
  ])('reads %s', (_, pickle, expected) => {
    expect(shown(treeOfPickle(Buffer.from(pickle, 'latin1')))).toBe(expected)
  })

  it('refuses bytes that were no bytes', () => {
    const party = 'c_codecs\nencode\n(X\x04\0\0\0\xf0\x9f\x8e\x89X\x06\0\0\0latin1tR.'
    expect(() => treeOfPickle(Buffer.from(party, 'latin1'))).toThrow('a character that latin-1 does not have')
  })

  it('refuses tuples as keys that stand for far more than their bytes, or are too deep, and is quick about it', () => {
    const doubled = Buffer.from(`})${'2\x86'.repeat(200)}Ns.`, 'latin1')
    const deep = Buffer.from(`})${'\x85'.repeat(200_000)}Ns.`, 'latin1')
    for (const bytes of [doubled, deep]) expect(() => treeOfPickle(bytes)).toThrow(DecodeError)
  })

  it('knows every opcode of CPython, each once', () => {
    expect(OPCODES).toHaveLength(68)
    expect(new Set(OPCODES.map(({ name }) => name)).size).toBe(68)
    expect(new Set(OPCODES.map(({ code }) => code)).size).toBe(68)
  })
})

describe('looking into a pickle', () => {
  const [, , points, orders] = oracle.expressions

  it.each([0, 1, 2, 3, 4, 5])('finds the fields of a NamedTuple, protocol %i', (protocol) => {
    const node = readPickle(points![protocol]!)
    expect(classOf(node)).toBe('app.state.Point')
    expect(asTuple(node)).toHaveLength(2)
    expect(asList(node)).toHaveLength(2)
    expect(asDict(node)).toBeUndefined()
  })

  it('finds entries by name, and nothing where there are none', () => {
    const node = readPickle(Buffer.from('\x80\x04}(\x8c\x01aK\x01\x8c\x01bK\x02\x8c\x01aK\x03u.', 'latin1'))
    expect(field(node, 'a')).toEqual({ kind: 'int', value: 3 })
    expect(field(node, 'c')).toBeUndefined()
    expect(field(readPickle(orders![4]!), 'sku')).toBeUndefined()
    expect(asText(node)).toBeUndefined()
  })
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
