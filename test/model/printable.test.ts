import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printableKey, printableText, shellWord } from '../../src/model/printable.js'

test.each([
  ['checkpoint:t-1:Grüße 😀', 'checkpoint:t-1:Grüße 😀'],
  ['a\u001b[31mred', 'a\\x1b[31mred'],
  ['line\nbreak\r\tand\u0000', 'line\\nbreak\\r\\tand\\x00'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['\u009b2J', '\\u009b2J'],
])('the text %j is shown as %j', (text, shown) => {
  expect(printableText(text)).toBe(shown)
  expect(printableKey(Buffer.from(text))).toBe(shown)
})

test('bytes of a key that are not UTF-8 are shown as hex, the rest as text', () => {
  expect(printableKey(Buffer.from([0x61, 0xff, 0xc3, 0xa9, 0xc3, 0x62, 0xf0, 0x9f]))).toBe(
    'a\\xffé\\xc3b\\xf0\\x9f',
  )
})

test('no byte of any key reaches the terminal as a control character', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(printableKey(Buffer.from(bytes))).not.toMatch(
        /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
      )
    }),
  )
})

test('a shell reads a quoted word back as the same text', () => {
  const words = fc.sample(
    fc.string({
      unit: fc.constantFrom(
        'a',
        ':',
        "'",
        '"',
        '\\',
        '$',
        '`',
        '!',
        ' ',
        '*',
        '\n',
        '\u001b',
        '-',
        'é',
        '\u007f',
        '\u202e',
      ),
      minLength: 1,
      maxLength: 8,
    }),
    { numRuns: 200, seed: 7 },
  )
  const script = words.map((word) => `printf '%s\\0' ${shellWord(word)}`).join('\n')
  const echoed = execFileSync('bash', ['--norc', '-c', script], { env: { LC_ALL: 'C.UTF-8' } }).toString(
    'utf8',
  )
  expect(echoed.split('\0').slice(0, -1)).toEqual(words)
})

test('plain keys need no quotes', () => {
  expect(shellWord('checkpoint:t-1:1f0c')).toBe('checkpoint:t-1:1f0c')
  expect(shellWord("it's")).toBe("'it'\\''s'")
})
