/**
 * What the plainest savers put into one string a checkpoint: msgpack that nobody tagged, LangGraph's JSON, or JSON around a serde pair in hex or
 * base64; the checkpoint alone, or beside its metadata. Seen in copies that kept no writes.
 */
import { DecodeError } from '../../codec/bytes.js'
import { unwrapAll } from '../../codec/wrappers/sniff.js'
import { unwrap } from '../../codec/wrappers/wrapped.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { KeyedForm } from '../keys/keyed-form.js'
import { type PackedValue, PLAIN_JSON, packedJson, packedValue } from '../packed-value.js'
import { checkpointDict, idOf } from '../stored-checkpoint.js'

interface Parts {
  readonly evidence: string
  readonly checkpoint: PackedValue
  /** What stands around the checkpoint; undefined where nothing does. */
  readonly around: ReadonlyMap<string, PackedValue> | undefined
}

export function untaggedForm(layout: string): KeyedForm {
  return {
    layout,
    evidence: (_key, value) => partsOf(value)?.evidence,
    checkpoint(_key, value) {
      const parts = partsOf(value)
      if (parts === undefined) throw new DecodeError('no checkpoint in it', 0)
      const { checkpoint, around } = parts
      refuseRepr(checkpoint)
      const dict = checkpointDict(checkpoint)
      const [own, parent] = [
        configurableOf(around?.get('config')),
        configurableOf(around?.get('parent_config')),
      ]
      // Some keep the configuration that `put` was given: it names the parent.
      const named = [
        parent?.get('checkpoint_id'),
        around?.get('parent_checkpoint_id'),
        around?.get('parent_id'),
      ]
      const parentId = [...named, own?.get('checkpoint_id')].map(idOf).find((id) => id !== undefined)
      const metadata = around?.get('metadata')
      const isDict = metadata?.members() !== undefined
      return {
        dict,
        metadata: (isDict ? metadata : packedJson(EMPTY, PLAIN_JSON)).value(),
        lacksMetadata: !isDict,
        parentId: parentId === dict.id ? null : (parentId ?? null),
        hintedThreadId: idOf(own?.get('thread_id')),
        checkpointNs: own?.get('checkpoint_ns')?.text(),
      }
    },
    writes: () => [],
  }
}

const EMPTY = Buffer.from('{}')

const configurableOf = (config: PackedValue | undefined) => config?.members()?.get('configurable')?.members()

/** Undefined for everything that holds no checkpoint. */
function partsOf(value: RedisValue): Parts | undefined {
  if (value.type !== 'string') return undefined
  try {
    const { bytes, encoding } = unwrapAll(value.bytes)
    if (encoding === 'msgpack') return inside(packedValue('msgpack', bytes), 'msgpack', undefined)
    // JavaScript writes no space behind a colon, and its JSON is another language's.
    if (encoding !== 'json' || !/^\{\s*"[^"]*": /.test(bytes.toString('latin1', 0, 80))) return undefined
    const around = packedJson(bytes, PLAIN_JSON).members()
    const [type, data] = [around?.get('type')?.text(), around?.get('data')?.text()]
    if (type === undefined || data === undefined) return inside(packedValue('json', bytes), 'JSON', undefined)
    return inside(packedValue(type, textBytes(data)), `${type} in a JSON member`, around)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** A checkpoint dict itself, or a dict around one. */
function inside(packed: PackedValue, what: string, around: Parts['around']): Parts | undefined {
  const members = packed.members()
  const evidence = `${what} with channel_values`
  if (members?.has('channel_values')) return { evidence, checkpoint: packed, around }
  const checkpoint = members?.get('checkpoint')
  if (!checkpoint?.members()?.has('channel_values')) return undefined
  return { evidence, checkpoint, around: new Map([...(around ?? []), ...members!]) }
}

function textBytes(text: string): Buffer {
  const isHex = text.length % 2 === 0 && /^[0-9a-fA-F]+$/.test(text)
  return unwrap(Buffer.from(text), isHex ? 'hex' : 'base64')
}

/** `json.dumps(…, default=str)` leaves of a message what `repr` prints: nobody can make a message of it again. */
function refuseRepr(checkpoint: PackedValue): void {
  for (const [channel, value] of checkpoint.members()?.get('channel_values')?.members() ?? []) {
    const isRepr = value.items()?.some((item) => /^content=['"]/.test(item.text() ?? ''))
    if (isRepr)
      throw new DecodeError(`channel ${channel} holds messages as repr text`, 0, 'unsupported-value')
  }
}
