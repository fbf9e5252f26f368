/** Reads JSON text without losing anything: exact integers, floats apart from integers, Python's NaN, lone surrogates. */
import type { Value, ValueSink } from '../../model/value.js'
import { DEFAULT_LIMITS, DecodeError, type DecodeLimits } from '../bytes.js'
import { JsonEmitter } from './emit.js'

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
  new JsonEmitter(text, start, end, sink, limits).whole()
}

/** JSON in which every object is a plain map, whatever it looks like. */
export function plainJsonValue(text: Buffer, start: number, end: number): Value {
  return {
    encoding: 'json',
    bytes: text.subarray(start, end),
    emit: (sink) => emitJson(text, start, end, sink),
  }
}

/** The JSON string in `text[start, end)`, its quotes included, as a JavaScript string; lone surrogates stay what they are. */
export function jsonString(text: Buffer, start: number, end: number): string {
  if (text[start] === 0x22 && end - start >= 2 && !text.subarray(start, end).includes(0x5c)) {
    return text.toString('utf8', start + 1, end - 1)
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
