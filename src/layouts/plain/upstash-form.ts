/** What `langchain-upstash-redis-checkpoint` puts into hashes: base64 in every field, all writes of a checkpoint in one hash. */
import { unwrap } from '../../codec/wrappers/wrapped.js'
import { fieldBytes, fieldText, hasFields, hashFields } from '../hash-fields.js'
import { taskAndIdx } from '../keys/key-tail.js'
import type { KeyedForm, ReadWrite } from '../keys/keyed-form.js'
import { PLAIN_JSON, packedValue } from '../packed-value.js'
import { checkpointDict, idOf } from '../stored-checkpoint.js'
import { idAt, storedValue, stringAt, typedAt } from '../stored-value.js'
import { fieldsAt } from './json-fields.js'

export function upstashForm(layout: string): KeyedForm {
  return {
    layout,
    evidence(key, value) {
      if (value.type !== 'hash') return undefined
      if (key.role !== 'write')
        return hasFields(hashFields(value), 'checkpoint', 'checkpoint_type')
          ? 'checkpoint hash has checkpoint_type'
          : undefined
      const [field] = value.fields
      const isSlot = field !== undefined && /:-?\d+$/.test(field[0].toString('latin1'))
      return isSlot ? 'write hash has a field for each task and index' : undefined
    },
    checkpoint(key, value) {
      const fields = hashFields(value)
      const decoded = (name: string) => unwrap(fieldBytes(fields, name), 'base64')
      const metadata = packedValue(fieldText(fields, 'metadata_type'), decoded('metadata'), PLAIN_JSON)
      return {
        dict: checkpointDict(packedValue(fieldText(fields, 'checkpoint_type'), decoded('checkpoint'))),
        metadata: metadata.value(),
        parentId: fields.get('parent_checkpoint_id')?.toString('utf8') ?? '',
        hintedThreadId: key.ambiguous ? idOf(metadata.members()?.get('thread_id')) : undefined,
      }
    },
    writes(_key, value) {
      if (value.type !== 'hash') return []
      return value.fields.map(([field, text]) => slotReader(field.toString('utf8'), text))
    },
  }
}

/** A write: JSON with a serde pair, under `TASK:IDX`. */
function slotReader(field: string, text: Buffer): ReadWrite {
  return () => {
    const fields = fieldsAt(text, 0)
    const value = storedValue(() => typedAt(text, fields, 'type', 'value'))
    if (value === undefined) return undefined
    return {
      ...taskAndIdx(field, ':'),
      taskPath: idAt(text, fields, 'task_path') ?? '',
      channel: stringAt(text, fields, 'channel'),
      value,
    }
  }
}
