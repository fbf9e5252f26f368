/** Form of pickled InMemorySaver snapshots: everything a thread has in one key, its values as serde pairs. */
import { DecodeError } from '../../codec/bytes.js'
import { asBytes, asDict, asList, asText, asTuple, field, isNull } from '../../codec/pickle/navigate.js'
import type { PickleNode } from '../../codec/pickle/node.js'
import { typedValue } from '../../codec/serde.js'
import { sniff } from '../../codec/wrappers/sniff.js'
import type { Checkpoint } from '../../model/thread.js'
import { type Origin, type PendingWrite, SPECIAL_WRITE_IDX } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import { packedValue } from '../packed-value.js'
import { idText } from '../pickle/checkpoint.js'
import type { PickledForm } from '../pickle/form.js'
import type { PlacedWrite } from '../pickle/writes.js'
import { checkpointDict } from '../stored-checkpoint.js'

export const memorySnapshot = {
  id: 'memory-snapshot',
  title: 'pickled snapshots of an InMemorySaver',
  writtenBy:
    'SimpleRedisSaver and PlainRedisSaver, subclasses of InMemorySaver that keep {storage, writes, blobs} under one key a thread',
  evidence: 'pickled dict of storage, writes and blobs',
  checkpoint: () => undefined,
} as const satisfies PickledForm

/** Ids of one stored checkpoint, and how to read it. */
export interface SnapshotEntry {
  readonly checkpointNs: string
  readonly checkpointId: string
  /** Throws `DecodeError`. */
  checkpoint(threadId: string, origin: Origin): Checkpoint
}

export interface Snapshot {
  /** The thread that its writes and blobs name; undefined where it has neither. */
  readonly threadId: string | undefined
  /** By namespace and id. */
  readonly entries: readonly SnapshotEntry[]
  /** Of every checkpoint; throws `DecodeError`. */
  writes(threadId: string, origin: Origin): readonly PlacedWrite[]
}

/** Undefined where the pickle is none. Throws `DecodeError` for one whose parts are not what they should be. */
export function snapshotOf(node: PickleNode): Snapshot | undefined {
  const storage = field(node, 'storage')
  if (storage === undefined) return undefined
  const blobs = blobsOf(field(node, 'blobs'))
  const writes = entriesOf(field(node, 'writes'), 'writes')
  const threads = new Set([...blobs.threads, ...writes.map(([key]) => partOfKey(key, 0))])
  if (threads.size > 1) throw new DecodeError(`a snapshot of ${threads.size} threads`, 0, 'unsupported-value')
  const entries: SnapshotEntry[] = []
  for (const [ns, ids] of entriesOf(storage, 'storage')) {
    const checkpointNs = asText(ns)
    if (checkpointNs === undefined) throw new DecodeError('a namespace in storage is no text', 0)
    for (const [id, stored] of entriesOf(ids, `storage of ${JSON.stringify(checkpointNs)}`)) {
      const checkpointId = idText(id)
      if (checkpointId === undefined) throw new DecodeError('a checkpoint id in storage is no text', 0)
      const ids = { checkpointNs, checkpointId }
      entries.push({
        ...ids,
        checkpoint: (threadId, origin) => checkpointOf({ threadId, ...ids }, stored, blobs, origin),
      })
    }
  }
  return {
    threadId: [...threads][0],
    entries: entries.sort(
      (a, b) => compare(a.checkpointNs, b.checkpointNs) || compare(a.checkpointId, b.checkpointId),
    ),
    writes: (threadId, origin) => writes.flatMap(([key, held]) => writesOf(threadId, key, held, origin)),
  }
}

type Ids = Pick<Checkpoint, 'threadId' | 'checkpointNs' | 'checkpointId'>

/** `(checkpoint, metadata, parent id)`. Before langgraph-checkpoint 2.0.22 the channel values are inside the checkpoint. */
function checkpointOf(ids: Ids, stored: PickleNode, blobs: Blobs, origin: Origin): Checkpoint {
  const [checkpoint, metadata, parent] = asTuple(stored) ?? []
  if (checkpoint === undefined || metadata === undefined)
    throw new DecodeError('storage holds no (checkpoint, metadata, parent id)', 0)
  const { type, bytes } = pairOf(checkpoint)
  const { id: _, channelValues, ...dict } = checkpointDict(packedValue(type, bytes))
  const values = new Map(channelValues)
  for (const [channel, version] of dict.channelVersions) {
    const blob = values.has(channel) ? undefined : blobs.find(ids.checkpointNs, channel, version)
    if (blob !== undefined) values.set(channel, blob)
  }
  const parentId = parent === undefined ? undefined : idText(parent)
  return {
    ...ids,
    ...dict,
    channelValues: values,
    metadata: typedPair(metadata),
    parentCheckpointId: parentId === undefined || parentId === '' ? null : parentId,
    origin,
  }
}

/**
 * `(thread, ns, id)` → `(task, index)` → `(task, channel, value)`, and a task path since 2.0.10; a plain list of them in 2024. They are
 * numbered anew as the official savers number the writes of a task that they are given together.
 */
function writesOf(threadId: string, key: PickleNode, held: PickleNode, origin: Origin): PlacedWrite[] {
  const ids = { threadId, checkpointNs: partOfKey(key, 1), checkpointId: partOfKey(key, 2) }
  const stored = asDict(held)?.map(([, write]) => write) ?? asList(held) ?? []
  const positions = new Map<string, number>()
  return stored.map((one) => {
    const [task, name, value, path] = asTuple(one) ?? []
    const taskId = task && asText(task)
    const channel = name && asText(name)
    if (taskId === undefined || channel === undefined || value === undefined)
      throw new DecodeError('a write is no (task id, channel, value)', 0)
    const position = positions.get(taskId) ?? 0
    positions.set(taskId, position + 1)
    const taskPath = (path && asText(path)) ?? ''
    const idx = SPECIAL_WRITE_IDX[channel] ?? position
    const write: PendingWrite = { ...ids, taskId, taskPath, idx, channel, value: typedPair(value), origin }
    return { write, position }
  })
}

interface Blobs {
  readonly threads: ReadonlySet<string>
  find(checkpointNs: string, channel: string, version: string | number): Value | undefined
}

/** `(thread, ns, channel, version)` → serde pair; type `empty` stands for a channel without a value. */
function blobsOf(node: PickleNode | undefined): Blobs {
  const threads = new Set<string>()
  const stored = new Map<string, PickleNode>()
  for (const [key, pair] of entriesOf(node, 'blobs')) {
    threads.add(partOfKey(key, 0))
    stored.set([1, 2, 3].map((at) => partOfKey(key, at)).join('\0'), pair)
  }
  return {
    threads,
    find(checkpointNs, channel, version) {
      const found = stored.get([checkpointNs, channel, String(version)].join('\0'))
      return found === undefined || pairOf(found).type === 'empty' ? undefined : typedPair(found)
    },
  }
}

const typedPair = (pair: PickleNode): Value => {
  const { type, bytes } = pairOf(pair)
  return typedValue(type, bytes)
}

/** `(type, bytes)`; bytes alone in snapshots of 2024, which had no type tags. */
function pairOf(node: PickleNode): { readonly type: string; readonly bytes: Buffer } {
  const alone = asBytes(node)
  if (alone !== undefined) return { type: sniff(alone), bytes: alone }
  const [tag, content] = asTuple(node) ?? []
  const type = tag && asText(tag)
  const bytes = content && asBytes(content)
  if (type === undefined || bytes === undefined) throw new DecodeError('a value is no (type, bytes)', 0)
  return { type, bytes }
}

/** A part of a key that is a tuple, as text; versions may be numbers. */
function partOfKey(key: PickleNode, at: number): string {
  const part = asTuple(key)?.[at]
  const text = part && (idText(part) ?? (part.kind === 'float' ? String(part.value) : undefined))
  if (text === undefined) throw new DecodeError('a key in a snapshot has not the parts it should have', 0)
  return text
}

function entriesOf(node: PickleNode | undefined, what: string) {
  if (node === undefined || isNull(node)) return []
  const entries = asDict(node)
  if (entries === undefined) throw new DecodeError(`${what} is no dict`, 0)
  return entries
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
