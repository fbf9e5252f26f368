/** A RedisJSON document of the official Python savers: what it is, which version line wrote it, and where its fields stand. */
import { jsonString } from '../../codec/json/read.js'
import { MAP, QUOTE } from '../../codec/json/scan.js'
import { type Fields, fieldsAt, NO_FIELDS } from '../plain/json-fields.js'
import { idField } from '../plain/json-records.js'
import { withoutIdSentinel, withoutNsSentinel } from './keys.js'

export const PYTHON_FULL = 'python-full'
export const PYTHON_FULL_0_0 = 'python-full-0.0'
export const PYTHON_SHALLOW = 'python-shallow'
export type PythonLayoutId = typeof PYTHON_FULL | typeof PYTHON_FULL_0_0 | typeof PYTHON_SHALLOW

/**
 * `stub`: only `has_writes`, left by a `put_writes` without its checkpoint. `broken`: named like a checkpoint or write, with fields of one, but
 * none. `foreign`: nothing of ours (also the documents of the JavaScript saver: their checkpoint has no `type`).
 */
export type PythonDocumentKind = 'checkpoint' | 'write' | 'blob' | 'stub' | 'broken' | 'foreign'

export interface PythonDocument {
  readonly kind: PythonDocumentKind
  readonly text: Buffer
  readonly fields: Fields
  /** Members of `checkpoint`; empty unless the document is one. */
  readonly checkpoint: Fields
}

/** Nearly all of a document is in the channel values: they are not to be walked more than once. */
const LOOK_INTO = { checkpoint: { channel_values: {}, channel_versions: {}, versions_seen: {} } }

/** Finds a document's fields without decoding any. Throws `DecodeError`. */
export function openPythonDocument(text: Buffer): PythonDocument {
  if (text[0] !== MAP) return { kind: 'foreign', text, fields: NO_FIELDS, checkpoint: NO_FIELDS }
  const fields = fieldsAt(text, 0, LOOK_INTO)
  const checkpoint = fields.get('checkpoint')?.members ?? NO_FIELDS
  return { kind: kindOf(text, fields, checkpoint), text, fields, checkpoint }
}

function kindOf(text: Buffer, fields: Fields, checkpoint: Fields): PythonDocumentKind {
  const has = (name: string) => fields.has(name)
  if (checkpoint.has('type')) return 'checkpoint'
  if (has('checkpoint')) return has('checkpoint_id') && checkpoint.size === 0 ? 'broken' : 'foreign'
  if (has('has_writes') && fields.size === 1) return 'stub'
  if (has('channel') && !has('blob') && isOfJs(text, fields)) return 'foreign'
  if (has('channel') && has('type') && has('blob')) return has('task_id') ? 'write' : 'blob'
  return has('thread_id') && (has('checkpoint_ns') || has('checkpoint_id')) ? 'broken' : 'foreign'
}

/** A write or blob of the JavaScript saver: its value is JSON as it is, and left out where it is undefined. */
function isOfJs(text: Buffer, fields: Fields): boolean {
  const type = fields.get('type')
  const isUndefined =
    type !== undefined && text[type.start] === QUOTE && jsonString(text, type.start, type.end) === 'string'
  return fields.has('value') || isUndefined || (fields.has('version') && fields.has('checkpoint_id'))
}

/**
 * Which version line wrote a checkpoint document. Only full savers write `parent_checkpoint_id` (even empty or null); `checkpoint_ts` and
 * `has_writes` came with 0.1.0, and the document of a cancelled run has at least the second.
 */
export function layoutOfDocument({ fields }: PythonDocument): PythonLayoutId {
  if (!fields.has('parent_checkpoint_id')) return PYTHON_SHALLOW
  return fields.has('checkpoint_ts') || fields.has('has_writes') ? PYTHON_FULL : PYTHON_FULL_0_0
}

/** The thread a document says it belongs to. A shallow saver writes the id as it is; the others have a sentinel for the empty one. */
export function threadOfDocument(document: PythonDocument): string | undefined {
  const id = idField(document, 'thread_id')
  if (id === undefined || id === null) return undefined
  const raw = document.kind === 'checkpoint' && layoutOfDocument(document) === PYTHON_SHALLOW
  return raw ? id : withoutIdSentinel(id)
}

export function namespaceOfDocument(document: PythonDocument): string | undefined {
  const ns = idField(document, 'checkpoint_ns')
  return ns === undefined || ns === null ? undefined : withoutNsSentinel(ns)
}
