/** An item as the official PostgresStore of one language would have stored it (pure). */

import { DecodeError } from '../../codec/bytes.js'
import { JsonbWriter } from '../../codec/json/jsonb-write.js'
import { emitJson } from '../../codec/json/read.js'
import { MAP } from '../../codec/json/scan.js'
import type { Finding } from '../../model/finding.js'
import type { FoundItem, StoreDialect } from '../../model/store.js'
import type { StoreRow } from '../../model/store-row.js'
import { partsAt, textOf } from './texts.js'

export interface ConvertedItem {
  /** Null: it stays where it is, as the findings say. */
  readonly row: StoreRow | null
  readonly findings: readonly Finding[]
}

/** Throws `DecodeError` or `EncodeError` where the value cannot be read or is over a limit of Postgres. */
export function storeRowOf({ item, source, vector }: FoundItem, dialect: StoreDialect): ConvertedItem {
  const findings: Finding[] = []
  const note = (reason: Finding['reason'], detail: string) =>
    findings.push({ reason, key: source.key, detail })
  if (item.dialect !== dialect) {
    note('store-other-dialect', `written by the ${item.dialect === 'js' ? 'JavaScript' : 'Python'} store`)
    return { row: null, findings }
  }
  if (item.namespace.includes('\0') || item.key.includes('\0')) {
    note('nul-in-id', 'of a store item')
    return { row: null, findings }
  }
  // One row of another kind, and no search() of Python's PostgresStore could be read any more.
  if (dialect === 'python' && item.value[0] !== MAP) throw new DecodeError('the value is no object', 0)
  const { text, nulsRemoved } = storable(item.value)
  if (nulsRemoved > 0) note('nul-removed', `${nulsRemoved} in a store value`)
  if (item.vectorsLeft) note('store-vector-left', `${item.vectorsLeft} in a SQLite file`)
  if (isWrapped(item.value)) note('store-wrapped', '')
  const namespace = dialect === 'js' ? jsNamespace(item.namespace, note) : item.namespace
  return {
    row: {
      namespace,
      key: item.key,
      value: text,
      createdAt: item.createdAt,
      updatedAt: item.updatedAt,
      remainingMs: item.ttl?.remainingMs ?? null,
      ttlMinutes: item.ttl && Math.min(item.ttl.minutes, MAX_INTEGER),
      vector: vector && { ...fieldOf(item.value, vector.path, dialect), embedding: vector.embedding },
    },
    findings,
  }
}

/** Of Postgres' type. */
const MAX_INTEGER = 2 ** 31 - 1
const WRITER = new JsonbWriter()
/** Only what JSONB refuses is written anew: everything else goes over in the source's own spelling. */
const REFUSED = /\\u(0000|[dD][89a-fA-F])/

function storable(value: Buffer): { text: string; nulsRemoved: number } {
  const text = value.toString()
  if (!REFUSED.test(text)) return { text, nulsRemoved: 0 }
  WRITER.reset()
  emitJson(value, 0, value.length, WRITER)
  return { text: WRITER.view().toString(), nulsRemoved: WRITER.repairs.nulsRemoved }
}

/** What JSON cannot hold, the Python store wraps: exactly these two members. PostgresStore would have refused the object. */
function isWrapped(value: Buffer): boolean {
  if (!value.includes('"__serde_type__"')) return false
  const found: unknown = JSON.parse(value.toString())
  return (
    Object.keys(found as object)
      .sort()
      .join() === '__serde_data__,__serde_type__'
  )
}

/** JavaScript's Postgres store joins with the sign that labels may hold, and looks no namespace up that LIKE would take for a pattern. */
function jsNamespace(namespace: string, note: (reason: Finding['reason'], detail: string) => void): string {
  if (namespace.includes(':')) note('store-namespace-split', '')
  else if (/[%_\\]/.test(namespace)) note('store-namespace-hidden', '')
  return namespace.replaceAll('.', ':')
}

/** The last text of a path is the one whose embedding is left: all have one key in Redis. */
function fieldOf(value: Buffer, path: string, dialect: StoreDialect): { field: string; text: string } {
  const parts = partsAt(JSON.parse(value.toString()), path)
  const last = parts.length - 1
  const field = last < 1 ? path : dialect === 'js' ? `${path}[${last}]` : `${path}.${last}`
  return { field, text: last < 0 ? '' : textOf(parts[last]).replaceAll('\0', '') }
}
