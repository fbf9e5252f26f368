/** Makes records of the documents of the official Python savers. Values stay in the document's bytes until somebody wants them. */
import { DecodeError } from '../../codec/bytes.js'
import { pythonJsonValue } from '../../codec/json/python-json.js'
import { plainJsonValue } from '../../codec/json/read.js'
import { decodeString } from '../../codec/json/scalars.js'
import { BACKSLASH, elements, LIST, MAP, QUOTE } from '../../codec/json/scan.js'
import { typedValue } from '../../codec/serde.js'
import { ShortMap } from '../../model/short-map.js'
import type { Checkpoint, PendingWrite } from '../../model/thread.js'
import { SPECIAL_WRITE_IDX } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import type { ClaimedKey } from '../layout.js'
import type { Range } from '../plain/json-fields.js'
import {
  idAt,
  idField,
  idxField,
  isNullAt,
  membersAt,
  storedAt,
  stringField,
  versionsAt,
  versionsSeenAt,
} from '../plain/json-records.js'
import {
  layoutOfDocument,
  namespaceOfDocument,
  PYTHON_SHALLOW,
  type PythonDocument,
  type PythonLayoutId,
} from './document.js'
import { withoutIdSentinel } from './keys.js'

/** Which checkpoint a document holds. */
export interface CheckpointIds {
  readonly layout: PythonLayoutId
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly parentCheckpointId: string | null
  readonly parentIsItself: boolean
}

/**
 * One rule for every version: the id inside the checkpoint is right. Until 0.0.8 the document's `checkpoint_id` is the parent's
 * (and `parent_checkpoint_id` equal to it, or the parent again); since 0.1.0 it is the checkpoint's own. Throws `DecodeError`.
 */
export function checkpointIds(document: PythonDocument, key: ClaimedKey): CheckpointIds {
  const layout = layoutOfDocument(document)
  const inner = document.checkpoint.get('id')
  const stored = idField(document, 'checkpoint_id') ?? ''
  const checkpointId = (inner && idAt(document.text, inner)) || withoutIdSentinel(stored)
  if (checkpointId === '') throw new DecodeError('a checkpoint without an id', 0)
  const namedParent =
    stored !== '' && stored !== checkpointId ? stored : (idField(document, 'parent_checkpoint_id') ?? '')
  const parent = namedParent === 'None' ? '' : withoutIdSentinel(namedParent)
  return {
    layout,
    checkpointNs: namespaceOfDocument(document) ?? key.checkpointNs,
    checkpointId,
    parentCheckpointId: layout === PYTHON_SHALLOW || parent === '' || parent === checkpointId ? null : parent,
    parentIsItself: layout !== PYTHON_SHALLOW && parent === checkpointId,
  }
}

/** Members of a checkpoint that have a place of their own in the record, or that only the saver added. */
const OWN_MEMBERS = new Set([
  'type',
  'id',
  'channel_values',
  'channel_versions',
  'versions_seen',
  'pending_sends',
])

/** Throws `DecodeError` for what is no checkpoint; what is wrong inside a value shows when it is decoded. */
export function checkpointRecord(
  document: PythonDocument,
  ids: CheckpointIds,
  key: ClaimedKey,
  threadId: string,
): Checkpoint {
  const { text, checkpoint } = document
  const fields = new ShortMap<Value>(checkpoint.size)
  checkpoint.forEach(({ start, end }, name) => {
    if (!OWN_MEMBERS.has(name)) fields.set(name, plainJsonValue(text, start, end))
  })
  const values = membersAt(text, checkpoint.get('channel_values'))
  const channelValues = new ShortMap<Value>(values.size)
  values.forEach(({ start, end }, channel) => {
    channelValues.set(channel, pythonJsonValue(text, start, end))
  })
  return {
    threadId,
    checkpointNs: ids.checkpointNs,
    checkpointId: ids.checkpointId,
    parentCheckpointId: ids.parentCheckpointId,
    fields,
    channelVersions: versionsAt(text, checkpoint.get('channel_versions')),
    versionsSeen: versionsSeenAt(text, checkpoint.get('versions_seen')),
    channelValues,
    pendingSends: valuesAt(text, checkpoint.get('pending_sends')),
    metadata: metadataAt(text, document.fields.get('metadata')),
    ...storedAt(document, 'checkpoint_ts'),
    origin: { key: key.key, layout: ids.layout },
  }
}

/** Throws `DecodeError`, also for a serde type nobody knows. */
export function writeRecord(document: PythonDocument, key: ClaimedKey, threadId: string): PendingWrite {
  const channel = stringField(document, 'channel')
  const value = storedValue(document, channel)
  if (value === undefined) throw new DecodeError('a write without a value', 0)
  return {
    threadId,
    checkpointNs: namespaceOfDocument(document) ?? key.checkpointNs,
    checkpointId: withoutIdSentinel(idField(document, 'checkpoint_id') ?? key.checkpointId),
    taskId: stringField(document, 'task_id'),
    taskPath: document.fields.has('task_path') ? (idField(document, 'task_path') ?? '') : '',
    idx: SPECIAL_WRITE_IDX[channel] ?? idxField(document),
    channel,
    value,
    origin: { key: key.key, layout: key.layout },
  }
}

/** A channel value of 0.0.x; `value` is undefined where the channel was empty, `version` where the saver did not store it (shallow, until 0.0.3). */
export interface PythonBlob {
  readonly checkpointNs: string
  readonly channel: string
  readonly version: string | undefined
  readonly value: Value | undefined
}

export function blobRecord(document: PythonDocument, key: ClaimedKey): PythonBlob {
  const channel = stringField(document, 'channel')
  return {
    checkpointNs: namespaceOfDocument(document) ?? key.checkpointNs,
    channel,
    version: idField(document, 'version') ?? undefined,
    value: storedValue(document, channel),
  }
}

/**
 * The value of a write or blob document: `type` and `blob`. Until 0.1.3 `blob` is JSON text (type `json`), base64 of bytes (type `base64`) or null
 * (type `empty`); since 0.2.0 it is base64 of the serde's bytes, whatever the type.
 */
function storedValue(document: PythonDocument, channel: string): Value | undefined {
  const type = stringField(document, 'type')
  const range = document.fields.get('blob')!
  if (type === 'empty') return undefined
  if (document.text[range.start] !== QUOTE) {
    if (!isNullAt(document.text, range)) throw new DecodeError('blob is no string', range.start)
    return typedValue('null', Buffer.alloc(0))
  }
  const blob = insideOf(document.text, range)
  if (type === 'base64') return typedValue('bytes', fromBase64(blob, range.start))
  if (type !== 'json') return typedValue(type, fromBase64(blob, range.start))
  if (!isRawJson(blob)) {
    const json = fromBase64(blob, range.start)
    return pythonJsonValue(json, 0, json.length, { bytesMarkers: false })
  }
  const plainInterrupts = channel === '__interrupt__'
  return pythonJsonValue(blob, 0, blob.length, { plainInterrupts, bytesMarkers: false })
}

/**
 * Base64 of JSON begins with one of `e W I d Z b L M N O`, JSON itself with none of them, save Python's `NaN` and `Infinity`
 * (0.0.x), which are no base64 of anything.
 */
function isRawJson(blob: Buffer): boolean {
  if (!'eWIdZbLMNO'.includes(String.fromCharCode(blob[0] ?? 0x20))) return true
  const text = blob.length <= 8 ? blob.toString('latin1') : ''
  return text === 'NaN' || text === 'Infinity'
}

/** Node leaves out what is no base64: then less comes out than went in. It takes the other alphabet too, which Python does not. */
function fromBase64(blob: Buffer, at: number): Buffer {
  const { length } = blob
  const padding = blob[length - 1] !== PADDING ? 0 : blob[length - 2] !== PADDING ? 1 : 2
  const bytes = Buffer.from(blob.toString('latin1'), 'base64')
  const isWhole = length % 4 === 0 && bytes.length === (length / 4) * 3 - padding
  if (!isWhole || blob.includes(MINUS) || blob.includes(UNDERSCORE))
    throw new DecodeError('blob is not base64', at)
  return bytes
}
const PADDING = 0x3d
const MINUS = 0x2d
const UNDERSCORE = 0x5f

/** Full savers and the asynchronous shallow one store JSON in a string, the synchronous shallow saver an object. */
function metadataAt(text: Buffer, range: Range | undefined): Value {
  if (range !== undefined && text[range.start] === MAP) return plainJsonValue(text, range.start, range.end)
  if (range === undefined || isNullAt(text, range)) return plainJsonValue(NO_METADATA, 0, 2)
  if (text[range.start] !== QUOTE) throw new DecodeError('metadata is no object', range.start)
  const inner = unescaped(text, range)
  if (inner[0] !== MAP) throw new DecodeError('metadata is no object', range.start)
  return plainJsonValue(inner, 0, inner.length)
}

const NO_METADATA = Buffer.from('{}')

/** What a string holds, where it stands if nothing in it is escaped. */
function insideOf(text: Buffer, range: Range): Buffer {
  const inside = text.subarray(range.start + 1, range.end - 1)
  return inside.includes(BACKSLASH) ? unescaped(text, range) : inside
}

function unescaped(text: Buffer, { start, end }: Range): Buffer {
  const into = Buffer.allocUnsafe(end - start)
  return into.subarray(0, decodeString(text, start + 1, end - 1, into))
}

function valuesAt(text: Buffer, range: Range | undefined): readonly Value[] {
  if (range === undefined || text[range.start] !== LIST) return []
  const values: Value[] = []
  for (const element = elements(text, range.start); element.next(); ) {
    values.push(pythonJsonValue(text, element.start, element.end))
  }
  return values
}
