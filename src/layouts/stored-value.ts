/** Values of serde pairs as savers of plain Redis store them: a tag, and bytes that may be written as base64. */
import { DecodeError } from '../codec/bytes.js'
import { jsonString } from '../codec/json/read.js'
import { BACKSLASH, QUOTE } from '../codec/json/scan.js'
import { typedValue } from '../codec/serde.js'
import { unwrap } from '../codec/wrappers/wrapped.js'
import type { Value } from '../model/value.js'
import type { Fields, Range } from './plain/json-fields.js'

/**
 * A value that is read now; where that fails, one that fails again when it is asked for, so that its own record is left out with
 * that reason and not everything that stands in the same key.
 */
export function storedValue<Read extends Value | undefined>(read: () => Read): Read | Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return {
      encoding: 'tree',
      emit: () => {
        throw error
      },
    }
  }
}

/**
 * The value of a serde pair in two members of a JSON object: the tag, and bytes in base64. Undefined for the tag `empty`: no value.
 * Throws `DecodeError`.
 */
export function typedAt(
  text: Buffer,
  fields: Fields,
  typeName: string,
  bytesName: string,
): Value | undefined {
  const type = stringAt(text, fields, typeName)
  return type === 'empty' ? undefined : typedValue(type, base64At(text, fields, bytesName))
}

/** A member that must be a string. Throws `DecodeError`. */
export function stringAt(text: Buffer, fields: Fields, name: string): string {
  const { start, end } = requiredAt(fields, name)
  if (text[start] !== QUOTE) throw new DecodeError(`${name} is no string`, start)
  return jsonString(text, start, end)
}

/** A member that is a string or a number, as text; undefined where it is null or not there. Throws `DecodeError`. */
export function idAt(text: Buffer, fields: Fields, name: string): string | undefined {
  const range = fields.get(name)
  if (range === undefined) return undefined
  const first = text[range.start]!
  if (first === QUOTE) return jsonString(text, range.start, range.end)
  if (first === 0x6e) return undefined
  if (first === 0x2d || (first >= 0x30 && first <= 0x39))
    return text.toString('latin1', range.start, range.end)
  throw new DecodeError(`${name} is no id`, range.start)
}

/** A member that is an integer. Throws `DecodeError`. */
export function integerAt(text: Buffer, fields: Fields, name: string): number {
  const { start, end } = requiredAt(fields, name)
  return integerOf(text.toString('latin1', start, end), name, start)
}

/** The bytes of a member that is base64 text. Throws `DecodeError`. */
export function base64At(text: Buffer, fields: Fields, name: string): Buffer {
  const { start, end } = requiredAt(fields, name)
  if (text[start] !== QUOTE) throw new DecodeError(`${name} is no string`, start)
  const inside = text.subarray(start + 1, end - 1)
  const plain = inside.includes(BACKSLASH) ? Buffer.from(jsonString(text, start, end)) : inside
  return unwrap(plain, 'base64')
}

/** What fits into the Postgres saver's column. Throws `DecodeError`. */
export function integerOf(text: string, name: string, offset = 0): number {
  const integer = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(Math.abs(integer) <= 0x7fffffff)) throw new DecodeError(`${name} is no integer`, offset)
  return integer
}

function requiredAt(fields: Fields, name: string): Range {
  const range = fields.get(name)
  if (range === undefined) throw new DecodeError(`no ${name}`, 0)
  return range
}
