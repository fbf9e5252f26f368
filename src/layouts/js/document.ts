/** A RedisJSON document of the official JavaScript savers: what it is and where its fields stand. */
import { jsonString } from '../../codec/json/read.js'
import { MAP, QUOTE } from '../../codec/json/scan.js'
import { EMPTY_NS_SENTINEL } from '../keys/keys.js'
import { type Fields, fieldsAt, NO_FIELDS } from '../plain/json-fields.js'
import { idField } from '../plain/json-records.js'

export const JS_REDIS_SAVER = 'js-redis-saver'
export const JS_SHALLOW = 'js-shallow'
export type JsLayoutId = typeof JS_REDIS_SAVER | typeof JS_SHALLOW

/** `foreign`: nothing of the JavaScript savers; documents of the Python ones among it, whose checkpoint has a `type`. */
export type JsDocumentKind = 'checkpoint' | 'write' | 'blob' | 'foreign'

export interface JsDocument {
  readonly kind: JsDocumentKind
  readonly text: Buffer
  readonly fields: Fields
  /** Members of `checkpoint`; empty unless the document is one. */
  readonly checkpoint: Fields
}

/** Nearly all of a document is in the channel values: they are not to be walked more than once. */
const LOOK_INTO = {
  checkpoint: { channel_values: {}, channel_versions: {}, versions_seen: {} },
  metadata: {},
}

/** Finds a document's fields without decoding any. Throws `DecodeError`. */
export function openJsDocument(text: Buffer): JsDocument {
  if (text[0] !== MAP) return { kind: 'foreign', text, fields: NO_FIELDS, checkpoint: NO_FIELDS }
  const fields = fieldsAt(text, 0, LOOK_INTO)
  const checkpoint = fields.get('checkpoint')?.members ?? NO_FIELDS
  return { kind: kindOf(text, fields, checkpoint), text, fields, checkpoint }
}

function kindOf(text: Buffer, fields: Fields, checkpoint: Fields): JsDocumentKind {
  const has = (...names: string[]) => names.every((name) => fields.has(name))
  if (has('checkpoint')) {
    const isOurs = checkpoint.size > 0 && !checkpoint.has('type') && isText(text, fields, 'has_writes')
    return isOurs && has('thread_id') ? 'checkpoint' : 'foreign'
  }
  if (!has('thread_id', 'checkpoint_id', 'channel', 'type') || has('blob')) return 'foreign'
  // `value` is left out where it is undefined.
  if (has('task_id', 'idx')) return 'write'
  return has('version') ? 'blob' : 'foreign'
}

function isText(text: Buffer, fields: Fields, name: string): boolean {
  const range = fields.get(name)
  return range !== undefined && text[range.start] === QUOTE
}

/** The namespace as LangGraph has it: checkpoints and blobs of the full saver say `__empty__` for the root, writes and the shallow saver nothing. */
export function namespaceOfJs(document: JsDocument): string | undefined {
  const ns = idField(document, 'checkpoint_ns')
  return ns === undefined || ns === null ? undefined : ns === EMPTY_NS_SENTINEL ? '' : ns
}

/** Where the saver noted that `updateState(config, null, '__copy__')` made a checkpoint. */
export function isFork({ text, fields }: JsDocument): boolean {
  const source = fields.get('metadata')?.members?.get('source')
  if (source === undefined || text[source.start] !== QUOTE) return false
  return jsonString(text, source.start, source.end) === 'fork'
}
