/** Documents and keys of the JavaScript `RedisSaver` (@langchain/langgraph-checkpoint-redis 1.0.11). */
import { DecodeError, EncodeError } from '../../codec/bytes.js'
import { UNDEFINED } from '../../codec/json/js-json.js'
import { emitJson } from '../../codec/json/read.js'
import { LAST_DIGIT } from '../../codec/json/redis-losses.js'
import { redisText } from '../../codec/json/redis-text.js'
import { NOWHERE } from '../../codec/nowhere.js'
import { Slabs } from '../../codec/slabs.js'
import type { BlobRow, WriteRow } from '../../model/rows.js'
import {
  type DocumentParts,
  type Ids,
  lossesOf,
  MAX_DEPTH,
  type RedisDialect,
  type ValueText,
  type WriteIds,
} from './dialect.js'
import { DocumentText, type KeepBytes } from './document-text.js'
import { documentTs } from './document-ts.js'
import type { RedisPrefixes } from './options.js'
import { type JsonRange, type StoredParts, spelling, textOf } from './stored.js'

/** The saver takes no such id, because it asks for keys by pattern. */
const PATTERN = /[*?[\]\\]/

export class JsKeys implements RedisDialect {
  readonly movesSends = false
  readonly writesAreText = true
  private readonly json: DocumentText
  private readonly slabs = new Slabs()

  constructor(
    private readonly prefixes: RedisPrefixes,
    keepDocument?: KeepBytes,
  ) {
    this.json = new DocumentText(keepDocument)
  }

  valueText({ type, blob }: Pick<BlobRow, 'type' | 'blob'>): ValueText | undefined {
    if (type === 'empty' || blob === null) return undefined
    if (type === 'bytes') return { text: Buffer.from(bytesText(blob)), depth: 3 }
    if (type !== 'json') throw new DecodeError(`type ${type} is unknown to the JavaScript reader`, 0)
    if (blob.equals(UNDEFINED.bytes!)) return undefined
    emitJson(blob, 0, blob.length, NOWHERE)
    const { text, depth, lostFloats } = redisText(blob)
    const losses = lossesOf([LAST_DIGIT, lostFloats])
    return {
      text: text === blob ? this.slabs.keep(text) : text,
      depth,
      ...(losses !== undefined && { losses }),
    }
  }

  inlinedLosses(): undefined {
    return undefined
  }

  misfit({ row }: StoredParts): string | undefined {
    if (row.threadId === '') return 'an empty thread id'
    const isPattern = [row.threadId, row.checkpointNs, row.checkpointId].some((id) => PATTERN.test(id))
    if (isPattern) return 'an id with one of * ? [ ] \\'
    const { depth } = redisText(row.metadata)
    return depth + 1 > MAX_DEPTH ? `metadata: ${depth} containers inside each other` : undefined
  }

  document({ stored, values, hasWrites }: DocumentParts): Buffer {
    const { row, members, metadata } = stored
    const { json } = this
    json.begin()
    json.name('thread_id').string(row.threadId)
    json.name('checkpoint_ns').string(row.checkpointNs || '__empty__')
    json.name('checkpoint_id').string(row.checkpointId)
    json.name('parent_checkpoint_id').text(JSON.stringify(row.parentCheckpointId))
    json.name('checkpoint').open('{')
    for (const [name, range] of members) if (name !== 'channel_values') json.name(name).stored(range)
    json.name('channel_values').open('{')
    for (const [channel, value] of values) json.name(channel).value(value)
    json.close('}}')
    json.name('metadata').json(redisText(row.metadata).text)
    json.name('checkpoint_ts').text(String(documentTs(stored)))
    json.name('has_writes').text(hasWrites ? '"true"' : '"false"')
    for (const [name, range] of filterMembers(metadata)) {
      json.name(name)
      // What is no text is there as its JSON.
      if (name === 'writes' && textOf(range) === undefined) json.string(spelling(range))
      else json.stored(range)
    }
    return json.close('}').take()
  }

  write(row: WriteRow, place: number): Buffer {
    const value = this.valueText(row)
    if (value !== undefined && value.depth + 1 > MAX_DEPTH)
      throw new EncodeError(`${value.depth} containers inside each other`, 'unsupported-value')
    const { json } = this
    json.begin()
    json.name('thread_id').string(row.threadId)
    json.name('checkpoint_ns').string(row.checkpointNs)
    json.name('checkpoint_id').string(row.checkpointId)
    json.name('task_id').string(row.taskId)
    json.name('idx').text(String(row.idx))
    json.name('channel').string(row.channel)
    json.name('type').string('json')
    if (value !== undefined) json.name('value').value(value)
    // The reader sorts by it; the saver itself counts microseconds of its process, which are more.
    json.name('timestamp').text(String(place + 1))
    json.name('global_idx').text(String(place + 1))
    return json.close('}').take()
  }

  checkpointKey({ threadId, checkpointNs, checkpointId }: Ids): string {
    return `${this.prefixes.checkpoint}:${threadId}:${checkpointNs}:${checkpointId}`
  }
  writeKey({ threadId, checkpointNs, checkpointId, taskId, idx }: WriteIds): string {
    return `${this.prefixes.checkpointWrite}:${threadId}:${checkpointNs}:${checkpointId}:${taskId}:${idx}`
  }
  registryKey({ threadId, checkpointNs, checkpointId }: Ids): string {
    return `write_keys_zset:${threadId}:${checkpointNs}:${checkpointId}`
  }
}

export const bytesText = (bytes: Buffer): string =>
  `{"lc":2,"type":"constructor","id":["Uint8Array"],"method":"from","args":[[${[...bytes].join(',')}]]}`

/** What `list()` filters by, where the index takes it. */
function filterMembers(metadata: ReadonlyMap<string, JsonRange>): [string, JsonRange][] {
  const found: [string, JsonRange][] = []
  for (const name of ['source', 'step', 'writes', 'score']) {
    const range = metadata.get(name)
    if (range === undefined) continue
    const isFit =
      name === 'source' ? textOf(range) !== undefined : name === 'writes' || /^-?\d/.test(spelling(range))
    if (isFit) found.push([name, range])
  }
  return found
}
