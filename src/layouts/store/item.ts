/** One item of a store, read from its RedisJSON document or from its row in a SQLite file (there a hash of its columns). */
import { DecodeError } from '../../codec/bytes.js'
import { MAP } from '../../codec/json/scan.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { StoreDialect, StoreItem } from '../../model/store.js'
import { fieldsAt, type Range } from '../plain/json-fields.js'
import { type JsonDocument, stringField } from '../plain/json-records.js'

/** When a value was read, and what its key had left to live then. */
export interface ReadAt {
  /** −1: for ever. */
  readonly pttlMs: number
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

const MINUTE_MS = 60_000

/** Null where the value is no item of a store: it has no name. Throws `DecodeError` where it is a damaged one. */
export function readStoreItem(dialect: StoreDialect, value: RedisValue, at: ReadAt): StoreItem | null {
  if (value.type === 'hash')
    return ofRow(new Map(value.fields.map(([name, cell]) => [name.toString(), cell])), at)
  if (value.type !== 'ReJSON-RL' || value.text[0] !== MAP) return null
  const document = { text: value.text, fields: fieldsAt(value.text, 0) }
  if (!document.fields.has('prefix') || !document.fields.has('key')) return null
  const { start, end } = rangeOf(document, 'value')
  const prefix = stringField(document, 'prefix')
  return {
    dialect,
    // The Python saver escapes what RediSearch would take for signs; the JavaScript one does not.
    namespace: dialect === 'python' ? prefix.replace(/\\(.)/gs, '$1') : prefix,
    key: stringField(document, 'key'),
    value: value.text.subarray(start, end),
    createdAt: microsOf(document, 'created_at', dialect),
    updatedAt: microsOf(document, 'updated_at', dialect),
    ttl:
      at.pttlMs < 0
        ? null
        : { remainingMs: at.pttlMs, minutes: Math.max(1, Math.ceil(at.pttlMs / MINUTE_MS)) },
  }
}

function rangeOf({ fields }: JsonDocument, name: string): Range {
  const range = fields.get(name)
  if (range === undefined) throw new DecodeError(`no ${name}`, 0)
  return range
}

/** Python counts microseconds; JavaScript about nanoseconds, past what a double holds: read from the digits. */
function microsOf(document: JsonDocument, name: string, dialect: StoreDialect): bigint {
  const { start, end } = rangeOf(document, name)
  const token = document.text.toString('latin1', start, end)
  const [, digits, exponent] = /^(\d{1,25})(?:\.\d*)?(?:e\+?(\d{1,2}))?$/i.exec(token) ?? []
  if (digits === undefined) throw new DecodeError(`${name} is no time`, start)
  const count = exponent === undefined ? BigInt(digits) : BigInt(Math.trunc(Number(token)))
  return dialect === 'js' ? count / 1000n : count
}

/** SqliteStore of langgraph-checkpoint-sqlite 2.0.8–3.1.2: namespace unescaped, times as SQLite's text in UTC. */
function ofRow(cells: ReadonlyMap<string, Buffer>, { nowMs }: ReadAt): StoreItem | null {
  const [namespace, key, value] = ['prefix', 'key', 'value'].map((name) => cells.get(name))
  if (namespace === undefined || key === undefined || value === undefined) return null
  const expiresAt = cells.get('expires_at')
  const remainingMs = expiresAt === undefined ? 0 : Number(timeOf(expiresAt) / 1000n) - nowMs
  const minutes = Math.ceil(Number(cells.get('ttl_minutes') ?? remainingMs / MINUTE_MS))
  return {
    dialect: 'python',
    namespace: namespace.toString(),
    key: key.toString(),
    value,
    createdAt: timeOf(cells.get('created_at')),
    updatedAt: timeOf(cells.get('updated_at')),
    ttl: expiresAt === undefined ? null : { remainingMs, minutes: Math.max(1, minutes) },
    vectorsLeft: Number(cells.get('vectors') ?? 0),
  }
}

/** `2026-11-21 01:21:40.114421`, with or without a zone, in microseconds since 1970. */
function timeOf(cell: Buffer | undefined): bigint {
  const text = cell?.toString() ?? ''
  const [, day, time, fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  const ms = Date.parse(`${day}T${time}${zone}`)
  if (Number.isNaN(ms)) throw new DecodeError('no time of SQLite', 0)
  return BigInt(ms) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'))
}
