/**
 * What `AgentCoreValkeySaver` of langgraph-checkpoint-aws stores (155c1a35, 1.2.6): JSON with serde pairs, writes in a list without indexes. A
 * thread's history is one actor's: the same session may hold several.
 */
import { DecodeError } from '../../codec/bytes.js'
import { MAP } from '../../codec/json/scan.js'
import { typedValue } from '../../codec/serde.js'
import type { RedisValue } from '../../model/redis-value.js'
import type { Value } from '../../model/value.js'
import type { KeyedForm, ReadWrite } from '../keys/keyed-form.js'
import { type PackedValue, PLAIN_JSON, packedValue } from '../packed-value.js'
import { checkpointDict } from '../stored-checkpoint.js'
import { base64At, idAt, storedValue, stringAt } from '../stored-value.js'
import { type Fields, fieldsAt } from './json-fields.js'

const PAIRS = { checkpoint_data: {}, metadata: {}, value: {} }

export function agentcoreForm(layout: string): KeyedForm {
  return {
    layout,
    evidence(key, value) {
      const text = value.type === 'list' ? value.items[0] : textOf(value)
      if (text?.[0] !== MAP) return undefined
      const wanted = { write: '"task_id"', blob: '"channel"' }[key.role as string] ?? '"checkpoint_data"'
      return text.includes(wanted) ? `JSON has ${wanted.slice(1, -1)}` : undefined
    },
    checkpoint(_key, value) {
      const text = textOf(value)
      const fields = fieldsAt(text, 0, PAIRS)
      const metadata = pairIn(text, fields, 'metadata')
      return {
        dict: checkpointDict(pairIn(text, fields, 'checkpoint_data')),
        metadata: metadata.value(),
        parentId: idAt(text, fields, 'parent_checkpoint_id') ?? null,
        threadId: stringAt(text, fields, 'thread_id'),
        checkpointNs: idAt(text, fields, 'checkpoint_ns') ?? '',
        owner: idAt(text, fields, 'actor_id') ?? '',
      }
    },
    writes(_key, value) {
      const positions = new Map<string, number>()
      return value.type === 'list' ? value.items.map((item) => itemReader(item, positions)) : []
    },
    blobs: {
      oneOfEachVersion: false,
      nameOf: (checkpointNs, channel, version) => `${checkpointNs}\0${channel}\0${version}`,
      read(key, value) {
        const text = textOf(value)
        const fields = fieldsAt(text, 0, PAIRS)
        const name = `${key.checkpointNs}\0${stringAt(text, fields, 'channel')}\0${idAt(text, fields, 'version') ?? ''}`
        return { name, value: storedValue(() => valueIn(text, fields)) }
      },
    },
  }
}

const textOf = (value: RedisValue): Buffer => (value.type === 'string' ? value.bytes : Buffer.alloc(0))

/** A write's index is its place among those of its task. */
function itemReader(text: Buffer, positions: Map<string, number>): ReadWrite {
  return () => {
    const fields = fieldsAt(text, 0, PAIRS)
    const taskId = stringAt(text, fields, 'task_id')
    const idx = positions.get(taskId) ?? 0
    positions.set(taskId, idx + 1)
    const value = storedValue(() => valueIn(text, fields))
    if (value === undefined) return undefined
    const taskPath = idAt(text, fields, 'task_path') ?? ''
    return { taskId, taskPath, idx, channel: stringAt(text, fields, 'channel'), value }
  }
}

function pairIn(text: Buffer, fields: Fields, name: string): PackedValue {
  const pair = membersOf(fields, name)
  const json = name === 'metadata' ? PLAIN_JSON : undefined
  return packedValue(stringAt(text, pair, 'type'), base64At(text, pair, 'data'), json)
}

function valueIn(text: Buffer, fields: Fields): Value | undefined {
  const pair = membersOf(fields, 'value')
  const type = stringAt(text, pair, 'type')
  return type === 'empty' ? undefined : typedValue(type, base64At(text, pair, 'data'))
}

function membersOf(fields: Fields, name: string): Fields {
  const members = fields.get(name)?.members
  if (members === undefined) throw new DecodeError(`${name} is no pair of type and data`, 0)
  return members
}
