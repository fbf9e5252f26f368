/** A JSON text spelled as RedisJSON prints what it holds of it: what was sent and what is read back become the same bytes. */
import { JsonOutput } from './json-output.js'
import { decodeString } from './scalars.js'
import {
  BACKSLASH,
  COMMA,
  LIST,
  LIST_END,
  MAP,
  MAP_END,
  QUOTE,
  skipScalar,
  skipSpace,
  skipString,
} from './scan.js'

/** Integers of so many characters have no more than 64 bits. */
const SHORT_INTEGER = 15
const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 64n
/** Members of a map whose keys are compared each with each. */
const FEW_MEMBERS = 12

/** For one text after another: what is spelled so already is copied in runs as long as can be. */
export class RedisPrint extends JsonOutput {
  private text: Buffer = NO_TEXT
  /** Up to here the text is out. */
  private from = 0
  /** Of each container that is open the place of its first member in the two lists below; −1 for a list. */
  private readonly open: number[] = []
  /** Of the members of all maps that are open: where each begins in what is out, and a number that equal keys share. */
  private readonly starts: number[] = []
  private readonly sums: number[] = []

  /**
   * Without white space; members in the order in which their keys first came, each with the last of its values; every number that is no
   * integer of 64 bits as a float. The text must be well-formed. What comes is valid until the next call.
   */
  of(text: Buffer): Buffer {
    const { out, open, starts } = this
    this.begin(text)
    const isEscaped = text.includes('\\u') || text.includes('\\/')
    let atKey = false
    for (let at = 0; at < text.length; ) {
      const byte = text[at]!
      if (byte === QUOTE) {
        const start = out.length + at - this.from
        const end = skipString(text, at)
        const isRespelled = isEscaped && this.respelled(at, end)
        if (atKey) {
          starts.push(start)
          this.sums.push(isRespelled ? sumOf(out.bytes, start, out.length) : sumOf(text, at, end))
        }
        atKey = false
        at = end
      } else if (byte <= SPACE) {
        this.flush(at)
        at = this.from = skipSpace(text, at)
      } else if (byte === COMMA) {
        atKey = open[open.length - 1]! >= 0
        at++
      } else if (byte === MAP || byte === LIST) {
        atKey = byte === MAP
        open.push(atKey ? starts.length : -1)
        at++
      } else if (byte === MAP_END || byte === LIST_END) {
        const first = open.pop()!
        if (first >= 0) this.endMap(first, at)
        atKey = false
        at++
      } else {
        at = byte === MINUS || isDigit(byte) ? this.number(at) : at + 1
      }
    }
    this.flush(text.length)
    return out.bytes.subarray(0, out.length)
  }

  private begin(text: Buffer): void {
    this.text = text
    this.from = 0
    this.open.length = this.starts.length = this.sums.length = 0
    this.out.clear()
    this.out.room(text.length)
  }

  private flush(to: number): void {
    this.out.room(to - this.from)
    this.out.append(this.text, this.from, to)
    this.from = to
  }

  /** False where the string waits for the next flush as it is. */
  private respelled(start: number, end: number): boolean {
    const { text } = this
    if (!hasOtherEscapes(text, start, end)) return false
    this.flush(start)
    const decoded = Buffer.allocUnsafe(end - start)
    this.quoted(decoded, 0, decodeString(text, start + 1, end - 1, decoded))
    this.from = end
    return true
  }

  /** The offset after the number. */
  private number(at: number): number {
    const { text } = this
    let end = at + 1
    while (isDigit(text[end]!)) end++
    const isInteger = text[end] !== POINT && (text[end]! | 0x20) !== LETTER_E
    if (isInteger && end - at <= SHORT_INTEGER && !(text[at] === MINUS && text[at + 1] === ZERO)) return end
    end = skipScalar(text, end, text.length)
    this.flush(at)
    this.ascii(numberText(text.toString('latin1', at, end), isInteger))
    this.from = end
    return end
  }

  private endMap(first: number, at: number): void {
    const { starts, sums } = this
    if (hasTwins(sums, first)) {
      this.flush(at)
      this.keepLast(starts.slice(first))
    }
    starts.length = sums.length = first
  }

  /** Of members with equal keys. */
  private keepLast(starts: readonly number[]): void {
    const { out } = this
    const [start = 0] = starts
    const members = new Map<string, string>()
    for (const [place, key] of starts.entries()) {
      const end = (starts[place + 1] ?? out.length + 1) - 1
      const keyEnd = skipString(out.bytes, key)
      members.set(out.bytes.toString('latin1', key, keyEnd), out.bytes.toString('latin1', keyEnd, end))
    }
    const text = [...members].map(([key, value]) => `${key}${value}`).join(',')
    out.length = start + out.bytes.write(text, start, 'latin1')
  }
}

const NO_TEXT = Buffer.alloc(0)
const SPACE = 0x20
const MINUS = 0x2d
const POINT = 0x2e
const SLASH = 0x2f
const ZERO = 0x30
const LETTER_E = 0x65
const LETTER_U = 0x75
const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 0x39

/** Whether an escape stands there that the server may spell otherwise. */
function hasOtherEscapes(text: Buffer, start: number, end: number): boolean {
  for (let at = text.indexOf(BACKSLASH, start); at >= 0 && at < end; at = text.indexOf(BACKSLASH, at + 2)) {
    if (text[at + 1] === LETTER_U || text[at + 1] === SLASH) return true
  }
  return false
}

function numberText(spelled: string, isInteger: boolean): string {
  if (isInteger && spelled !== '-0') {
    const value = BigInt(spelled)
    if (value >= MIN_INT && value < MAX_INT) return spelled
  }
  const value = Number(spelled)
  if (Object.is(value, -0)) return '-0.0'
  const shortest = String(value)
  return /[.e]/.test(shortest) ? shortest : `${shortest}.0`
}

/** FNV-1a. */
function sumOf(bytes: Buffer, start: number, end: number): number {
  let sum = 0x811c9dc5
  for (let at = start; at < end; at++) sum = Math.imul(sum ^ bytes[at]!, 0x01000193)
  return sum
}

function hasTwins(sums: readonly number[], first: number): boolean {
  const count = sums.length - first
  if (count > FEW_MEMBERS) return new Set(sums.slice(first)).size < count
  for (let one = first + 1; one < sums.length; one++)
    for (let other = first; other < one; other++) if (sums[one] === sums[other]) return true
  return false
}
