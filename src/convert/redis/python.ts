/** Documents and keys of `RedisSaver` of Python (langgraph-checkpoint-redis 0.5.2). */
import { RedisJsonWriter } from '../../codec/json/redis-json.js'
import { LAST_DIGIT, LONG_INTEGER } from '../../codec/json/redis-losses.js'
import { redisText } from '../../codec/json/redis-text.js'
import { typedValue } from '../../codec/serde.js'
import { Slabs } from '../../codec/slabs.js'
import type { BlobRow, WriteRow } from '../../model/rows.js'
import { TASKS_CHANNEL } from '../../model/thread.js'
import {
  type DocumentParts,
  type Ids,
  lossesOf,
  type RedisDialect,
  type ValueText,
  type WriteIds,
} from './dialect.js'
import { DocumentText, type KeepBytes } from './document-text.js'
import { documentTs } from './document-ts.js'
import { GrowingLists } from './growing-lists.js'
import type { RedisPrefixes } from './options.js'
import { bytesOf, type JsonRange, membersOf, type StoredParts, spelling, textOf } from './stored.js'

/** RediSearch could not index empty texts. */
const EMPTY_NS = '__empty__'
const EMPTY_ID = '00000000-0000-0000-0000-000000000000'
const safeNs = (ns: string): string => ns || EMPTY_NS
const safeId = (id: string): string => id || EMPTY_ID

/** What the document spells in its own way. */
const OWN_MEMBERS = new Set(['type', 'channel_values', 'channel_versions', 'versions_seen', 'pending_sends'])
/** Shorter numbers are kept. */
const LONG_NUMBER = 16
/** The version of Sends where no channel has one. */
const FIRST_VERSION = '00000000000000000000000000000001.0000000000000000'

export class PythonKeys implements RedisDialect {
  readonly movesSends = true
  readonly writesAreText = false
  private readonly writer = new RedisJsonWriter()
  private readonly json: DocumentText
  private readonly slabs = new Slabs()
  private readonly lists = new GrowingLists()

  constructor(
    private readonly prefixes: RedisPrefixes,
    keepDocument?: KeepBytes,
  ) {
    this.json = new DocumentText(keepDocument)
  }

  valueText({ type, blob }: Pick<BlobRow, 'type' | 'blob'>, place?: string): ValueText | undefined {
    if (type === 'empty') return undefined
    const bytes = blob ?? NO_BYTES
    const write = (part: Buffer): ValueText => this.written(type, part)
    const isPlaced = type === 'msgpack' && place !== undefined
    const longer = isPlaced ? this.lists.longer(place, bytes, write) : undefined
    if (longer !== undefined) return longer
    const value = write(bytes)
    const kept = { ...value, text: this.slabs.keep(value.text) }
    if (isPlaced) this.lists.note(place, bytes, kept)
    return kept
  }

  /** Its text is valid until the next one is written. */
  private written(type: string, bytes: Buffer): ValueText {
    const { writer } = this
    writer.reset()
    typedValue(type, bytes).emit(writer)
    const losses = writer.losses.size === 0 ? undefined : new Map(writer.losses)
    return {
      text: writer.view(),
      depth: writer.depth,
      ...(losses !== undefined && { losses }),
    }
  }

  inlinedLosses({ inlined }: StoredParts): ReadonlyMap<string, number> | undefined {
    let integers = 0
    let floats = 0
    for (const range of inlined.values()) {
      if (range.end - range.start < LONG_NUMBER) continue
      const { longIntegers, lostFloats } = redisText(bytesOf(range))
      integers += longIntegers
      floats += lostFloats
    }
    return lossesOf([LONG_INTEGER, integers], [LAST_DIGIT, floats])
  }

  misfit(): undefined {
    return undefined
  }

  document({ stored, values, sends, hasWrites }: DocumentParts): Buffer {
    const { row, metadata } = stored
    const { json } = this
    json.begin()
    json.name('thread_id').string(safeId(row.threadId))
    json.name('run_id').string(textOf(metadata.get('run_id')) ?? '')
    json.name('checkpoint_ns').string(safeNs(row.checkpointNs))
    json.name('checkpoint_id').string(safeId(row.checkpointId))
    json.name('parent_checkpoint_id').string(row.parentCheckpointId ?? '')
    json.name('checkpoint_ts').text(String(documentTs(stored)))
    json.name('checkpoint').open('{').name('type').string('json')
    this.checkpointMembers(stored, sends)
    json.name('pending_sends').text('[]')
    json.name('channel_values').open('{')
    this.values(stored, values, sends)
    json.close('}}')
    json.name('metadata').string(row.metadata.toString())
    json.name('has_writes').text(String(hasWrites))
    for (const [name, range] of filterMembers(metadata)) json.name(name).stored(range)
    return json.close('}').take()
  }

  write(row: WriteRow): Buffer {
    const { json } = this
    json.begin()
    json.name('thread_id').string(safeId(row.threadId))
    json.name('checkpoint_ns').string(safeNs(row.checkpointNs))
    json.name('checkpoint_id').string(safeId(row.checkpointId))
    json.name('task_id').string(row.taskId)
    json.name('task_path').string(row.taskPath)
    json.name('idx').text(String(row.idx))
    json.name('channel').string(row.channel)
    json.name('type').string(row.type)
    json.name('blob').base64(row.blob)
    return json.close('}').take()
  }

  checkpointKey({ threadId, checkpointNs, checkpointId }: Ids): string {
    return `${this.prefixes.checkpoint}:${safeId(threadId)}:${safeNs(checkpointNs)}:${safeId(checkpointId)}`
  }
  writeKey({ threadId, checkpointNs, checkpointId, taskId, idx }: WriteIds): string {
    const checkpoint = `${safeId(threadId)}:${safeNs(checkpointNs)}:${safeId(checkpointId)}`
    return `${this.prefixes.checkpointWrite}:${checkpoint}:${taskId}:${idx}`
  }
  registryKey({ threadId, checkpointNs, checkpointId }: Ids): string {
    return `write_keys_zset:${safeId(threadId)}:${safeNs(checkpointNs)}:${safeId(checkpointId)}`
  }
  pointerKey({ threadId, checkpointNs }: Omit<Ids, 'checkpointId'>): string {
    return `${this.prefixes.checkpoint}_latest:${safeId(threadId)}:${safeNs(checkpointNs)}`
  }

  private checkpointMembers(
    { members, keys, versionsAreNumbers }: StoredParts,
    sends: ValueText | undefined,
  ): void {
    const { json } = this
    for (const [name, range] of members) if (!OWN_MEMBERS.has(name)) json.name(name).stored(range)
    const versions = members.get('channel_versions')
    json.name('channel_versions')
    if (versions === undefined || versionsAreNumbers || sends !== undefined) {
      const all = new Map(keys.map(({ channel, version }) => [channel, version]))
      if (sends !== undefined) all.set(TASKS_CHANNEL, greatest(all, versionsAreNumbers) ?? FIRST_VERSION)
      json.text(JSON.stringify(Object.fromEntries(all)))
    } else {
      json.stored(versions)
    }
    const seen = members.get('versions_seen')
    json.name('versions_seen')
    // Versions are compared with each other: all have to be texts.
    if (seen === undefined || versionsAreNumbers) json.text(JSON.stringify(asTexts(seen)))
    else json.stored(seen)
  }

  /** A blob wins over what stands in the row, Sends of the parent over both. */
  private values(
    { inlined }: StoredParts,
    values: ReadonlyMap<string, ValueText>,
    sends: ValueText | undefined,
  ): void {
    const { json } = this
    const isMoved = (channel: string): boolean => sends !== undefined && channel === TASKS_CHANNEL
    for (const [channel, range] of inlined)
      if (!values.has(channel) && !isMoved(channel)) json.name(channel).stored(range)
    for (const [channel, value] of values) if (!isMoved(channel)) json.name(channel).value(value)
    if (sends !== undefined) json.name(TASKS_CHANNEL).value(sends)
  }
}

const NO_BYTES = Buffer.alloc(0)

/** For the filters of `list()`: only together, and only of a kind that the index takes. */
function filterMembers(metadata: ReadonlyMap<string, JsonRange>): [string, JsonRange][] {
  const source = metadata.get('source')
  const step = metadata.get('step')
  if (source === undefined || step === undefined) return []
  if (textOf(source) === undefined || !/^-?\d/.test(spelling(step))) return []
  return [
    ['source', source],
    ['step', step],
  ]
}

function greatest(versions: ReadonlyMap<string, string>, areNumbers: boolean): string | undefined {
  let most: string | undefined
  for (const version of versions.values()) {
    if (most === undefined || (areNumbers ? Number(version) > Number(most) : version > most)) most = version
  }
  return most
}

function asTexts(seen: JsonRange | undefined): Record<string, Record<string, string>> {
  const nodes = [...membersOf(seen)].map(([node, channels]) => {
    const versions = [...membersOf(channels)].map(([channel, version]) => [
      channel,
      textOf(version) ?? spelling(version),
    ])
    return [node, Object.fromEntries(versions)]
  })
  return Object.fromEntries(nodes)
}
