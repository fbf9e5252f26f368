import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { DecodeError } from '../../../src/codec/bytes.js'
import {
  elements,
  emitJson,
  jsonString,
  members,
  plainJsonValue,
  skipJson,
} from '../../../src/codec/json/read.js'
import { treeOf } from '../../../src/codec/tree.js'
import { anyJson, anyJsonString } from '../any-json.js'
import { type Answer, jsonOracle, type Reader, spelled, treeBy } from './oracle.js'

let ask: (op: Reader, texts: readonly Buffer[]) => Promise<readonly Answer[]>
beforeAll(async () => {
  ask = await jsonOracle()
})

/** What we make of a text, spelled as the oracle spells it. */
function ours(text: Buffer): Answer {
  try {
    return { value: spelled(treeBy((sink) => emitJson(text, 0, text.length, sink))) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { refused: error.message }
  }
}

const texts = fc.array(anyJson, { minLength: 40, maxLength: 60 })

describe('a JSON text', () => {
  it('is read as CPython reads it', async () => {
    await fc.assert(
      fc.asyncProperty(texts, async (some) => {
        const buffers = some.map((text) => Buffer.from(text))
        expect(buffers.map(ours)).toEqual(await ask('cpython', buffers))
      }),
      { numRuns: 30 },
    )
  })

  it('is read as orjson reads it, where that has no 64-bit bound and no NaN', async () => {
    const strict = anyJson.filter((text) => !/NaN|Inf|e400|\d{17}|\\ud|\\uD/.test(text))
    await fc.assert(
      fc.asyncProperty(fc.array(strict, { minLength: 40, maxLength: 60 }), async (some) => {
        const buffers = some.map((text) => Buffer.from(text))
        expect(buffers.map(ours)).toEqual(await ask('orjson', buffers))
      }),
      { numRuns: 10 },
    )
  })

  it('with a wrong byte is refused where CPython refuses it, and else read alike', async () => {
    const broken = fc
      .tuple(anyJson, fc.nat(), fc.constantFrom(...'"\\,:{}[]0-+.eEtn\u00ff '))
      .map(([text, at, byte]) => {
        const bytes = Buffer.from(text)
        if (bytes.length > 0) bytes[at % bytes.length] = byte.charCodeAt(0)
        return bytes
      })
    await fc.assert(
      fc.asyncProperty(fc.array(broken, { minLength: 40, maxLength: 60 }), async (buffers) => {
        const theirs = await ask('cpython', buffers)
        buffers.forEach((text, i) => {
          const our = ours(text)
          // of a key that comes twice only the last value is looked at
          if (
            our.refused === undefined &&
            theirs[i]!.refused !== undefined &&
            /"(?:a|\\u0061|b|lc|__x__)?"/.test(text.toString())
          )
            return
          expect(our.refused === undefined ? our : 'refused', text.toString()).toEqual(
            theirs[i]!.refused === undefined ? theirs[i] : 'refused',
          )
        })
      }),
      { numRuns: 30 },
    )
  })

  it('cut anywhere is refused, and its offset lies inside', () => {
    fc.assert(
      fc.property(anyJson, (json) => {
        const text = Buffer.from(`[${json}]`)
        for (let end = 0; end < text.length; end++) {
          const read = () => emitJson(text.subarray(0, end), 0, end, nowhere())
          expect(read).toThrow(DecodeError)
          const inPlace = () => emitJson(text, 0, end, nowhere())
          expect(inPlace).toThrow(DecodeError)
          expect(offsetOf(inPlace)).toBeLessThanOrEqual(end)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('with something after its end is refused at that place', () => {
    for (const [text, offset] of [
      ['{} x', 3],
      ['1 2', 2],
      ['"a"]', 3],
      ['[1]]', 3],
      ['null,', 4],
    ] as const) {
      expect(offsetOf(() => emitJson(Buffer.from(text), 0, text.length, nowhere()))).toBe(offset)
    }
  })

  it('with a wrong value under a key that comes again is refused, as CPython does', async () => {
    const texts = [
      '{"a":01,"a":1}',
      '{"a":[{"b":"\\x"}],"a":1}',
      '{"a":{"b":1,"b":tru},"c":2,"a":{"b":1}}',
    ].map((text) => Buffer.from(text))
    expect((await ask('cpython', texts)).every(({ refused }) => refused !== undefined)).toBe(true)
    for (const text of texts) expect(ours(text).refused).toBeDefined()
    expect(ours(Buffer.from('{"a":[{"b":{}}],"c":[1],"a":{"d":[2]}}'))).toEqual(
      ours(Buffer.from('{"a":{"d":[2]},"c":[1]}')),
    )
  })

  it('counts the offset of an error from where the value starts', () => {
    const text = Buffer.from('xxxx[1,tru]')
    expect(offsetOf(() => emitJson(text, 4, text.length, nowhere()))).toBe(3)
  })

  it('that is not UTF-8 is refused at the bad byte', () => {
    const text = Buffer.concat([Buffer.from('["hé €", "'), Buffer.from([0xc3, 0x28]), Buffer.from('"]')])
    expect(offsetOf(() => emitJson(text, 0, text.length, nowhere()))).toBe(13)
  })

  it('keeps strings without escapes as ranges of itself', () => {
    const text = Buffer.from('["plain","with \\n"]')
    const sources: Buffer[] = []
    const sink = { ...nowhere(), text: (source: Buffer) => sources.push(source), beginList() {}, end() {} }
    emitJson(text, 0, text.length, sink as never)
    expect(sources[0]).toBe(text)
    expect(sources[1]).not.toBe(text)
  })

  it('keeps integers exact and apart from floats', () => {
    const text = Buffer.from('[9007199254740993, 1.0, 1, -0, -0.0, 1e2, 123456789012345678901234567890]')
    expect(treeOf(plainJsonValue(text, 0, text.length))).toMatchObject({
      items: [
        { kind: 'int', value: 9007199254740993n },
        { kind: 'float', value: 1 },
        { kind: 'int', value: 1 },
        { kind: 'int', value: 0 },
        { kind: 'float', value: -0 },
        { kind: 'float', value: 100 },
        { kind: 'int', value: 123456789012345678901234567890n },
      ],
    })
  })

  it('with an integer longer than Python reads is refused as too large', () => {
    const read = (digits: number) => {
      const text = Buffer.from(`[${'9'.repeat(digits)}]`)
      emitJson(text, 0, text.length, nowhere())
    }
    expect(() => read(4300)).not.toThrow()
    expect(() => read(4301)).toThrow(expect.objectContaining({ reason: 'too-large' }))
  })

  it('nested a thousand deep is read; deeper or bottomless it is refused', () => {
    const nested = (depth: number, open: string, close: string) => {
      const text = Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}`)
      emitJson(text, 0, text.length, nowhere())
    }
    expect(() => nested(1000, '[', ']')).not.toThrow()
    expect(() => nested(1000, '{"a":', '}')).not.toThrow()
    expect(() => nested(1001, '[', ']')).toThrow(DecodeError)
    expect(() => nested(1_000_000, '[{"a":', '')).toThrow(DecodeError)
  })

  it('with more values than allowed is refused as too large', () => {
    const text = Buffer.from(`[${'1,'.repeat(20)}1]`)
    const read = () => emitJson(text, 0, text.length, nowhere(), { maxDepth: 10, maxItems: 15 })
    expect(read).toThrow(expect.objectContaining({ reason: 'too-large' }))
  })
})

describe('walking without decoding', () => {
  it('finds the end of every value', () => {
    fc.assert(
      fc.property(anyJson, (json) => {
        const text = Buffer.from(`${json.trim()},"next"`)
        expect(skipJson(text, 0)).toBe(text.length - 7)
      }),
    )
  })

  it('gives the members of an object and the elements of an array by their ranges', () => {
    const member = fc.tuple(anyJsonString, anyJson)
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), (some) => {
        const object = Buffer.from(` {${some.map(([key, value]) => `${key}:${value}`).join(',')} } `)
        const found: [string, string][] = []
        for (const m = members(object, 1); m.next(); ) {
          found.push([object.toString('utf8', m.keyStart, m.keyEnd), object.toString('utf8', m.start, m.end)])
        }
        expect(found).toEqual(some.map(([key, value]) => [key, value.trim()]))

        const array = Buffer.from(`[${some.map(([, value]) => value).join(',')} ]`)
        const items: string[] = []
        const walk = elements(array, 0)
        while (walk.next()) items.push(array.toString('utf8', walk.start, walk.end))
        expect(items).toEqual(some.map(([, value]) => value.trim()))
        expect(walk.end).toBe(array.length)
        expect(walk.next()).toBe(false)
      }),
    )
  })

  it('tells a key by its name', () => {
    const walk = members(Buffer.from('{"checkpoint":{},"checkpoint_ns":""}'), 0)
    walk.next()
    expect([walk.keyIs('checkpoint'), walk.keyIs('checkpoint_ns'), walk.keyIs('')]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('refuses what is cut or is not there', () => {
    for (const text of ['', ' ', '{', '["a', '"abc', '"abc\\"', '{"a":[1}', ',', ']']) {
      expect(() => skipJson(Buffer.from(text), 0), text).toThrow(DecodeError)
    }
    expect(() => members(Buffer.from('[]'), 0)).toThrow(DecodeError)
    expect(() => members(Buffer.from('{"a" 1}'), 0).next()).toThrow(DecodeError)
    expect(() => members(Buffer.from('{1:1}'), 0).next()).toThrow(DecodeError)
  })

  it('reads a string as JavaScript does, lone surrogates included', () => {
    fc.assert(
      fc.property(anyJsonString, (json) => {
        const text = Buffer.from(`[${json}]`)
        expect(jsonString(text, 1, text.length - 1)).toBe(JSON.parse(json))
      }),
    )
    expect(() => jsonString(Buffer.from('12'), 0, 2)).toThrow(DecodeError)
  })
})

function nowhere() {
  return new (class {
    null() {}
    bool() {}
    int() {}
    float() {}
    text() {}
    bytes() {}
    bytearray() {}
    beginList() {}
    beginTuple() {}
    beginSet() {}
    beginMap() {}
    beginObject() {}
    end() {}
  })()
}

function offsetOf(read: () => void): number | undefined {
  try {
    read()
  } catch (error) {
    if (error instanceof DecodeError) return error.offset
    throw error
  }
  return undefined
}
