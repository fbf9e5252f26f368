/**
 * What the npm package `checkpoint-redis` puts into hashes (levivoelz/checkpoint-redis@08be303, 0.1.0–0.3.0): JSON of the JavaScript serde. Since
 * its serde returns bytes, the client library writes them as numbers with commas between them.
 */
import { jsJsonValue } from '../../codec/json/js-json.js'
import { MAP } from '../../codec/json/scan.js'
import { unwrap } from '../../codec/wrappers/wrapped.js'
import type { Value } from '../../model/value.js'
import { fieldBytes, fieldText, hasFields, hashFields } from '../hash-fields.js'
import { taskAndIdx } from '../keys/key-tail.js'
import type { KeyedForm } from '../keys/keyed-form.js'
import { packedJson } from '../packed-value.js'
import { checkpointDict, idOf } from '../stored-checkpoint.js'
import { storedValue } from '../stored-value.js'

const SEPARATOR = ':'

/** Its forms: bytes in decimal, and the text of the first releases. A thread may hold both. */
export const checkpointRedisForms = (layout: string): readonly KeyedForm[] => [
  formOf(layout, true),
  formOf(layout, false),
]

function formOf(layout: string, isInDecimal: boolean): KeyedForm {
  return {
    layout,
    evidence(key, value) {
      const fields = hashFields(value)
      if (key.role === 'write') {
        return isInDecimal && hasFields(fields, 'channel', 'type', 'value') && isDecimal(fields.get('value')!)
          ? 'write hash has its value as bytes in decimal'
          : undefined
      }
      if (!hasFields(fields, 'checkpoint', 'type', 'metadata_type')) return undefined
      const checkpoint = fields.get('checkpoint')!
      if (isInDecimal) return isDecimal(checkpoint) ? 'checkpoint hash has bytes in decimal' : undefined
      // The first releases: text. Python writes a space behind every colon, JavaScript none.
      return checkpoint[0] === MAP && /^\{"\w+":[^ ]/.test(checkpoint.toString('latin1', 0, 64))
        ? 'checkpoint hash has metadata_type, and JSON without spaces'
        : undefined
    },
    // One byte alone has no comma: what it says depends on the checkpoint.
    isOwnWrite: (value) => hasFields(hashFields(value), 'channel', 'type', 'value'),
    checkpoint(key, value) {
      const fields = hashFields(value)
      const metadata = packedJson(plain(fieldBytes(fields, 'metadata')), jsJsonValue)
      return {
        dict: checkpointDict(packedJson(plain(fieldBytes(fields, 'checkpoint')), jsJsonValue)),
        metadata: metadata.value(),
        parentId: fields.get('parent_checkpoint_id')?.toString('utf8') ?? '',
        hintedThreadId: key.ambiguous ? idOf(metadata.members()?.get('thread_id')) : undefined,
      }
    },
    writes(key, value) {
      const fields = hashFields(value)
      const channel = fieldText(fields, 'channel')
      const type = fieldText(fields, 'type')
      const stored = fieldBytes(fields, 'value')
      const written = isInDecimal && ONE_BYTE.test(stored.toString('latin1', 0, 4)) ? oneByte : plain
      const { taskId, idx } = taskAndIdx(key.key.toString('utf8'), SEPARATOR)
      return [() => ({ taskId, idx, channel, value: storedValue(() => typed(type, written(stored))) })]
    },
  }
}

function typed(type: string, bytes: Buffer): Value {
  if (type !== 'bytes') return jsJsonValue(bytes, 0, bytes.length)
  return { encoding: 'raw', serdeType: 'bytes', bytes, emit: (sink) => sink.bytes(bytes, 0, bytes.length) }
}

const ONE_BYTE = /^\d{1,3}$/
const oneByte = (stored: Buffer): Buffer => unwrap(stored, 'decimal')

const isDecimal = (bytes: Buffer): boolean => /^\d{1,3}(?:,\d{1,3})+$/.test(bytes.toString('latin1'))

const plain = (bytes: Buffer): Buffer => (isDecimal(bytes) ? unwrap(bytes, 'decimal') : bytes)
