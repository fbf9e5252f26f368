/** Documents and keys of the JavaScript `RedisSaver` (@langchain/langgraph-checkpoint-redis 1.0.11). */
import { DecodeError, EncodeError } from '../../codec/bytes.js'
import { UNDEFINED } from '../../codec/json/js-json.js'
import { emitJson } from '../../codec/json/read.js'
import { redisText } from '../../codec/json/redis-text.js'
import { NOWHERE } from '../../codec/nowhere.js'
import type { BlobRow, WriteRow } from '../../model/rows.js'
import {
  type DocumentParts,
  type Ids,
  MAX_DEPTH,
  membersText,
  type RedisDialect,
  type ValueText,
} from './dialect.js'
import { documentTs } from './document-ts.js'
import type { RedisPrefixes } from './options.js'
import { type StoredParts, textOf } from './stored.js'

/** The saver takes no such id, because it asks for keys by pattern. */
const PATTERN = /[*?[\]\\]/

export class JsKeys implements RedisDialect {
  readonly movesSends = false
  readonly writesAreText = true

  constructor(private readonly prefixes: RedisPrefixes) {}

  valueText({ type, blob }: Pick<BlobRow, 'type' | 'blob'>): ValueText | undefined {
    if (type === 'empty' || blob === null) return undefined
    if (type === 'bytes') return { text: Buffer.from(bytesText(blob)), depth: 3 }
    if (type !== 'json') throw new DecodeError(`type ${type} is unknown to the JavaScript reader`, 0)
    if (blob.equals(UNDEFINED.bytes!)) return undefined
    emitJson(blob, 0, blob.length, NOWHERE)
    const { text, depth } = redisText(blob)
    return { text: text === blob ? Buffer.from(text) : text, depth }
  }

  inlinedLosses(): undefined {
    return undefined
  }

  misfit({ row }: StoredParts): string | undefined {
    if (row.threadId === '') return 'an empty thread id'
    const isPattern = [row.threadId, row.checkpointNs, row.checkpointId].some((id) => PATTERN.test(id))
    return isPattern ? 'an id with one of * ? [ ] \\' : undefined
  }

  document({ stored, values, hasWrites }: DocumentParts): Buffer {
    const { row, members, metadata } = stored
    const kept = [...members].filter(([name]) => name !== 'channel_values')
    return Buffer.concat([
      Buffer.from('{'),
      ...membersText([
        ['thread_id', JSON.stringify(row.threadId)],
        ['checkpoint_ns', JSON.stringify(row.checkpointNs || '__empty__')],
        ['checkpoint_id', JSON.stringify(row.checkpointId)],
        ['parent_checkpoint_id', JSON.stringify(row.parentCheckpointId)],
      ]),
      Buffer.from(',"checkpoint":{'),
      ...membersText(kept.map(([name, text]) => [name, redisText(text).text])),
      Buffer.from(`${kept.length === 0 ? '' : ','}"channel_values":{`),
      ...membersText([...values].map(([channel, { text }]) => [channel, text])),
      Buffer.from('}},'),
      ...membersText([
        ['metadata', redisText(row.metadata).text],
        ['checkpoint_ts', String(documentTs(stored))],
        ['has_writes', hasWrites ? '"true"' : '"false"'],
        ...filterMembers(metadata),
      ]),
      Buffer.from('}'),
    ])
  }

  write(row: WriteRow, place: number): Buffer {
    const value = this.valueText(row)
    if (value !== undefined && value.depth + 1 > MAX_DEPTH)
      throw new EncodeError(`${value.depth} containers inside each other`, 'unsupported-value')
    return Buffer.concat([
      Buffer.from('{'),
      ...membersText([
        ['thread_id', JSON.stringify(row.threadId)],
        ['checkpoint_ns', JSON.stringify(row.checkpointNs)],
        ['checkpoint_id', JSON.stringify(row.checkpointId)],
        ['task_id', JSON.stringify(row.taskId)],
        ['idx', String(row.idx)],
        ['channel', JSON.stringify(row.channel)],
        ['type', '"json"'],
        ...(value === undefined ? [] : [['value', value.text] as const]),
        // The reader sorts by it; the saver itself counts microseconds of its process, which are more.
        ['timestamp', String(place + 1)],
        ['global_idx', String(place + 1)],
      ]),
      Buffer.from('}'),
    ])
  }

  checkpointKey({ threadId, checkpointNs, checkpointId }: Ids): string {
    return `${this.prefixes.checkpoint}:${threadId}:${checkpointNs}:${checkpointId}`
  }
  writeKey({ threadId, checkpointNs, checkpointId, taskId, idx }: WriteRow): string {
    return `${this.prefixes.checkpointWrite}:${threadId}:${checkpointNs}:${checkpointId}:${taskId}:${idx}`
  }
  registryKey({ threadId, checkpointNs, checkpointId }: Ids): string {
    return `write_keys_zset:${threadId}:${checkpointNs}:${checkpointId}`
  }
}

const bytesText = (bytes: Buffer): string =>
  `{"lc":2,"type":"constructor","id":["Uint8Array"],"method":"from","args":[[${[...bytes].join(',')}]]}`

/** What `list()` filters by, where the index takes it. */
function filterMembers(metadata: ReadonlyMap<string, Buffer>): [string, Buffer | string][] {
  const found: [string, Buffer | string][] = []
  for (const name of ['source', 'step', 'writes', 'score']) {
    const json = metadata.get(name)
    if (json === undefined) continue
    const isText = textOf(json) !== undefined
    if (name === 'source' ? isText : name === 'writes' ? isText : isNumber(json)) found.push([name, json])
    else if (name === 'writes') found.push([name, JSON.stringify(json.toString())])
  }
  return found
}

const isNumber = (json: Buffer): boolean => /^-?\d/.test(json.toString('latin1', 0, 2))
