/** Decodes the scalars of JSON as Python does: exact integers, floats, NaN and Infinity, strings with escapes. */
import type { ValueSink } from '../../model/value.js'
import { DecodeError } from '../bytes.js'
import { BACKSLASH } from './scan.js'

const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
/** Every integer of up to 15 digits is exact in a double. */
const EXACT_DIGITS = 15
/** CPython's own bound (`sys.int_info.default_max_str_digits`): no official reader could load a longer one. */
const MAX_DIGITS = 4300

/** Emits what stands in `text[start, end)`: a number, `true`, `false`, `null`, or Python's `NaN`, `Infinity`, `-Infinity`. */
export function emitScalar(text: Buffer, start: number, end: number, sink: ValueSink): void {
  const first = text[start]!
  if (first === MINUS || (first >= ZERO && first <= NINE)) {
    emitNumber(text, start, end, sink)
    return
  }
  const length = end - start
  if (first === 0x6e && length === 4 && spells(text, start, 'null')) sink.null()
  else if (first === 0x74 && length === 4 && spells(text, start, 'true')) sink.bool(true)
  else if (first === 0x66 && length === 5 && spells(text, start, 'false')) sink.bool(false)
  else if (length === 3 && spells(text, start, 'NaN')) sink.float(Number.NaN)
  else if (length === 8 && spells(text, start, 'Infinity')) sink.float(Number.POSITIVE_INFINITY)
  else throw new DecodeError('no value begins here', start)
}

function spells(text: Buffer, at: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (text[at + i] !== word.charCodeAt(i)) return false
  return true
}

function emitNumber(text: Buffer, start: number, end: number, sink: ValueSink): void {
  const negative = text[start] === MINUS
  const digits = negative ? start + 1 : start
  const integerEnd = skipDigits(text, digits, end)
  const leadingZero = text[digits] === ZERO && integerEnd > digits + 1
  if (leadingZero) throw new DecodeError('not a number', start)
  if (integerEnd < end || integerEnd === digits) {
    if (!isFloat(text, digits, integerEnd, end)) throw new DecodeError('not a number', start)
    sink.float(Number(text.toString('latin1', start, end)))
  } else if (end - digits > EXACT_DIGITS) {
    emitLongInteger(text, start, end, sink)
  } else {
    let value = 0
    for (let at = digits; at < end; at++) value = value * 10 + (text[at]! - ZERO)
    sink.int(negative && value !== 0 ? -value : value)
  }
}

function emitLongInteger(text: Buffer, start: number, end: number, sink: ValueSink): void {
  if (end - start > MAX_DIGITS)
    throw new DecodeError(`integer of over ${MAX_DIGITS} digits`, start, 'too-large')
  const digits = text.toString('latin1', start, end)
  const value = Number(digits)
  sink.int(Number.isSafeInteger(value) ? value : BigInt(digits))
}

/** Whether `.5`, `e5` or both follow the integer digits; also true of `-Infinity`. */
function isFloat(text: Buffer, digits: number, integerEnd: number, end: number): boolean {
  let at = integerEnd
  if (at === digits) return text.toString('latin1', digits - 1, end) === '-Infinity'
  if (text[at] === POINT) {
    const fraction = at + 1
    at = skipDigits(text, fraction, end)
    if (at === fraction) return false
  }
  if (at < end && (text[at]! | 0x20) === 0x65) {
    const sign = text[at + 1] === MINUS || text[at + 1] === PLUS
    const exponent = at + (sign ? 2 : 1)
    at = skipDigits(text, exponent, end)
    if (at === exponent) return false
  }
  return at === end
}

function skipDigits(text: Buffer, at: number, end: number): number {
  while (at < end && text[at]! >= ZERO && text[at]! <= NINE) at++
  return at
}

/** What stands after a backslash → the byte it means. `\u` has its own rule. */
const ESCAPES: readonly number[] = Array.from({ length: 256 }, (_, code) => {
  const at = '"\\/bfnrt'.indexOf(String.fromCharCode(code))
  return at < 0 ? -1 : '"\\/\b\f\n\r\t'.charCodeAt(at)
})
const UNICODE_ESCAPE = 0x75

/**
 * Decodes the inside of a string into `into`, which must have room for `end - start` bytes, and returns the number of bytes
 * written. A lone surrogate becomes its three bytes, as CPython's `surrogatepass` writes it.
 */
export function decodeString(text: Buffer, start: number, end: number, into: Buffer): number {
  let length = 0
  for (let at = start; at < end; at++) {
    const byte = text[at]!
    if (byte !== BACKSLASH) {
      into[length++] = byte
      continue
    }
    const code = text[++at]!
    if (code === UNICODE_ESCAPE) {
      let unit = hexUnit(text, at + 1, end)
      at += 4
      if (isHigh(unit) && text[at + 1] === BACKSLASH && text[at + 2] === UNICODE_ESCAPE) {
        const low = hexUnit(text, at + 3, end)
        if (low >= 0xdc00 && low <= 0xdfff) {
          unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
          at += 6
        }
      }
      length = putCodePoint(unit, into, length)
    } else {
      const meant = ESCAPES[code]!
      if (meant < 0) throw new DecodeError('unknown escape in a string', at)
      into[length++] = meant
    }
  }
  return length
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff

function hexUnit(text: Buffer, at: number, end: number): number {
  let unit = 0
  for (let i = at; i < at + 4; i++) {
    const digit = i < end ? HEX[text[i]!]! : -1
    if (digit < 0) throw new DecodeError('\\u without four hexadecimal digits', at)
    unit = unit * 16 + digit
  }
  return unit
}

const HEX: readonly number[] = Array.from({ length: 256 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
)

function putCodePoint(code: number, into: Buffer, length: number): number {
  if (code < 0x80) {
    into[length] = code
    return length + 1
  }
  const bytes = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  let rest = code
  for (let i = bytes - 1; i > 0; i--) {
    into[length + i] = 0x80 | (rest & 0x3f)
    rest >>= 6
  }
  into[length] = FIRST_BYTE[bytes]! | rest
  return length + bytes
}

const FIRST_BYTE: readonly number[] = [0, 0, 0xc0, 0xe0, 0xf0]
