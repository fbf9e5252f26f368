/** Layout of `PickleRedisSaver`: one pickled CheckpointTuple a key and a pointer a thread; no namespaces, no writes, no TTL. */

import { DecodeError } from '../codec/bytes.js'
import { asList, asText, asTuple, classOf, field, isNull } from '../codec/pickle-navigate.js'
import type { PickleNode } from '../codec/pickle-node.js'
import { readPickle } from '../codec/pickle-read.js'
import { pickleValue } from '../codec/pickle-value.js'
import type { ReasonId } from '../model/finding.js'
import type { RedisType, RedisValue } from '../model/redis-value.js'
import { type Checkpoint, type PendingWrite, SPECIAL_WRITE_IDX } from '../model/thread.js'
import { checkpointIdPart, isUuid, keyParser } from './keys.js'
import type { Claim, ClaimedKey, Layout, Prefixes, RecordSink, ThreadReader } from './layout.js'
import { checkpointBody, configurable, idText, isCheckpointDict, metadataValue } from './pickle-checkpoint.js'

const ID = 'pickle-redis-saver'
const CHECKPOINT_TUPLE = 'langgraph.checkpoint.base.CheckpointTuple'

export const pickleRedisSaver = {
  id: ID,
  title: 'PickleRedisSaver (pickled checkpoint tuples)',
  writtenBy:
    'PickleRedisSaver, copied between projects: pickle.dumps(CheckpointTuple) under checkpoint:THREAD:ID',
  dialect: 'python',
  claim,
  recognises,
  readingOrder: (keys) =>
    [...keys].sort(
      (a, b) =>
        Number(a.role === 'pointer') - Number(b.role === 'pointer') ||
        (a.checkpointId < b.checkpointId ? -1 : a.checkpointId > b.checkpointId ? 1 : a.key.compare(b.key)),
    ),
  openThread: (threadId, sink) => new PickledThread(threadId, sink),
} as const satisfies Layout

/** `checkpoint:T:ID` and `checkpoint_latest:T`. The saver's prefix is fixed, but copies of it were given others. */
function claim(key: Buffer, type: RedisType, prefixes: Prefixes): Claim | null {
  if (type !== 'string') return null
  const text = key.toString('utf8')
  for (const prefix of prefixes.checkpoint) {
    if (text.startsWith(`${prefix}_latest:`)) {
      const threadId = text.slice(prefix.length + '_latest:'.length)
      return { layout: ID, role: 'pointer', threadId, checkpointNs: '', checkpointId: '' }
    }
    const parts = parserOf(prefix)(text)
    if (parts === null) continue
    const { threadId, tail, ambiguous } = parts
    const claimed = { layout: ID, threadId, checkpointNs: '', checkpointId: tail.checkpointId ?? '' }
    return { ...claimed, role: 'checkpoint', ...(ambiguous && { ambiguous }) }
  }
  return null
}

const parsers = new Map<string, ReturnType<typeof keyParser>>()
function parserOf(prefix: string): ReturnType<typeof keyParser> {
  let parser = parsers.get(prefix)
  if (parser === undefined) {
    parser = keyParser({ prefix, separator: ':', tail: [checkpointIdPart(':')] })
    parsers.set(prefix, parser)
  }
  return parser
}

/** The class name stands at the very beginning of such a pickle, so that nothing needs to be decoded. */
function recognises(
  key: ClaimedKey,
  value: RedisValue,
): { readonly yes: boolean; readonly evidence: string } {
  if (value.type !== 'string') return { yes: false, evidence: `TYPE is ${value.type}, not string` }
  if (key.role === 'pointer') {
    const yes = isUuid(value.bytes.toString('latin1'))
    return { yes, evidence: yes ? 'pointer holds a bare checkpoint id' : 'pointer holds no checkpoint id' }
  }
  const head = value.bytes.toString('latin1', 0, 200)
  const yes = head.includes('langgraph.checkpoint.base') && head.includes('CheckpointTuple')
  return { yes, evidence: yes ? `pickle of ${CHECKPOINT_TUPLE}` : `no pickle of ${CHECKPOINT_TUPLE}` }
}

class PickledThread implements ThreadReader {
  /** Ids in keys and in payloads, readable or not: what a pointer may name. */
  private readonly known = new Set<string>()

  constructor(
    private readonly threadId: string,
    private readonly sink: RecordSink,
  ) {}

  accept(key: ClaimedKey, value: RedisValue): void {
    if (value.type !== 'string') this.sink.notMine(key)
    else if (key.role === 'pointer') this.pointer(key, value.bytes)
    else this.pickle(key, value.bytes)
  }

  end(): void {}

  private pickle(key: ClaimedKey, bytes: Buffer): void {
    try {
      const node = readPickle(bytes)
      const parts = checkpointTuple(node)
      if (parts !== undefined) this.checkpoint(key, parts)
      // Tuples, lists and dicts of another shape are what other pickle savers write.
      else if (['tuple', 'list', 'dict'].includes(node.kind)) this.sink.notMine(key)
      else this.find(key, 'not-a-checkpoint', `pickle of ${classOf(node) ?? node.kind}`)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      // Text, JSON and the like are other layouts' or other people's; what begins like a pickle was meant to be one.
      if (beginsLikePickle(bytes)) this.find(key, error.reason, `offset ${error.offset}: ${error.message}`)
      else this.sink.notMine(key)
    }
  }

  private checkpoint(key: ClaimedKey, parts: TupleParts): void {
    const [config, checkpoint, metadata, parentConfig, writes] = parts
    const checkpointId = idText(field(checkpoint, 'id')) ?? configurable(config, 'checkpoint_id')
    const threadId = configurable(config, 'thread_id')
    if (!isCheckpointDict(checkpoint) || checkpointId === undefined || checkpointId === '') {
      this.find(key, 'not-a-checkpoint', 'CheckpointTuple without a checkpoint id or channel_values')
    } else if (threadId === undefined && key.ambiguous) {
      this.find(key, 'ambiguous-thread')
    } else if (threadId !== undefined && threadId !== this.threadId) {
      this.sink.belongsTo(key, threadId)
    } else {
      const parent = parentConfig === undefined ? '' : (configurable(parentConfig, 'checkpoint_id') ?? '')
      const ids = { threadId: this.threadId, checkpointNs: '', checkpointId }
      const record: Checkpoint = {
        ...ids,
        parentCheckpointId: parent === '' ? null : parent,
        ...checkpointBody(checkpoint),
        metadata: metadataValue(metadata),
        origin: { key: key.key, layout: ID },
      }
      const pending = writes === undefined ? [] : pendingWrites(writes, record)
      this.known.add(key.checkpointId).add(checkpointId)
      // A nested graph of langgraph 0.2 took the id of the root's checkpoint and overwrote it. The parent stays: the saver gives it so.
      if (parent === checkpointId) this.sink.finding({ reason: 'parent-is-itself', ...ids, key: key.key })
      this.sink.checkpoint(record)
      for (const write of pending) this.sink.write(write)
    }
  }

  private pointer(key: ClaimedKey, bytes: Buffer): void {
    const checkpointId = bytes.toString('utf8')
    if (this.known.has(checkpointId)) return
    const ids = { threadId: this.threadId, checkpointNs: '', checkpointId }
    if (isUuid(checkpointId)) this.sink.finding({ reason: 'dangling-pointer', ...ids, key: key.key })
    else this.sink.notMine(key)
  }

  private find(key: ClaimedKey, reason: ReasonId, detail?: string): void {
    this.known.add(key.checkpointId)
    const { threadId } = this
    const finding = { reason, threadId, checkpointNs: '', checkpointId: key.checkpointId, key: key.key }
    this.sink.finding(detail === undefined ? finding : { ...finding, detail })
  }
}

/** The saver leaves `pending_writes` empty; a copy that fills it does so as LangGraph does. Throws `DecodeError`. */
function pendingWrites(writes: PickleNode, checkpoint: Checkpoint): PendingWrite[] {
  const { threadId, checkpointNs, checkpointId, origin } = checkpoint
  const positions = new Map<string, number>()
  return (asList(writes) ?? []).map((write) => {
    const [task, name, value] = asList(write) ?? []
    const taskId = task && asText(task)
    const channel = name && asText(name)
    if (taskId === undefined || channel === undefined || value === undefined) {
      throw new DecodeError('a pending write is no (task id, channel, value)', 0)
    }
    const position = positions.get(taskId) ?? 0
    positions.set(taskId, position + 1)
    const idx = SPECIAL_WRITE_IDX[channel] ?? position
    const ids = { threadId, checkpointNs, checkpointId, taskId, taskPath: '', idx, channel }
    return { ...ids, value: pickleValue(value), origin }
  })
}

/** config, checkpoint, metadata, parent config (None: no parent), pending writes (since langgraph-checkpoint 1.0). */
type TupleParts = readonly [
  PickleNode,
  PickleNode,
  PickleNode,
  PickleNode | undefined,
  PickleNode | undefined,
]

/** The parts of a CheckpointTuple, or of a plain tuple of the same shape. */
function checkpointTuple(node: PickleNode): TupleParts | undefined {
  const items = asTuple(node)
  if (items === undefined) return undefined
  const [config, checkpoint, metadata, parentConfig, writes] = items
  if (config === undefined || checkpoint === undefined || metadata === undefined) return undefined
  const isNamed = classOf(node) === CHECKPOINT_TUPLE
  if (!isNamed && !(items.length === 5 && isCheckpointDict(checkpoint))) return undefined
  return [config, checkpoint, metadata, some(parentConfig), some(writes)]
}

const some = (node: PickleNode | undefined): PickleNode | undefined =>
  node === undefined || isNull(node) ? undefined : node

/** Protocols 2–5 begin with PROTO; protocol 0 with marks and then a class by name, or a dict or list that is put into the memo. */
function beginsLikePickle(bytes: Buffer): boolean {
  if (bytes[0] === 0x80) return bytes[1]! <= 5
  return /^\(*(c[\w.]+\n[\w.]+\n|[dl]p\d+\n)/.test(bytes.toString('latin1', 0, 200))
}
