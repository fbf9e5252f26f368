import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { EncodeError } from '../../../src/codec/bytes.js'
import { JsonbWriter } from '../../../src/codec/json/jsonb-write.js'
import { emitPythonJson } from '../../../src/codec/json/python-json.js'
import { emitJson } from '../../../src/codec/json/read.js'
import { emitTree } from '../../../src/codec/tree.js'
import type { Tree, ValueSink } from '../../../src/model/value.js'
import { sharedPostgres, sql } from '../../services/postgres.js'
import { anyJson } from '../any-json.js'
import { anyTree } from '../any-tree.js'
import { type Answer, jsonOracle, type Reader } from './oracle.js'

let ask: (op: Reader, texts: readonly Buffer[]) => Promise<readonly Answer[]>
beforeAll(async () => {
  ask = await jsonOracle()
})

const writer = new JsonbWriter()

function written(emit: (sink: JsonbWriter) => void): Buffer {
  writer.reset()
  emit(writer)
  return Buffer.from(writer.view())
}
const ofTree = (tree: Tree): string => written((sink) => emitTree(tree, sink)).toString()
const ofJson = (json: string): Buffer => {
  const text = Buffer.from(json)
  return written((sink) => emitJson(text, 0, text.length, sink))
}

const text = (value: string): Tree => ({ kind: 'text', utf8: Buffer.from(value) })
const int = (value: number | bigint): Tree => ({ kind: 'int', value })
const float = (value: number): Tree => ({ kind: 'float', value })
const map = (...entries: (readonly [Tree, Tree])[]): Tree => ({ kind: 'map', entries })

describe('a value as JSONB', () => {
  it('is the value that it was, where JSONB can hold it', async () => {
    const holdable = anyJson.filter((json) => !/NaN|Infinity|e400|\\u0000|\\u[dD]|\0/.test(json))
    await fc.assert(
      fc.asyncProperty(fc.array(holdable, { minLength: 40, maxLength: 60 }), async (some) => {
        const theirs = await ask(
          'cpython',
          some.map((json) => Buffer.from(json)),
        )
        expect(await ask('cpython', some.map(ofJson))).toEqual(theirs)
      }),
      { numRuns: 15 },
    )
  })

  it('is accepted by Postgres, whatever it holds', async () => {
    const server = await sharedPostgres()
    await fc.assert(
      fc.asyncProperty(fc.array(anyTree, { minLength: 60, maxLength: 60 }), async (trees) => {
        const [row] = await sql(server, 'SELECT count(t::jsonb)::int AS held FROM unnest($1::text[]) t', [
          trees.map(ofTree),
        ])
        expect(row).toEqual({ held: 60 })
      }),
      { numRuns: 15 },
    )
  })

  it('comes back from Postgres with every float a float and every integer exact', async () => {
    const server = await sharedPostgres()
    const numbers = [1, 0.1, 1e15, 1e16, 1e22, -1e300, 5e-324, 1e-7, 123456.789, Number.MAX_VALUE].map(float)
    const integers = [0, -1, 2 ** 53 - 1, 2n ** 63n, 10n ** 40n].map(int)
    const json = ofTree({ kind: 'list', items: [...numbers, ...integers] })
    const [row] = await sql<{ back: string }>(server, 'SELECT ($1::jsonb)::text AS back', [json])
    const [before, after] = await ask('cpython', [Buffer.from(json), Buffer.from(row!.back)])
    expect(after).toEqual(before)
    expect(JSON.stringify(before).match(/"float"/g)).toHaveLength(numbers.length)
  })
})

describe('what JSONB cannot hold', () => {
  it('is repaired and counted', () => {
    const surrogate: Tree = { kind: 'text', utf8: Buffer.from([0x61, 0xed, 0xa0, 0x80, 0xed, 0x9f, 0xbf]) }
    const json = ofTree(
      map([
        text('a\0b'),
        { kind: 'list', items: [text('\0'), surrogate, float(Number.NaN), float(-1 / 0), float(-0)] },
      ]),
    )
    expect(json).toBe('{"ab":["","a?\ud7ff",null,null,-0.0]}')
    expect(writer.repairs).toEqual({ nulsRemoved: 2, notANumber: 2, surrogatesReplaced: 1 })
    writer.reset()
    expect(writer.repairs).toEqual({ nulsRemoved: 0, notANumber: 0, surrogatesReplaced: 0 })
  })

  it('keeps every other control character, quote and backslash', () => {
    const all = String.fromCharCode(...Array.from({ length: 0x80 }, (_, code) => code + 1), 0x2028)
    expect(JSON.parse(ofTree(text(all)))).toBe(all)
    expect(writer.repairs.nulsRemoved).toBe(0)
  })

  it('past a limit of size is refused as too large', () => {
    const tooLarge = expect.objectContaining({ reason: 'too-large' })
    expect(() => written((sink) => sink.int(10n ** 4300n))).toThrow(tooLarge)
    expect(() => written((sink) => sink.text(Buffer.alloc(8), 0, 0x10000000))).toThrow(tooLarge)
    expect(() => written((sink) => sink.text(Buffer.alloc(8), 0, 0x10000000))).toThrow(EncodeError)
    expect(written((sink) => sink.null()).toString()).toBe('null') // and the writer can go on
  })
})

describe('keys that are no text', () => {
  it('become the text that json.dumps makes of them', () => {
    const keys: readonly (readonly [Tree, string])[] = [
      [int(1), '1'],
      [int(-(2n ** 70n)), '-1180591620717411303424'],
      [float(1), '1.0'],
      [float(1e22), '1e+22'],
      [float(1e16), '1e+16'],
      [float(123456789012345), '123456789012345.0'],
      [float(0.0001), '0.0001'],
      [float(0.00001), '1e-05'],
      [float(1.5e-7), '1.5e-07'],
      [float(-0), '-0.0'],
      [float(Number.NaN), 'NaN'],
      [{ kind: 'bool', value: true }, 'true'],
      [{ kind: 'null' }, 'null'],
    ]
    for (const [key, name] of keys) expect(ofTree(map([key, int(1)])), name).toBe(`{"${name}":1}`)
    expect(writer.repairs.notANumber).toBe(0)
  })

  it('a tuple, a set or bytes become their JSON', () => {
    const tuple: Tree = { kind: 'tuple', items: [int(1), text('a"'), { kind: 'tuple', items: [] }] }
    expect(JSON.parse(ofTree(map([tuple, int(1)], [text('b'), int(2)])))).toEqual({
      '[1,"a\\"",[]]': 1,
      b: 2,
    })
    const bytes: Tree = { kind: 'bytes', bytes: Buffer.from('hi') }
    expect(JSON.parse(ofTree(map([bytes, map([tuple, bytes])])))).toEqual({
      '{"__bytes__":"aGk="}': { '[1,"a\\"",[]]': { __bytes__: 'aGk=' } },
    })
  })
})

describe('objects', () => {
  const human = {
    lc: 1,
    type: 'constructor',
    id: ['langchain', 'schema', 'messages', 'HumanMessage'],
    kwargs: { content: 'hi', type: 'human', id: 'h1' },
  }
  const envelope = (id: string, parts: object) => ({
    lc: 2,
    type: 'constructor',
    id: id.split('.'),
    ...parts,
  })

  it.each([
    ['a message', human],
    [
      'a document',
      { ...human, id: ['langchain', 'schema', 'document', 'Document'], kwargs: { page_content: 'p' } },
    ],
    ['a set', envelope('builtins.set', { args: [['a', 1]] })],
    ['a frozenset in a list', [envelope('builtins.frozenset', { args: [['a']] })]],
    ['a Decimal', { v: envelope('decimal.Decimal', { args: ['1.10'] }) }],
    ['a date', envelope('datetime.date', { args: [2020, 1, 1] })],
    ['a Send with a message', envelope('langgraph.types.Send', { kwargs: { node: 'n', arg: [human] } })],
    ['an Interrupt', envelope('langgraph.types.Interrupt', { kwargs: { value: 'q', id: 'abc' } })],
    ['a delta snapshot', { __delta_snapshot__: true, value: [1] }],
    [
      'a dataclass',
      envelope('python_json_types.Customer', { kwargs: { name: 'Ana', address: null, tags: [] } }),
    ],
  ])('%s is written as the official Redis reader reads it back', async (_, json) => {
    const original = Buffer.from(JSON.stringify(json))
    const jsonb = written((sink) => emitPythonJson(original, 0, original.length, sink))
    const [before, after] = await ask('redis-channel', [original, jsonb])
    expect(after).toEqual(before)
    expect(JSON.stringify(before)).not.toContain(Buffer.from('constructor').toString('hex'))
  })

  it('with a method or an odd name are written readably, in ASCII and without NUL', () => {
    const head = { form: 'method', module: 'datetime', name: 'datetime', method: 'fromisoformat' } as const
    expect(ofTree({ kind: 'object', head, body: text('2024-01-01') })).toBe(
      '{"lc":2,"type":"constructor","id":["datetime","datetime"],"method":"fromisoformat","args":["2024-01-01"]}',
    )
    const odd = { form: 'keywords', module: 'ä.\0b', name: 'C"\ud800' } as const
    expect(ofTree({ kind: 'object', head: odd, body: map() })).toBe(
      '{"lc":2,"type":"constructor","id":["\\u00e4","b","C\\"?"],"kwargs":{}}',
    )
  })
})

describe('a writer', () => {
  it('puts JSON together by hand', () => {
    const json = written((sink) => {
      sink.beginMap(-1)
      sink.key('v')
      sink.int(4)
      sink.key('channel_values')
      sink.beginMap(-1)
      sink.key('a"b')
      sink.string('é')
      sink.end()
      sink.key('pending')
      sink.beginList(-1)
      sink.end()
      sink.end()
    })
    expect(json.toString()).toBe('{"v":4,"channel_values":{"a\\"b":"é"},"pending":[]}')
  })

  it('shows nothing unfinished, and begins anew after a failure', () => {
    writer.reset()
    expect(() => writer.view()).toThrow()
    writer.beginMap(1)
    expect(() => writer.view()).toThrow()
    expect(ofTree(map([text('a'), int(1)]))).toBe('{"a":1}')
  })

  it('grows with the value', () => {
    const long = 'x"\n'.repeat(40_000)
    const emit = (sink: ValueSink) => emitTree({ kind: 'list', items: [text(long), text(long)] }, sink)
    expect(JSON.parse(written(emit).toString())).toEqual([long, long])
  })
})
