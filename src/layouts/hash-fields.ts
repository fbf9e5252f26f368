/** Fields of a Redis hash by their names. */
import { DecodeError } from '../codec/bytes.js'
import type { RedisValue } from '../model/redis-value.js'

export type HashFields = ReadonlyMap<string, Buffer>

const NONE: HashFields = new Map()

/** None for a value that is no hash. */
export function hashFields(value: RedisValue): HashFields {
  if (value.type !== 'hash') return NONE
  return new Map(value.fields.map(([name, content]) => [name.toString('utf8'), content]))
}

export const hasFields = (fields: HashFields, ...names: string[]): boolean =>
  names.every((name) => fields.has(name))

/** Throws `DecodeError`. */
export function fieldBytes(fields: HashFields, name: string): Buffer {
  const bytes = fields.get(name)
  if (bytes === undefined) throw new DecodeError(`no field ${name}`, 0)
  return bytes
}

/** Throws `DecodeError`. */
export const fieldText = (fields: HashFields, name: string): string =>
  fieldBytes(fields, name).toString('utf8')
