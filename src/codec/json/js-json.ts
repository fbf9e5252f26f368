/**
 * Values of the JavaScript savers: JSON text that goes from Redis to Postgres as it is, because writing it anew could only change its
 * numbers; and the pair of type tag and bytes that their Postgres saver stores (`JsonPlusSerializer` of
 * `@langchain/langgraph-checkpoint` 1.1.5).
 */
import type { Value, ValueSink } from '../../model/value.js'
import { DecodeError, EncodeError } from '../bytes.js'
import { NOWHERE } from '../nowhere.js'
import { emitJson } from './read.js'

/** The JSON value in `text[start, end)`, in which every object is a plain map, whatever it looks like. */
export function jsJsonValue(text: Buffer, start: number, end: number): Value {
  return {
    encoding: 'js-json',
    serdeType: 'json',
    bytes: text.subarray(start, end),
    emit: (sink) => emitJson(text, start, end, sink),
  }
}

const UNDEFINED_TEXT = Buffer.from('{"lc":2,"type":"undefined"}')
/** How the serializer spells `undefined`; a Redis document leaves it out. */
export const UNDEFINED: Value = jsJsonValue(UNDEFINED_TEXT, 0, UNDEFINED_TEXT.length)

export interface JsTyped {
  readonly type: 'json' | 'bytes'
  readonly bytes: Buffer
}

/**
 * The source's own bytes, after a walk that proves them well-formed. Throws `DecodeError`, and `EncodeError` for a value of
 * the Python runtime: `JSON.parse` is all that the official reader has.
 */
export function jsTyped({ encoding, serdeType, bytes }: Value): JsTyped {
  if (bytes !== undefined && encoding === 'js-json') {
    emitJson(bytes, 0, bytes.length, ONLY_JSON)
    return { type: 'json', bytes }
  }
  if (bytes !== undefined && encoding === 'raw' && serdeType === 'bytes') return { type: 'bytes', bytes }
  throw new EncodeError(`${serdeType ?? encoding} value in a JavaScript thread`, 'unsupported-value')
}

/** Python's JSON knows NaN and Infinity; `JSON.parse` would make the whole checkpoint unreadable. */
const ONLY_JSON: ValueSink = {
  ...NOWHERE,
  float(value) {
    if (!Number.isFinite(value)) throw new DecodeError('a number that JSON does not know', 0)
  },
}
