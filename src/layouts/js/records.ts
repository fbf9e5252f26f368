/** Makes records of the documents of the official JavaScript savers. Values stay in the document's bytes until somebody wants them. */
import { DecodeError } from '../../codec/bytes.js'
import { jsJsonValue, UNDEFINED } from '../../codec/json/js-json.js'
import { plainJsonValue } from '../../codec/json/read.js'
import { elements, LIST, MAP } from '../../codec/json/scan.js'
import type { Checkpoint, PendingWrite, StoredChannelValue } from '../../model/thread.js'
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
import { isFork, JS_REDIS_SAVER, JS_SHALLOW, type JsDocument, namespaceOfJs } from './document.js'
import { SHALLOW_ENDING } from './keys.js'

/** Which checkpoint a document holds. */
export type JsCheckpointIds = Pick<
  Checkpoint,
  'threadId' | 'checkpointNs' | 'checkpointId' | 'parentCheckpointId'
>

/** The id inside the checkpoint counts. Throws `DecodeError`. */
export function checkpointIds(document: JsDocument, key: ClaimedKey, threadId: string): JsCheckpointIds {
  const inner = document.checkpoint.get('id')
  const checkpointId = (inner && idAt(document.text, inner)) || idField(document, 'checkpoint_id') || ''
  if (checkpointId === '') throw new DecodeError('a checkpoint without an id', 0)
  const checkpointNs = namespaceOfJs(document) ?? key.checkpointNs
  const parentCheckpointId = idField(document, 'parent_checkpoint_id') || null
  return { threadId, checkpointNs, checkpointId, parentCheckpointId }
}

/** Members of a checkpoint that have a place of their own in the record. */
const OWN_MEMBERS = new Set(['id', 'channel_values', 'channel_versions', 'versions_seen', 'pending_sends'])

/** Throws `DecodeError` for what is no checkpoint; what is wrong inside a value shows when it is decoded. */
export function checkpointRecord(document: JsDocument, ids: JsCheckpointIds, key: ClaimedKey): Checkpoint {
  const { text, checkpoint } = document
  const fields = new Map<string, Value>()
  checkpoint.forEach(({ start, end }, name) => {
    if (!OWN_MEMBERS.has(name)) fields.set(name, plainJsonValue(text, start, end))
  })
  const channelValues = new Map<string, Value>()
  membersAt(text, checkpoint.get('channel_values')).forEach(({ start, end }, channel) => {
    channelValues.set(channel, jsJsonValue(text, start, end))
  })
  const layout = isShallowKey(key) ? JS_SHALLOW : JS_REDIS_SAVER
  return {
    ...ids,
    fields,
    channelVersions: versionsAt(text, checkpoint.get('channel_versions')),
    versionsSeen: versionsSeenAt(text, checkpoint.get('versions_seen')),
    channelValues,
    pendingSends: sendsAt(text, checkpoint.get('pending_sends')),
    metadata: metadataAt(text, document.fields.get('metadata')),
    valuesAreDelta: layout === JS_REDIS_SAVER,
    ...(layout === JS_REDIS_SAVER && channelValues.size === 0 && isFork(document) && { copiesSibling: true }),
    ...storedAt(document, 'checkpoint_ts'),
    origin: { key: key.key, layout },
  }
}

export const isShallowKey = ({ key, role }: ClaimedKey): boolean =>
  role === 'checkpoint' && key.toString('latin1').endsWith(SHALLOW_ENDING)

/** A write, and what tells the newer of two under one index. */
export interface JsWrite {
  readonly write: PendingWrite
  /** Milliseconds of the writing process' own clock; absent in the shallow saver. */
  readonly globalIdx: number | undefined
  /** Items of its list; 1 for any other value. */
  readonly length: number
  /** Where it stood among the writes of its task. */
  readonly position: number
}

/** Throws `DecodeError`. */
export function writeRecord(document: JsDocument, key: ClaimedKey, threadId: string): JsWrite {
  const { text, fields } = document
  const channel = stringField(document, 'channel')
  const range = fields.get('value')
  const position = idxField(document)
  const clock = Number(idField(document, 'global_idx') ?? Number.NaN)
  const globalIdx = Number.isFinite(clock) ? clock : undefined
  return {
    write: {
      threadId,
      checkpointNs: namespaceOfJs(document) ?? key.checkpointNs,
      checkpointId: idField(document, 'checkpoint_id') ?? key.checkpointId,
      taskId: stringField(document, 'task_id'),
      taskPath: '',
      idx: SPECIAL_WRITE_IDX[channel] ?? position,
      channel,
      value: range === undefined ? UNDEFINED : jsJsonValue(text, range.start, range.end),
      ...storedAt(document, 'timestamp'),
      // Only the full saver notes the time.
      origin: { key: key.key, layout: globalIdx === undefined ? JS_SHALLOW : JS_REDIS_SAVER },
    },
    globalIdx,
    length: range === undefined ? 1 : lengthAt(text, range),
    position,
  }
}

/** A blob of 1.0.10 and later; without a value where the channel was `undefined`. Throws `DecodeError`. */
export function blobRecord(document: JsDocument, key: ClaimedKey, threadId: string): StoredChannelValue {
  const range = document.fields.get('value')
  return {
    threadId,
    checkpointNs: namespaceOfJs(document) ?? key.checkpointNs,
    channel: stringField(document, 'channel'),
    version: idField(document, 'version') ?? '',
    ...(range === undefined ? {} : { value: jsJsonValue(document.text, range.start, range.end) }),
    origin: { key: key.key, layout: JS_REDIS_SAVER },
  }
}

function lengthAt(text: Buffer, { start }: Range): number {
  if (text[start] !== LIST) return 1
  let length = 0
  for (const element = elements(text, start); element.next(); ) length++
  return length
}

function sendsAt(text: Buffer, range: Range | undefined): readonly Value[] {
  if (range === undefined || text[range.start] !== LIST) return []
  const sends: Value[] = []
  for (const element = elements(text, range.start); element.next(); ) {
    sends.push(jsJsonValue(text, element.start, element.end))
  }
  return sends
}

function metadataAt(text: Buffer, range: Range | undefined): Value {
  if (range === undefined || isNullAt(text, range)) return plainJsonValue(NO_METADATA, 0, NO_METADATA.length)
  if (text[range.start] !== MAP) throw new DecodeError('metadata is no object', range.start)
  return plainJsonValue(text, range.start, range.end)
}

const NO_METADATA = Buffer.from('{}')
