/** The msgpack reader: what official savers wrote, and what nobody should have. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import { checkMsgpack, emitMsgpack, msgpackValue } from '../../../src/codec/msgpack/read.js'
import { MsgpackWriter } from '../../../src/codec/msgpack/write.js'
import { TreeBuilder, treeOf } from '../../../src/codec/tree.js'
import type { Tree } from '../../../src/model/value.js'
import { type MsgpackOracle, msgpackOracle } from './oracle.js'

const fromHex = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const read = (hex: string): Tree => treeOf(msgpackValue(fromHex(hex)))
const rewritten = (bytes: Buffer): string => {
  const writer = new MsgpackWriter()
  msgpackValue(bytes).emit(writer)
  return writer.view().toString('hex')
}
const ext = (code: number, payload: Buffer): Buffer => {
  const header = Buffer.from([0xc9, 0, 0, 0, 0, code])
  header.writeUInt32BE(payload.length, 1)
  return Buffer.concat([header, payload])
}

/** Blobs that real savers left in Postgres, one at least of every class and first byte. */
const samples = readFileSync(new URL('../../../fixtures/codec/msgpack.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { from: string; channel: string; msgpack: string })
  .map(({ from, channel, msgpack }) => ({
    name: `${channel} of ${from}`,
    bytes: Buffer.from(msgpack, 'base64'),
  }))

describe('msgpack of real savers', () => {
  it.each(samples)('reads and writes back $name', ({ bytes }) => {
    checkMsgpack(bytes, 0, bytes.length)
    expect(rewritten(bytes)).toBe(bytes.toString('hex'))
  })

  it.each(samples)('refuses $name cut at any byte, and any byte too many', ({ bytes }) => {
    for (let end = 0; end < bytes.length; end++) {
      expect(() => checkMsgpack(bytes, 0, end), `cut at ${end}`).toThrow(DecodeError)
    }
    expect(() => checkMsgpack(Buffer.concat([bytes, Buffer.of(0)]), 0, bytes.length + 1)).toThrow(
      '1 bytes after the end',
    )
  })

  it('reads or refuses any damaged sample, and never fails in another way', () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.nat(), fc.nat(255), ({ bytes }, place, byte) => {
        const damaged = Buffer.from(bytes)
        damaged[place % bytes.length] = byte
        try {
          emitMsgpack(damaged, 0, damaged.length, new TreeBuilder())
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError)
          expect((error as DecodeError).offset).toBeLessThanOrEqual(damaged.length)
        }
      }),
      { numRuns: 5000 },
    )
  })

  it('reads only its own range of a larger buffer', () => {
    const buffer = fromHex('c1 93 01 02 03 c1')
    const tree = new TreeBuilder()
    emitMsgpack(buffer, 1, 5, tree)
    expect(tree.result()).toMatchObject({ kind: 'list', items: { length: 3 } })
    expect(() => emitMsgpack(buffer, 1, 4, new TreeBuilder())).toThrow(expect.objectContaining({ offset: 1 }))
  })

  const corpus = new URL('../../../../shared/corpus', import.meta.url).pathname
  it.runIf(existsSync(corpus))(
    'reads and writes back every msgpack blob and write of the full corpora',
    () => {
      const files = readdirSync(corpus, { recursive: true, encoding: 'utf8' }).filter((path) =>
        /golden.*\.jsonl$/.test(path),
      )
      let identical = 0
      for (const line of files.flatMap((path) =>
        readFileSync(join(corpus, path), 'utf8').trim().split('\n'),
      )) {
        const row = JSON.parse(line) as { type?: string; blob?: string }
        if (row.type !== 'msgpack' || row.blob === undefined) continue
        const bytes = Buffer.from(row.blob, 'base64')
        expect(rewritten(bytes)).toBe(bytes.toString('hex'))
        identical++
      }
      expect(identical).toBeGreaterThan(9000)
    },
    60_000,
  )
})

describe('msgpack of the official serializer', () => {
  let oracle: MsgpackOracle
  beforeAll(async () => {
    oracle = await msgpackOracle()
  })

  it('reads and writes back one value of every kind', async () => {
    const written = await oracle.samples()
    const msgpack = Object.entries(written).filter(([, [type]]) => type === 'msgpack')
    expect(msgpack.length).toBeGreaterThan(30)
    for (const [name, [, hex]] of msgpack) expect(rewritten(fromHex(hex)), name).toBe(hex)
  }, 60_000)
})

describe('the msgpack reader', () => {
  it.each<[string, string, Tree]>([
    ['the largest integer', 'cf ffffffffffffffff', { kind: 'int', value: 2n ** 64n - 1n }],
    ['the smallest', 'd3 8000000000000000', { kind: 'int', value: -(2n ** 63n) }],
    [
      'an integer that fits a number as a number',
      'd3 ffe0000000000001',
      { kind: 'int', value: -(2 ** 53) + 1 },
    ],
    ['one in a longer form than it needs', 'cd 0001', { kind: 'int', value: 1 }],
    ['a short float', 'ca 3fc00000', { kind: 'float', value: 1.5 }],
    ['a whole float as a float', 'cb 3ff0000000000000', { kind: 'float', value: 1 }],
    [
      'a tuple as a key',
      '81 92 01 91 02 c0',
      {
        kind: 'map',
        entries: [
          [
            {
              kind: 'tuple',
              items: [
                { kind: 'int', value: 1 },
                { kind: 'tuple', items: [{ kind: 'int', value: 2 }] },
              ],
            },
            { kind: 'null' },
          ],
        ],
      },
    ],
    ['a set', 'd8 00 93a86275696c74696e73a37365749101', { kind: 'set', items: [{ kind: 'int', value: 1 }] }],
    [
      'an object with its method, which stands last',
      'c735 03 94a86461746574696d65a86461746574696d65b3323032342d30312d30325430303a30303a3030ad66726f6d69736f666f726d6174',
      {
        kind: 'object',
        head: { form: 'method', module: 'datetime', name: 'datetime', method: 'fromisoformat' },
        body: { kind: 'text', utf8: Buffer.from('2024-01-02T00:00:00') },
      },
    ],
  ])('reads %s', (_, hex, tree) => {
    expect(read(hex)).toEqual(tree)
  })

  it('finds a method with a name of over 31 bytes behind the body', () => {
    const method = 'm'.repeat(40)
    const payload = Buffer.concat([fromHex('94 a161 a142 92 a3616263 01 d928'), Buffer.from(method)])
    const bytes = ext(3, payload)
    expect(treeOf(msgpackValue(bytes))).toMatchObject({ head: { module: 'a', name: 'B', method } })
  })

  it.each<[string, string, string]>([
    ['an extension code that LangGraph does not have', 'd4 08 c0', 'unknown extension code 8'],
    ['a negative one', 'd4 ff c0', 'unknown extension code -1'],
    ['an object that is no array', 'd4 00 c0', 'another shape'],
    ['an object without a name', 'd5 00 91 c0', 'another shape'],
    ['an object whose name is a number', 'd6 00 93 a161 01', 'another shape'],
    ['an object of four items where three belong', 'd7 00 94 a161 a162 01 02 00', 'another shape'],
    ['positional arguments that are no list', 'c706 01 93 a161 a162 c0', 'another shape'],
    ['keywords that are no map', 'c706 02 93 a161 a162 90', 'another shape'],
    ['pydantic fields that are no map', 'c708 05 94 a161 a162 01 a163', 'another shape'],
    ['an empty method', 'c707 05 94 a161 a162 80 a0', 'another shape'],
    ['an empty method in a longer header', 'd7 05 94 a161 a162 80 d900', 'another shape'],
    ['a method that is a number', 'c707 03 94 a161 a162 01 02', 'another shape'],
    ['a body after which the method does not begin', 'c708 03 94 a161 a162 01 01 a163', 'another shape'],
    ['bytes after the body inside an object', 'c707 00 93 a161 a162 01 01', 'another shape'],
    ['an array of numpy of three items', 'd5 06 93 c0', 'another shape'],
    ['an array of numpy without bytes', 'c707 06 94 a161 90 a143 c0', 'another shape'],
    ['an object that reaches past its end', 'c706 00 93 a161 a162 91 02', 'ends inside a value'],
    ['the byte that msgpack never uses', '91 c1', 'byte c1'],
    ['text that is not UTF-8', 'a1 ff', 'not UTF-8'],
    ['a lone surrogate', 'a3 eda080', 'not UTF-8'],
    ['a map as a key', '81 80 c0', 'a map as a key'],
    ['an object as a key', '81 d507 9101 c0', 'an object as a key'],
    ['a second value', '01 02', '1 bytes after the end'],
    ['nothing at all', '', 'ends inside a value'],
  ])('refuses %s', (_, hex, message) => {
    const bytes = fromHex(hex)
    expect(() => checkMsgpack(bytes, 0, bytes.length)).toThrow(DecodeError)
    expect(() => checkMsgpack(bytes, 0, bytes.length)).toThrow(message)
  })

  it.each<[string, string]>([
    ['an array', 'dd ffffffff'],
    ['a map', 'df ffffffff'],
    ['a text', 'db ffffffff'],
    ['bytes', 'c6 ffffffff'],
    ['an object', 'c9 ffffffff 00'],
    ['a map of as many keys as there are bytes', '82 0102'],
  ])('refuses %s that claims more than is there before it begins to read it', (_, hex) => {
    const begun: string[] = []
    const sink = new TreeBuilder()
    sink.beginList = () => begun.push('list')
    sink.beginMap = () => begun.push('map')
    const bytes = fromHex(hex)
    expect(() => emitMsgpack(bytes, 0, bytes.length, sink)).toThrow('ends inside a value')
    expect(begun).toEqual([])
  })

  it('says at which byte it stopped', () => {
    expect(() => read('93 01 a1ff 02')).toThrow(expect.objectContaining({ offset: 3 }))
  })

  it('refuses a million containers in each other without running out of stack', () => {
    const deep = Buffer.alloc(1_000_000, 0x91)
    expect(() => checkMsgpack(deep, 0, deep.length)).toThrow(
      expect.objectContaining({ name: 'DecodeError', reason: 'unsupported-value' }),
    )
  })

  it('refuses ten thousand objects in each other, and reads four hundred', () => {
    const chain = (depth: number): Buffer => {
      let bytes: Buffer = Buffer.of(0xc0)
      for (let i = 0; i < depth; i++) bytes = ext(7, bytes)
      return bytes
    }
    const deep = chain(10_000)
    expect(() => checkMsgpack(deep, 0, deep.length)).toThrow(expect.objectContaining({ name: 'DecodeError' }))
    const shallow = chain(400)
    expect(() => checkMsgpack(shallow, 0, shallow.length)).not.toThrow()
  })

  it('refuses more values than its limit', () => {
    const bytes = fromHex('94 01 02 03 04')
    expect(() =>
      emitMsgpack(bytes, 0, bytes.length, new TreeBuilder(), { maxDepth: 10, maxItems: 4 }),
    ).toThrow(expect.objectContaining({ reason: 'too-large' }))
  })
})
