/** Reads JSON text without losing anything: exact integers, floats apart from integers, Python's NaN, lone surrogates. */
import type { TextReading, Value, ValueSink } from '../../model/value.js'
import { DEFAULT_LIMITS, DecodeError, type DecodeLimits } from '../bytes.js'
import { Emitters, JsonEmitter } from './emit.js'
import { Names } from './names.js'
import { QUOTE } from './scan.js'
import { JsonText } from './text-value.js'

export { elements, members, skipJson } from './scan.js'

/**
 * Decodes the one value in `text[start, end)` into a sink, as CPython's `json.loads(…, strict=False)` does: `1.0` and `1e5` are
 * floats, integers are exact (up to 4300 digits), `NaN` and `Infinity` are accepted, the last of duplicate keys wins. A string
 * without escapes goes out as a range of `text`. Throws `DecodeError`, its offset counted from `start`.
 */
export function emitJson(
  text: Buffer,
  start: number,
  end: number,
  sink: ValueSink,
  limits: DecodeLimits = DEFAULT_LIMITS,
): void {
  EMITTERS.use((emitter) => emitter.read(text, start, end, sink, limits))
}

const EMITTERS = new Emitters(() => new JsonEmitter())

/** JSON in which every object is a plain map, whatever it looks like. */
export function plainJsonValue(text: Buffer, start: number, end: number): Value {
  return new JsonText(text, start, end, PLAIN)
}

const PLAIN: TextReading = { emit: (text, start, end, sink) => emitJson(text, start, end, sink) }

/** The JSON string in `text[start, end)`, its quotes included, as a JavaScript string; lone surrogates stay what they are. */
export function jsonString(text: Buffer, start: number, end: number): string {
  const isQuoted = text[start] === QUOTE && end - start >= 2
  const kept = isQuoted && text[end - 1] === QUOTE ? NAMES.find(text, start + 1, end - 1) : undefined
  if (kept !== undefined) return kept
  const decoded = isQuoted ? text.toString('utf8', start + 1, end - 1) : undefined
  if (decoded !== undefined && !decoded.includes('\\')) {
    NAMES.keep(text, start + 1, end - 1, decoded)
    return decoded
  }
  let value: unknown
  try {
    value = JSON.parse(text.toString('utf8', start, end))
  } catch {
    value = undefined
  }
  if (typeof value !== 'string') throw new DecodeError('not a string', start)
  return value
}

const NAMES = new Names()
