/** Lists that begin with what was written before: whatever is taken over, the rows are those of decoding every value whole. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pythonJsonValue } from '../../src/codec/json/python-json.js'
import { PythonTyped } from '../../src/codec/python-typed.js'
import { DIALECTS } from '../../src/convert/dialects.js'
import type { Finding } from '../../src/model/finding.js'
import { UNKNOWN_THREAD } from '../../src/model/rows.js'
import { type Case, fixtures, fullCorpora } from '../corpus/cases.js'
import { keysOf, prefixesOf, type Reading, readKeys } from '../layouts/read-case.js'

/** Everything that comes of a thread, in its order. */
function made({ checkpoints, writes, channelValues }: Reading, plain: boolean, copiesBytes: number) {
  const rows: unknown[] = []
  const threads = new Set([...checkpoints, ...writes].map(({ threadId }) => threadId))
  for (const threadId of threads) {
    const keep = (row: object) =>
      rows.push(
        Object.entries(row).map(([name, part]) => [
          name,
          Buffer.isBuffer(part) ? part.toString('base64') : part,
        ]),
      )
    const findings: Finding[] = []
    const converter = DIALECTS.python(
      threadId,
      UNKNOWN_THREAD,
      { checkpointRow: keep, blobRow: keep, writeRow: keep },
      (finding) => findings.push(finding),
      { allowOlderHead: false, copiesBytes, plain },
    )
    for (const checkpoint of checkpoints)
      if (checkpoint.threadId === threadId) converter.checkpoint(checkpoint)
    for (const write of writes) if (write.threadId === threadId) converter.write(write)
    for (const value of channelValues) if (value.threadId === threadId) converter.channelValue(value)
    const { classes, ...rest } = converter.end()
    rows.push(rest, [...classes].sort(), findings)
  }
  return rows
}

const cases = [...fixtures(), ...fullCorpora()].filter(({ family }) => family === 'python')

describe('the rows of a database', () => {
  it.each(
    cases.map((one): [string, Case] => [
      `${one.name} (${one.folder.includes('shared') ? 'full' : 'small'})`,
      one,
    ]),
  )('are the same where the beginning of a list is taken over: %s', (_, one) => {
    const reading = readKeys(keysOf(one), prefixesOf(one))
    const plain = made(reading, true, 4_000_000)
    expect(plain.length).toBeGreaterThan(0)
    expect(made(reading, false, 4_000_000)).toEqual(plain)
    // With room for hardly anything.
    expect(made(reading, false, 2000)).toEqual(plain)
  })
})

describe('a list that goes on', () => {
  const item = fc.oneof(
    // Integers over 64 bits have no msgpack.
    fc.jsonValue().filter((json) => !/\d{19}/.test(JSON.stringify(json))),
    fc.integer(),
    fc.string({ unit: 'binary' }).map((text) => ({
      lc: 1,
      type: 'constructor',
      id: ['langchain', 'schema', 'messages', 'HumanMessage'],
      kwargs: { content: text, type: 'human' },
    })),
    fc.constantFrom(
      { lc: 2, type: 'constructor', id: ['builtins', 'set'], args: [[1, 'a']] },
      { __bytes__: 'aGk=' },
    ),
  )

  const encoded = (typed: PythonTyped, text: Buffer, earlier?: Buffer) => {
    const notes: string[] = []
    const value = pythonJsonValue(text, 0, text.length)
    const note = { note: (reason: string, detail: string) => notes.push(`${reason} ${detail}`) }
    const before = earlier && {
      json: earlier,
      reading: value.reading!,
      msgpack: Buffer.from(typed.of(pythonJsonValue(earlier, 0, earlier.length)).bytes),
    }
    const { type, bytes } = typed.of(value, note, before)
    return { type, bytes: bytes.toString('hex'), notes }
  }

  it('is what it is when read from its beginning, in one spelling or another', () => {
    const spaced = fc.constantFrom(undefined, 1)
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 20 }),
        fc.array(item, { maxLength: 4 }),
        spaced,
        (old, more, space) => {
          const earlier = Buffer.from(JSON.stringify(old, null, space))
          const text = Buffer.from(JSON.stringify([...old, ...more], null, space))
          expect(encoded(new PythonTyped(), text, earlier)).toEqual(encoded(new PythonTyped(), text))
        },
      ),
      { numRuns: 300, seed: 6 },
    )
  })

  it.each([
    ['[1]', '[12]'],
    ['[1]', '[1.5]'],
    ['[]', '[1]'],
    ['[]', '[]'],
    ['["a"]', '["a","b"]'],
    ['["a"]', '["a" ,"b"]'],
    ['[[1]]', '[[1,2]]'],
    ['[[1]]', '[[1],2]'],
    ['[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]', '[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]'],
    ['[1,2]', '[1]'],
    ['[1,2]', '[3,2,1]'],
  ])('does not take one for the other: %s, %s', (earlier, text) => {
    const whole = encoded(new PythonTyped(), Buffer.from(text))
    expect(encoded(new PythonTyped(), Buffer.from(text), Buffer.from(earlier))).toEqual(whole)
  })

  it('says what is wrong behind the shared items', () => {
    const [earlier, text] = ['["a"]', '["a",nul]'].map((json) => Buffer.from(json))
    expect(() => encoded(new PythonTyped(), text!, earlier)).toThrow('no value begins here')
    expect(() => encoded(new PythonTyped(), text!)).toThrow('no value begins here')
  })

  it('is taken over only when it was: the new items alone are decoded', () => {
    const [earlier, text] = ['["a"]', '["a","b"]'].map((json) => Buffer.from(json))
    const value = pythonJsonValue(text!, 0, text!.length)
    // What stands for the first item here is another than the JSON says.
    const msgpack = Buffer.from('91a17a', 'hex')
    const { bytes } = new PythonTyped().of(value, undefined, {
      json: earlier!,
      reading: value.reading!,
      msgpack,
    })
    expect(bytes.toString('hex')).toBe('92a17aa162')
  })
})
