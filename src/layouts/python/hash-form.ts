/**
 * What the fork of langgraph-checkpoint-redis 0.0.x without RediSearch puts into hashes (fastovetsilya/langgraph-redis@002f14e): the fields of
 * the official documents, JSON as text, `''` for None. The checkpoint is under its parent's id, as in the saver it comes from.
 */
import { typedValue } from '../../codec/serde.js'
import { unwrap } from '../../codec/wrappers/wrapped.js'
import { fieldBytes, fieldText, type HashFields, hasFields, hashFields } from '../hash-fields.js'
import type { KeyedForm } from '../keys/keyed-form.js'
import { EMPTY_ID_SENTINEL, EMPTY_NS_SENTINEL } from '../keys/keys.js'
import { packedJson, REDIS_SAVER_JSON } from '../packed-value.js'
import { metadataOf } from '../plain/docs-hash-form.js'
import { checkpointDict } from '../stored-checkpoint.js'
import { integerOf, storedValue } from '../stored-value.js'

export function pythonHashForm(layout: string): KeyedForm {
  return {
    layout,
    evidence(key, value) {
      const fields = hashFields(value)
      if (key.role === 'write')
        return hasFields(fields, 'task_id', 'channel', 'type', 'blob')
          ? 'write hash has task_id and blob'
          : undefined
      return hasFields(fields, 'thread_id', 'checkpoint_id', 'checkpoint') && !fields.has('type')
        ? 'checkpoint hash has thread_id and checkpoint_id'
        : undefined
    },
    checkpoint(_key, value) {
      const fields = hashFields(value)
      return {
        dict: checkpointDict(packedJson(fieldBytes(fields, 'checkpoint'), REDIS_SAVER_JSON)),
        metadata: metadataOf(fields.get('metadata'), 'json').value(),
        parentId: idIn(fields, 'parent_checkpoint_id'),
        threadId: idIn(fields, 'thread_id'),
        checkpointNs: namespaceIn(fields),
      }
    },
    writes(_key, value) {
      const fields = hashFields(value)
      const type = fieldText(fields, 'type')
      const blob = fieldBytes(fields, 'blob')
      if (type === 'empty') return []
      return [
        () => ({
          taskId: fieldText(fields, 'task_id'),
          taskPath: fields.get('task_path')?.toString('utf8') ?? '',
          idx: integerOf(fieldText(fields, 'idx'), 'idx'),
          channel: fieldText(fields, 'channel'),
          value: storedValue(() =>
            type === 'base64' ? typedValue('bytes', unwrap(blob, 'base64')) : typedValue(type, blob),
          ),
        }),
      ]
    },
  }
}

function idIn(fields: HashFields, name: string): string {
  const id = fields.get(name)?.toString('utf8') ?? ''
  return id === EMPTY_ID_SENTINEL ? '' : id
}

function namespaceIn(fields: HashFields): string | undefined {
  const ns = fields.get('checkpoint_ns')?.toString('utf8')
  return ns === EMPTY_NS_SENTINEL ? '' : ns
}
