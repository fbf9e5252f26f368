/**
 * What the saver of LangGraph's how-to guide puts into hashes (`persistence_redis.ipynb`, langchain-ai/langgraph@c303ef2a2 to 385c05c4f), and
 * the many copies of it: a serde pair for the checkpoint, metadata as JSON text or as serde bytes, everything perhaps as base64.
 */
import { DecodeError } from '../../codec/bytes.js'
import { MAP } from '../../codec/json/scan.js'
import { typedValue } from '../../codec/serde.js'
import { isBase64, unwrap } from '../../codec/wrappers/wrapped.js'
import { fieldBytes, fieldText, hasFields, hashFields } from '../hash-fields.js'
import { taskAndIdx } from '../keys/key-tail.js'
import type { KeyedForm, StoredCheckpoint } from '../keys/keyed-form.js'
import { type PackedValue, PLAIN_JSON, packedJson, packedValue } from '../packed-value.js'
import { checkpointDict, idOf } from '../stored-checkpoint.js'
import { storedValue } from '../stored-value.js'

/** A copy of the saver wrote this where its caller named no namespace: LangGraph itself always names one. */
const SPELLED_ROOT = 'default'

export function docsHashForm(layout: string, separator: string): KeyedForm {
  return {
    layout,
    evidence(key, value) {
      const fields = hashFields(value)
      if (key.role === 'write')
        return hasFields(fields, 'channel', 'type', 'value')
          ? 'write hash has channel, type and value'
          : undefined
      if (!hasFields(fields, 'checkpoint', 'type')) return undefined
      return fields.has('metadata_type')
        ? 'checkpoint hash has type and metadata_type'
        : 'checkpoint hash has type, and metadata as text'
    },
    checkpoint(key, value) {
      const fields = hashFields(value)
      const stored = fieldBytes(fields, 'checkpoint')
      const bytes = withoutBase64(stored)
      const metadata = metadataOf(fields.get('metadata'), fields.get('metadata_type')?.toString('utf8'))
      const parentId = fields.get('parent_checkpoint_id')?.toString('utf8') ?? ''
      const isCopy = bytes !== stored
      const checkpoint: StoredCheckpoint = {
        dict: checkpointDict(packedValue(fieldText(fields, 'type'), bytes)),
        metadata: metadata.value(),
        // The copy that writes base64 looks for the parent under a name that LangGraph does not use.
        parentId: isCopy && parentId === '' ? undefined : parentId,
        step: isCopy ? metadata.members()?.get('step')?.number() : undefined,
      }
      if (key.checkpointNs === SPELLED_ROOT && isRoot(metadata)) return { ...checkpoint, checkpointNs: '' }
      if (!key.ambiguous) return checkpoint
      return { ...checkpoint, hintedThreadId: idOf(metadata.members()?.get('thread_id')) }
    },
    writes(key, value) {
      const fields = hashFields(value)
      const channel = fieldText(fields, 'channel')
      const type = fieldText(fields, 'type')
      const taskPath = fields.get('task_path')?.toString('utf8') ?? ''
      const { taskId, idx } = taskAndIdx(key.key.toString('utf8'), separator)
      const bytes = fieldBytes(fields, 'value')
      if (type === 'empty') return []
      const written = storedValue(() => typedValue(type, bytes))
      return [() => ({ taskId, idx, taskPath, channel, value: written })]
    },
  }
}

/** Metadata of the root graph names no graph above it. */
function isRoot(metadata: PackedValue): boolean {
  const parents = metadata.members()?.get('parents')?.members()
  return parents === undefined || parents.size === 0
}

const NO_METADATA = Buffer.from('{}')

/** JSON text, serde bytes of the type that is named, either of them perhaps as base64. Throws `DecodeError` for what is no dict. */
export function metadataOf(stored: Buffer | undefined, type: string | undefined): PackedValue {
  if (stored === undefined || stored.length === 0) return packedJson(NO_METADATA, PLAIN_JSON)
  const bytes = withoutBase64(stored)
  const first = bytes[0]!
  const named = type ?? (first === MAP ? 'json' : 'msgpack')
  const metadata = packedValue(named, bytes, PLAIN_JSON)
  if (metadata.members() === undefined) throw new DecodeError('metadata is no dict', 0)
  return metadata
}

/** Dicts in JSON begin with a brace, in msgpack and pickle with a byte that no text begins with. */
function withoutBase64(bytes: Buffer): Buffer {
  const first = bytes[0] ?? MAP
  if (first >= 0x80 || first === MAP || !isBase64(bytes)) return bytes
  return unwrap(bytes, 'base64')
}
