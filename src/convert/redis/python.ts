/** Documents and keys of `RedisSaver` of Python (langgraph-checkpoint-redis 0.5.2). */
import { LONG_INTEGER, RedisJsonWriter } from '../../codec/json/redis-json.js'
import { redisText } from '../../codec/json/redis-text.js'
import { typedValue } from '../../codec/serde.js'
import type { BlobRow, WriteRow } from '../../model/rows.js'
import { TASKS_CHANNEL } from '../../model/thread.js'
import { type DocumentParts, type Ids, membersText, type RedisDialect, type ValueText } from './dialect.js'
import { documentTs } from './document-ts.js'
import type { RedisPrefixes } from './options.js'
import { membersOf, type StoredParts, textOf } from './stored.js'

/** RediSearch could not index empty texts. */
const EMPTY_NS = '__empty__'
const EMPTY_ID = '00000000-0000-0000-0000-000000000000'
const safeNs = (ns: string): string => ns || EMPTY_NS
const safeId = (id: string): string => id || EMPTY_ID

/** What the document spells in its own way. */
const OWN_MEMBERS = new Set(['type', 'channel_values', 'channel_versions', 'versions_seen', 'pending_sends'])
/** The version of Sends where no channel has one. */
const FIRST_VERSION = '00000000000000000000000000000001.0000000000000000'

export class PythonKeys implements RedisDialect {
  readonly movesSends = true
  readonly writesAreText = false
  private readonly writer = new RedisJsonWriter()

  constructor(private readonly prefixes: RedisPrefixes) {}

  valueText({ type, blob }: Pick<BlobRow, 'type' | 'blob'>): ValueText | undefined {
    if (type === 'empty') return undefined
    const { writer } = this
    writer.reset()
    typedValue(type, blob ?? NO_BYTES).emit(writer)
    const { depth } = writer
    const losses = writer.losses.size === 0 ? undefined : new Map(writer.losses)
    return { text: Buffer.from(writer.view()), depth, ...(losses !== undefined && { losses }) }
  }

  inlinedLosses({ inlined }: StoredParts): ReadonlyMap<string, number> | undefined {
    let count = 0
    for (const text of inlined.values()) count += redisText(text).longIntegers
    return count === 0 ? undefined : new Map([[LONG_INTEGER, count]])
  }

  misfit(): undefined {
    return undefined
  }

  document({ stored, values, sends, hasWrites }: DocumentParts): Buffer {
    const { row, metadata } = stored
    return Buffer.concat([
      Buffer.from('{'),
      ...membersText([
        ['thread_id', JSON.stringify(safeId(row.threadId))],
        ['run_id', JSON.stringify(textOf(metadata.get('run_id')) ?? '')],
        ['checkpoint_ns', JSON.stringify(safeNs(row.checkpointNs))],
        ['checkpoint_id', JSON.stringify(safeId(row.checkpointId))],
        ['parent_checkpoint_id', JSON.stringify(row.parentCheckpointId ?? '')],
        ['checkpoint_ts', String(documentTs(stored))],
      ]),
      Buffer.from(',"checkpoint":{"type":"json",'),
      ...membersText(this.checkpointMembers(stored, sends)),
      Buffer.from(',"pending_sends":[],"channel_values":{'),
      ...membersText(valueMembers(stored, values, sends)),
      Buffer.from('}},'),
      ...membersText([
        ['metadata', JSON.stringify(row.metadata.toString())],
        ['has_writes', String(hasWrites)],
        ...filterMembers(metadata),
      ]),
      Buffer.from('}'),
    ])
  }

  write(row: WriteRow): Buffer {
    return Buffer.from(
      JSON.stringify({
        thread_id: safeId(row.threadId),
        checkpoint_ns: safeNs(row.checkpointNs),
        checkpoint_id: safeId(row.checkpointId),
        task_id: row.taskId,
        task_path: row.taskPath,
        idx: row.idx,
        channel: row.channel,
        type: row.type,
        blob: row.blob.toString('base64'),
      }),
    )
  }

  checkpointKey({ threadId, checkpointNs, checkpointId }: Ids): string {
    return `${this.prefixes.checkpoint}:${safeId(threadId)}:${safeNs(checkpointNs)}:${safeId(checkpointId)}`
  }
  writeKey({ threadId, checkpointNs, checkpointId, taskId, idx }: WriteRow): string {
    const checkpoint = `${safeId(threadId)}:${safeNs(checkpointNs)}:${safeId(checkpointId)}`
    return `${this.prefixes.checkpointWrite}:${checkpoint}:${taskId}:${idx}`
  }
  registryKey({ threadId, checkpointNs, checkpointId }: Ids): string {
    return `write_keys_zset:${safeId(threadId)}:${safeNs(checkpointNs)}:${safeId(checkpointId)}`
  }
  pointerKey({ threadId, checkpointNs }: Omit<Ids, 'checkpointId'>): string {
    return `${this.prefixes.checkpoint}_latest:${safeId(threadId)}:${safeNs(checkpointNs)}`
  }

  private *checkpointMembers(
    { members, versions, versionsAreNumbers }: StoredParts,
    sends: ValueText | undefined,
  ): Generator<[string, Buffer | string]> {
    for (const [name, text] of members) if (!OWN_MEMBERS.has(name)) yield [name, redisText(text).text]
    const all = new Map(versions)
    if (sends !== undefined) all.set(TASKS_CHANNEL, greatest(versions, versionsAreNumbers) ?? FIRST_VERSION)
    yield ['channel_versions', JSON.stringify(Object.fromEntries(all))]
    const seen = members.get('versions_seen')
    // Versions are compared with each other: all have to be texts.
    yield [
      'versions_seen',
      seen === undefined ? '{}' : versionsAreNumbers ? JSON.stringify(asTexts(seen)) : seen,
    ]
  }
}

const NO_BYTES = Buffer.alloc(0)

/** A blob wins over what stands in the row. */
function* valueMembers(
  { inlined }: StoredParts,
  values: ReadonlyMap<string, ValueText>,
  sends: ValueText | undefined,
): Generator<[string, Buffer]> {
  for (const [channel, text] of inlined)
    if (!values.has(channel) && !(sends && channel === TASKS_CHANNEL)) yield [channel, redisText(text).text]
  for (const [channel, { text }] of values) if (!(sends && channel === TASKS_CHANNEL)) yield [channel, text]
  if (sends !== undefined) yield [TASKS_CHANNEL, sends.text]
}

/** For the filters of `list()`: only together, and only of a kind that the index takes. */
function filterMembers(metadata: ReadonlyMap<string, Buffer>): [string, Buffer][] {
  const source = metadata.get('source')
  const step = metadata.get('step')
  if (source === undefined || step === undefined) return []
  if (textOf(source) === undefined || !/^-?\d/.test(step.toString('latin1', 0, 2))) return []
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

function asTexts(seen: Buffer): Record<string, Record<string, string>> {
  const nodes = [...membersOf(seen)].map(([node, channels]) => {
    const versions = [...membersOf(channels)].map(([channel, json]) => [
      channel,
      textOf(json) ?? json.toString(),
    ])
    return [node, Object.fromEntries(versions)]
  })
  return Object.fromEntries(nodes)
}
