/** An embedding of a store: a RedisJSON document with a list of numbers, or a hash with 32-bit floats, little-endian. */
import { DecodeError } from '../../codec/bytes.js'
import { MAP } from '../../codec/json/scan.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { StoreVector } from '../../model/store.js'
import { fieldsAt } from '../plain/json-fields.js'
import { stringField } from '../plain/json-records.js'

/** Null where it is no embedding. Throws `DecodeError` where it is a damaged one. */
export function readStoreVector(value: RedisValue): StoreVector | null {
  if (value.type === 'hash') {
    const cells = new Map(value.fields.map(([name, cell]) => [name.toString(), cell]))
    const path = cells.get('field_name')
    const bytes = cells.get('embedding')
    if (path === undefined || bytes === undefined) return null
    if (bytes.length % 4 !== 0) throw new DecodeError('embedding is no row of floats', 0)
    const embedding = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(4 * at))
    return { path: path.toString(), embedding }
  }
  if (value.type !== 'ReJSON-RL' || value.text[0] !== MAP) return null
  const { text } = value
  const fields = fieldsAt(text, 0)
  const range = fields.get('embedding')
  if (range === undefined || !fields.has('field_name')) return null
  const embedding: unknown = JSON.parse(text.toString('utf8', range.start, range.end))
  if (!Array.isArray(embedding) || !embedding.every((one) => typeof one === 'number')) {
    throw new DecodeError('embedding is no list of numbers', range.start)
  }
  return { path: stringField({ text, fields }, 'field_name'), embedding: embedding.map(Math.fround) }
}
