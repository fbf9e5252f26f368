/** JSON text that goes into a RedisJSON document as it is, but for numbers that its parser would read wrong. */
import { EncodeError } from '../bytes.js'
import { redisFloat } from './redis-float.js'
import { CLOSES, IS_QUOTE, MEANING, OPENS, skipScalar, skipString } from './scan.js'

export interface RedisText {
  readonly text: Buffer
  /** The most containers that are inside each other. */
  readonly depth: number
  /** Integers that become floats. */
  readonly longIntegers: number
  /** Floats that no spelling keeps. */
  readonly lostFloats: number
}

/** Shorter numbers are read right: their digits are a double. */
const EXACT_DIGITS = 15
const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 64n

/** `text` must be well-formed. Throws `EncodeError` where it spells half a surrogate pair, which RedisJSON refuses. */
export function redisText(text: Buffer): RedisText {
  const parts: Buffer[] = []
  let from = 0
  let open = 0
  let depth = 0
  let longIntegers = 0
  let lostFloats = 0
  for (let at = 0; at < text.length; at++) {
    const meaning = MEANING[text[at]!]!
    if (meaning === IS_QUOTE) {
      at = skipString(text, at) - 1
    } else if (meaning === OPENS) {
      if (++open > depth) depth = open
    } else if (meaning === CLOSES) {
      open--
    } else if (isDigit(text[at]!)) {
      const end = skipScalar(text, at, text.length)
      const digits = end - at > EXACT_DIGITS ? text.toString('latin1', at, end) : '0'
      const isFloat = /[.eE]/.test(digits)
      if (isFloat || isLong(digits, text[at - 1] === MINUS)) {
        const value = Math.min(Number(digits), Number.MAX_VALUE)
        const spelled = redisFloat(value)
        if (!isFloat) longIntegers++
        else if (Number(spelled) !== value) lostFloats++
        parts.push(text.subarray(from, at), Buffer.from(spelled))
        from = end
      }
      at = end - 1
    }
  }
  if (HALF_PAIR.test(text.includes('\\u') ? text.toString('latin1') : ''))
    throw new EncodeError('half a surrogate pair', 'unsupported-value')
  return {
    text: parts.length === 0 ? text : Buffer.concat([...parts, text.subarray(from)]),
    depth,
    longIntegers,
    lostFloats,
  }
}

/** RedisJSON makes a float of it. */
function isLong(digits: string, isNegative: boolean): boolean {
  if (digits.length <= EXACT_DIGITS) return false
  const value = isNegative ? -BigInt(digits) : BigInt(digits)
  return value < MIN_INT || value >= MAX_INT
}

const MINUS = 0x2d
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

const UNIT = String.raw`\\u[dD]`
/** Behind an even number of backslashes: a high half without a low one, or a low half without a high one. */
const HALF_PAIR = new RegExp(
  String.raw`(?<!\\)(?:\\\\)*(?:${UNIT}[89abAB][0-9a-fA-F]{2}(?!${UNIT}[c-fC-F])|(?<!${UNIT}[89abAB][0-9a-fA-F]{2})${UNIT}[c-fC-F][0-9a-fA-F]{2})`,
)
