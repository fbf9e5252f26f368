/** Key patterns of layout files: a key splits into what it was made of, and a pattern that cannot work says why. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyPattern, type PatternParts, patternItems } from '../../../src/layouts/keys/key-pattern.js'

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const uuid = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((groups) => groups.join('-'))
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  fc
    .array(fc.oneof(fc.constantFrom(':', '$', '|', '/', '%', '{', '}', ' ', 'a', '-3'), uuid), {
      minLength: 1,
    })
    .map((parts) => parts.join('')),
)
/** Names of nodes hold neither of these; a namespace below the root ends in a task's UUID. */
const node = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((name) => !/[|:]/.test(name))
const nested = fc
  .array(
    fc.tuple(node, uuid).map(([name, id]) => `${name}:${id}`),
    { minLength: 1, maxLength: 3 },
  )
  .map((parts) => parts.join('|'))

describe('a key made of a pattern', () => {
  const plain = { escaping: 'none', emptyNs: [''] } as const

  it('gives back any thread id, the root namespace and all that follows it', () => {
    const pattern = keyPattern('w:{thread}:{ns}:{id}:{task}:{idx}', plain)
    fc.assert(
      fc.property(text, uuid, uuid, fc.integer({ min: -4, max: 999 }), (thread, id, task, idx) => {
        const parts = { thread, ns: '', id, task, idx: String(idx) }
        const key = pattern.format(parts)
        // Behind a second colon at its end, the thread's own text would be an empty namespace, too.
        fc.pre(!/::[0-9a-f]{8}-|:$/.test(thread))
        expect(pattern.parse(key, true)).toEqual({ ...parts, emptyNs: '' })
      }),
    )
  })

  it('gives back a namespace with the UUID of a task, whatever comes before it', () => {
    const pattern = keyPattern('cp:{thread}:{ns}:{id}', plain)
    fc.assert(
      fc.property(node, nested, uuid, (thread, ns, id) => {
        const key = pattern.format({ thread, ns, id })
        expect(pattern.parse(key, true)).toEqual({ thread, ns, id })
      }),
    )
  })

  it('gives back anything at all where its parts are quoted', () => {
    const pattern = keyPattern('p:{thread}:ns:{ns}:blob:{channel}:{version}', {
      escaping: 'percent',
      emptyNs: [''],
    })
    fc.assert(
      fc.property(text, fc.oneof(text, fc.constant('')), text, text, (thread, ns, channel, version) => {
        const wellFormed = (part: string) => Buffer.from(part).toString()
        const parts = { thread, ns, channel, version }
        const expected = Object.fromEntries(
          Object.entries(parts).map(([name, part]) => [name, wellFormed(part)]),
        )
        expect(pattern.parse(pattern.format(parts), true)).toEqual({
          ...expected,
          ...(ns === '' && { emptyNs: '' }),
        })
      }),
    )
  })

  it.each<[string, string, PatternParts]>([
    [
      'checkpoint:{thread}:{id}',
      'checkpoint:a:b:2024-07-09T10:11:12.123456+00:00',
      { thread: 'a:b', id: '2024-07-09T10:11:12.123456+00:00' },
    ],
    [
      'blob:{thread}:{ns}:{channel}:{version}',
      'blob:u:42::branch:to:model:7',
      { thread: 'u:42', ns: '', emptyNs: '', channel: 'branch:to:model', version: '7' },
    ],
    [
      'blob:{thread}:{ns}:{channel}:{version}',
      'blob:u:child:00000000-0000-0000-0000-00000000000a:log:0001.0.5',
      { thread: 'u', ns: 'child:00000000-0000-0000-0000-00000000000a', channel: 'log', version: '0001.0.5' },
    ],
    ['lg:{any}:thread:{thread}', 'lg:tutor:en:thread:t', { any: 'tutor:en', thread: 't' }],
    ['{{c}}:{thread}', '{c}:t', { thread: 't' }],
  ])('%s splits %s', (pattern, key, parts) => {
    expect(keyPattern(pattern, plain).parse(key, true)).toEqual(parts)
    expect(keyPattern(pattern, plain).format(parts)).toBe(key)
  })

  it('has its thread id in braces, and an empty namespace as the saver spells it', () => {
    const pattern = keyPattern('c:{thread}:{ns}:{id}', { escaping: 'braces', emptyNs: ['__root__', ''] })
    const id = '1f1e0000-0000-6000-8000-000000000001'
    expect(pattern.parse(`c:{a:b}:__root__:${id}`, true)).toEqual({
      thread: 'a:b',
      ns: '',
      emptyNs: '__root__',
      id,
    })
    expect(pattern.format({ thread: 'a:b', ns: '', id })).toBe(`c:{a:b}:__root__:${id}`)
    expect(pattern.parse(`c:a:b::${id}`, true)).toBeNull()
  })

  it('is told by ids that look like LangGraph’s before any others', () => {
    const pattern = keyPattern('c:{thread}:{id}', plain)
    expect(pattern.parse('c:t:latest', true)).toBeNull()
    expect(pattern.parse('c:t:latest', false)).toEqual({ thread: 't', id: 'latest' })
  })
})

describe('a pattern that cannot work', () => {
  it.each([
    ['a:{thred}', '{thred} is no part (there are thread, ns, id, task, idx, channel, version, any)'],
    ['a:{thread}{id}', 'no text between {thread} and {id}'],
    ['a:{thread}:{thread}', '{thread} stands there twice'],
    ['a:{thread', 'a single { (write it twice for the character itself)'],
    ['a:thread}', 'a single } (write it twice for the character itself)'],
  ])('%s is refused: %s', (pattern, message) => {
    expect(() => patternItems(pattern)).toThrow(message)
  })
})
