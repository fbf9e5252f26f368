/** Texts and numbers inside a pickle: checks the UTF-8 of today's protocols, decodes the lines of protocols 0 and 1. */
import { isUtf8 } from 'node:buffer'
import { surrogateAt } from '../lone-surrogates.js'

/** Longer texts are checked natively; the view that takes costs more than a short loop. */
const LOOP_BYTES = 48

/** Is the range UTF-8 as Python writes it, where lone surrogates count as characters (`surrogatepass`)? */
export function isPythonText(source: Buffer, start: number, end: number): boolean {
  if (end - start <= LOOP_BYTES) {
    let at = start
    while (at < end && source[at]! < 0x80) at++
    if (at === end) return true
  }
  const range = source.subarray(start, end)
  return isUtf8(range) || isUtf8WithSurrogates(range)
}

function isUtf8WithSurrogates(range: Buffer): boolean {
  let at = surrogateAt(range, 0, range.length)
  if (at < 0) return false
  const copy = Buffer.from(range)
  for (; at >= 0; at = surrogateAt(copy, at, copy.length)) {
    if (at + 3 > copy.length || copy[at + 1]! > 0xbf || (copy[at + 2]! & 0xc0) !== 0x80) return false
    copy.fill(0x3f, at, at + 3)
  }
  return isUtf8(copy)
}

/** `UNICODE`: Latin-1 with `\uXXXX` and `\UXXXXXXXX`, as `raw-unicode-escape` writes it. Undefined where it is malformed. */
export function decodeUnicodeLine(line: Buffer): Buffer | undefined {
  const parts: Buffer[] = []
  let from = 0
  for (let at = line.indexOf(BACKSLASH); at >= 0; at = line.indexOf(BACKSLASH, at)) {
    // A backslash is an escape after an even number of backslashes; the pickler escapes all others itself.
    let run = 1
    while (line[at + run] === BACKSLASH) run++
    const escapeAt = at + run - 1
    const digits = DIGITS_OF_ESCAPE[String.fromCharCode(line[at + run] ?? 0)]
    at += run
    if (run % 2 === 0 || digits === undefined) continue
    const hex = line.toString('latin1', at + 1, at + 1 + digits)
    if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length !== digits) return undefined
    const code = Number.parseInt(hex, 16)
    if (code > 0x10ffff) return undefined
    parts.push(utf8OfLatin1(line.subarray(from, escapeAt)), utf8OfCodePoint(code))
    at += 1 + digits
    from = at
  }
  parts.push(utf8OfLatin1(line.subarray(from)))
  return Buffer.concat(parts)
}

/** `STRING`: the repr of a Python 2 str. Undefined where it is malformed, or not ASCII (Python's own default). */
export function decodeStringLine(line: Buffer): Buffer | undefined {
  const quote = line[0]
  if (line.length < 2 || (quote !== 0x22 && quote !== 0x27) || line.at(-1) !== quote) return undefined
  let malformed = false
  const text = line
    .toString('latin1', 1, line.length - 1)
    .replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S]|$)/g, (_all, escaped: string) => {
      const code = codeOfEscape(escaped)
      if (code !== undefined) return code < 0 ? '' : String.fromCharCode(code)
      // What is no escape is itself, backslash included; a cut one is a mistake.
      if (escaped === '' || escaped === 'x') malformed = true
      return `\\${escaped}`
    })
  const bytes = Buffer.from(text, 'latin1')
  return malformed || bytes.some((byte) => byte >= 0x80) ? undefined : bytes
}

/** The character of an escape sequence; −1 for none (an escaped line end). */
function codeOfEscape(escaped: string): number | undefined {
  if (escaped.length === 3 && escaped.startsWith('x')) return Number.parseInt(escaped.slice(1), 16)
  if (/^[0-7]+$/.test(escaped)) return Number.parseInt(escaped, 8)
  return SIMPLE_ESCAPES[escaped]
}

const BACKSLASH = 0x5c
const DIGITS_OF_ESCAPE: Readonly<Record<string, number>> = { u: 4, U: 8 }
const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  '\\': 0x5c,
  "'": 0x27,
  '"': 0x22,
  '\n': -1,
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
}

const utf8OfLatin1 = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('latin1'), 'utf8')

/** A surrogate keeps the three bytes that UTF-8 would give it. */
const utf8OfCodePoint = (code: number): Buffer =>
  code >= 0xd800 && code <= 0xdfff
    ? Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)])
    : Buffer.from(String.fromCodePoint(code), 'utf8')

/** A float as Python's `repr` prints it. Undefined where it is none, or too large to be one. */
export function parsePythonFloat(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return NAMED_FLOATS.get(text)
  const value = Number(text)
  return Number.isFinite(value) ? value : undefined
}

const NAMED_FLOATS: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
])

/** A little-endian integer in two's complement, of any length (`LONG1`, `LONG4`). */
export function bigintOf(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n
  const value = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  return BigInt.asIntN(bytes.length * 8, value)
}
