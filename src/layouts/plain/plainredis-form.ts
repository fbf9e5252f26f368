/**
 * What `langgraph-checkpoint-plainredis` stores (Agolw, saver.py@560a9a5): everything as JSON `{"t": type, "d": base64}`; channel values in keys of
 * their own by version, writes as tuples in one hash a checkpoint.
 */
import { DecodeError } from '../../codec/bytes.js'
import type { RedisValue } from '../../model/redis-value.js'
import { versionNumber } from '../awaited-blobs.js'
import { taskAndIdx } from '../keys/key-tail.js'
import type { KeyedForm, ReadWrite } from '../keys/keyed-form.js'
import { type PackedValue, packedValue } from '../packed-value.js'
import { checkpointDict, idOf } from '../stored-checkpoint.js'
import { base64At, storedValue, stringAt, typedAt } from '../stored-value.js'
import { fieldsAt } from './json-fields.js'

const PAIR = /^\{\s*"[td]"\s*:/

export function plainredisForm(layout: string, blobHead: string): KeyedForm {
  return {
    layout,
    evidence(_key, value) {
      const text = value.type === 'hash' ? value.fields[0]?.[1] : textOf(value)
      return text !== undefined && PAIR.test(text.toString('latin1', 0, 64)) ? 'JSON has t and d' : undefined
    },
    checkpoint(key, value) {
      const payload = pairOf(textOf(value)).members()
      const checkpoint = payload?.get('checkpoint')
      if (payload === undefined || checkpoint === undefined) throw new DecodeError('no checkpoint in it', 0)
      const metadata = payload.get('metadata')
      if (metadata?.members() === undefined) throw new DecodeError('metadata is no dict', 0)
      return {
        dict: checkpointDict(checkpoint),
        metadata: metadata.value(),
        parentId: idOf(payload.get('parent_id')) ?? null,
        hintedThreadId: key.ambiguous ? idOf(metadata.members()?.get('thread_id')) : undefined,
      }
    },
    writes(_key, value) {
      if (value.type !== 'hash') return []
      return value.fields.map(([field, text]) => slotReader(field.toString('utf8'), text))
    },
    blobs: {
      oneOfEachVersion: true,
      /** Names are what follows the thread in the key: the saver makes keys in just this way, whatever the parts hold. */
      nameOf: (checkpointNs, channel, version) => `${checkpointNs}:${channel}:${version}`,
      read(key, value) {
        const text = textOf(value)
        const name = key.key.toString('utf8').slice(`${blobHead}${key.threadId}:`.length)
        const version = blobVersion(key.key)
        return { name, version, value: storedValue(() => typedAt(text, fieldsAt(text, 0), 't', 'd')) }
      },
    },
  }
}

/** The number of a channel version at the end of a key. */
export const blobVersion = (key: Buffer): number =>
  versionNumber(key.toString('latin1', key.lastIndexOf(0x3a) + 1))

const textOf = (value: RedisValue): Buffer => (value.type === 'string' ? value.bytes : Buffer.alloc(0))

function pairOf(text: Buffer): PackedValue {
  const fields = fieldsAt(text, 0)
  return packedValue(stringAt(text, fields, 't'), base64At(text, fields, 'd'))
}

/** A write: the tuple (task id, channel, value), under `TASK:IDX`. */
function slotReader(field: string, text: Buffer): ReadWrite {
  return () => {
    const items = pairOf(text).items()
    const channel = items?.[1]?.text()
    const value = items?.[2]
    if (channel === undefined || value === undefined)
      throw new DecodeError('a write is no (task id, channel, value)', 0)
    return { ...taskAndIdx(field, ':'), channel, value: value.value() }
  }
}
