/** What `ValkeySaver` of langgraph-checkpoint-aws puts into strings: JSON with serde bytes as base64, all writes of a checkpoint in one list. */
import { elements, LIST, MAP } from '../../codec/json/scan.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { KeyedForm, ReadWrite } from '../keys/keyed-form.js'
import { packedValue } from '../packed-value.js'
import { checkpointDict } from '../stored-checkpoint.js'
import { base64At, idAt, integerAt, storedValue, stringAt, typedAt } from '../stored-value.js'
import { metadataOf } from './docs-hash-form.js'
import { fieldsAt } from './json-fields.js'

/** The ids and the type stand before the payload; a thread id of 1,000 characters may be spelled in escapes. */
const HEAD_BYTES = 16 * 1024

export function valkeyForm(layout: string): KeyedForm {
  return {
    layout,
    evidence(key, value) {
      if (value.type !== 'string') return undefined
      const head = value.bytes.toString('latin1', 0, HEAD_BYTES)
      const has = (name: string) => head.includes(`"${name}"`)
      if (key.role === 'write') {
        const isList = value.bytes[0] === LIST && ((has('task_id') && has('channel')) || head === '[]')
        return isList ? 'list of writes with task_id and channel' : undefined
      }
      const isOne = value.bytes[0] === MAP && has('checkpoint_id') && has('type') && has('checkpoint')
      return isOne ? 'JSON has checkpoint_id, type and checkpoint' : undefined
    },
    checkpoint(_key, value) {
      const text = textOf(value)
      const fields = fieldsAt(text, 0)
      const dict = packedValue(stringAt(text, fields, 'type'), base64At(text, fields, 'checkpoint'))
      const metadata = fields.has('metadata') ? base64At(text, fields, 'metadata') : undefined
      return {
        dict: checkpointDict(dict),
        metadata: metadataOf(metadata, 'json').value(),
        parentId: idAt(text, fields, 'parent_checkpoint_id') ?? null,
        threadId: idAt(text, fields, 'thread_id'),
      }
    },
    writes(_key, value) {
      const text = textOf(value)
      const reads: ReadWrite[] = []
      for (const element = elements(text, 0); element.next(); ) {
        const at = element.start
        reads.push(() => writeAt(text, at))
      }
      return reads
    },
  }
}

const textOf = (value: RedisValue): Buffer => (value.type === 'string' ? value.bytes : Buffer.alloc(0))

function writeAt(text: Buffer, at: number) {
  const fields = fieldsAt(text, at)
  const value = storedValue(() => typedAt(text, fields, 'type', 'value'))
  if (value === undefined) return undefined
  return {
    taskId: stringAt(text, fields, 'task_id'),
    idx: integerAt(text, fields, 'idx'),
    channel: stringAt(text, fields, 'channel'),
    value,
  }
}
