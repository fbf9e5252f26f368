/**
 * Values of the JavaScript savers: JSON text that goes from Redis to Postgres as it is, because writing it anew could only change its
 * numbers; and the pair of type tag and bytes that their Postgres saver stores (`JsonPlusSerializer` of
 * `@langchain/langgraph-checkpoint` 1.1.5).
 */
import type { Value } from '../../model/value.js'
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
    requireParsable(bytes)
    return { type: 'json', bytes }
  }
  if (bytes !== undefined && encoding === 'raw' && serdeType === 'bytes') return { type: 'bytes', bytes }
  throw new EncodeError(`${serdeType ?? encoding} value in a JavaScript thread`, 'unsupported-value')
}

/**
 * Python's JSON knows NaN and Infinity and takes control characters as they are; one of these, and `JSON.parse` would make the whole
 * checkpoint unreadable. Where there might be one (a word in a text and line ends between values look alike), it is asked itself.
 */
function requireParsable(text: Buffer): void {
  emitJson(text, 0, text.length, NOWHERE)
  if (!text.includes('NaN') && !text.includes('Infinity') && !hasControlCharacter(text)) return
  try {
    JSON.parse(text.toString('utf8'))
  } catch (error) {
    throw new DecodeError(`JSON that JavaScript refuses: ${error instanceof Error ? error.name : error}`, 0)
  }
}

function hasControlCharacter(text: Buffer): boolean {
  for (let at = 0; at < text.length; at++) if (text[at]! < 0x20) return true
  return false
}
