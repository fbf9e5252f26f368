/** One row of LangGraph's tables as the record that its official reader makes of it. */
import { DecodeError } from '../../codec/bytes.js'
import { jsJsonValue } from '../../codec/json/js-json.js'
import { jsonString, members, plainJsonValue } from '../../codec/json/read.js'
import { typedValue } from '../../codec/serde.js'
import { ShortMap } from '../../model/short-map.js'
import type { StoredBlob, StoredCheckpoint, StoredWrite } from '../../model/stored-thread.js'
import type { ChannelVersion } from '../../model/thread.js'
import type { Value } from '../../model/value.js'
import type { Tuple } from './copy-tuples.js'

export type Dialect = 'python' | 'js'

/** `thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, checkpoint::text, metadata::text` */
export function storedCheckpoint(tuple: Tuple): StoredCheckpoint {
  const [threadId, checkpointNs, checkpointId, parent] = tuple
  const text = tuple[4]!
  const metadata = tuple[5]!
  const fields = new ShortMap<Value>(EXPECTED_MEMBERS)
  let channelVersions: ReadonlyMap<string, ChannelVersion> = NONE
  let versionsSeen: ReadonlyMap<string, ReadonlyMap<string, ChannelVersion>> = NONE
  let inlined: ReadonlyMap<string, Value> = NONE
  eachMember(text, 0, (name, start, end) => {
    if (name === 'channel_versions') channelVersions = versionsAt(text, start)
    else if (name === 'versions_seen') versionsSeen = mapAt(text, start, (at) => versionsAt(text, at))
    else if (name === 'channel_values') inlined = mapAt(text, start, (at, to) => plainJsonValue(text, at, to))
    else fields.set(name, plainJsonValue(text, start, end))
  })
  return {
    threadId: threadId!.toString(),
    checkpointNs: checkpointNs!.toString(),
    checkpointId: checkpointId!.toString(),
    parentCheckpointId: parent?.toString() ?? null,
    fields,
    channelVersions,
    versionsSeen,
    inlined,
    metadata: plainJsonValue(metadata, 0, metadata.length),
  }
}

/** `thread_id, checkpoint_ns, channel, version, type, blob` */
export function storedBlob(tuple: Tuple, dialect: Dialect): StoredBlob {
  const [threadId, checkpointNs, channel, version, type, blob] = tuple.map((field) => field!)
  const tag = type!.toString()
  return {
    threadId: threadId!.toString(),
    checkpointNs: checkpointNs!.toString(),
    channel: channel!.toString(),
    version: version!.toString(),
    ...(tag !== 'empty' && { value: storedValue(tag, blob, dialect) }),
  }
}

/** `thread_id, checkpoint_ns, checkpoint_id, task_id, idx, channel, type, blob, task_path` */
export function storedWrite(tuple: Tuple, dialect: Dialect): StoredWrite {
  const [threadId, checkpointNs, checkpointId, taskId, idx, channel] = tuple.map((field) => field!)
  return {
    threadId: threadId!.toString(),
    checkpointNs: checkpointNs!.toString(),
    checkpointId: checkpointId!.toString(),
    taskId: taskId!.toString(),
    taskPath: tuple[8]?.toString() ?? '',
    idx: idx!.readInt32BE(),
    channel: channel!.toString(),
    value: storedValue(tuple[6]?.toString() ?? 'NULL', tuple[7] ?? undefined, dialect),
  }
}

/** What cannot be read is a value too, whose reading fails: the comparison says so of its place. */
export function storedValue(type: string, bytes: Buffer | null | undefined, dialect: Dialect): Value {
  try {
    if (bytes === null || bytes === undefined) throw new DecodeError(`type ${type} without bytes`, 0)
    if (dialect === 'python') return typedValue(type, bytes)
    if (type === 'json') return jsJsonValue(bytes, 0, bytes.length)
    if (type === 'bytes') return typedValue(type, bytes)
    throw new DecodeError(`type ${type} is unknown to the JavaScript reader`, 0)
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return {
      encoding: 'tree',
      emit: () => {
        throw error
      },
    }
  }
}

function versionsAt(text: Buffer, start: number): ReadonlyMap<string, ChannelVersion> {
  return mapAt(text, start, (at, end) => {
    if (text[at] === QUOTE) return jsonString(text, at, end)
    const digits = text.toString('latin1', at, end)
    const number = Number(digits)
    return String(number) === digits ? number : digits
  })
}

const NONE = new Map<string, never>()
const QUOTE = 0x22
const MAP = 0x7b

const EXPECTED_MEMBERS = 4

/** Members of an object; empty where something else stands. */
function mapAt<T>(
  text: Buffer,
  start: number,
  read: (start: number, end: number) => T,
): ReadonlyMap<string, T> {
  const map = new ShortMap<T>(EXPECTED_MEMBERS)
  if (text[start] === MAP) eachMember(text, start, (name, at, end) => map.set(name, read(at, end)))
  return map
}

function eachMember(
  text: Buffer,
  at: number,
  take: (name: string, start: number, end: number) => void,
): void {
  if (text[at] !== MAP) return
  for (const member = members(text, at); member.next(); ) {
    take(jsonString(text, member.keyStart, member.keyEnd), member.start, member.end)
  }
}
