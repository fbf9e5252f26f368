/** LangGraph's checkpoint dict inside a serde payload, its channel values left in their bytes. */
import { DecodeError } from '../codec/bytes.js'
import type { ChannelVersion, Checkpoint } from '../model/thread.js'
import type { Value } from '../model/value.js'
import type { PackedValue } from './packed-value.js'

/** What a checkpoint dict says; whose it is and who its parent is, is the layout's to add. */
export interface CheckpointDict
  extends Pick<Checkpoint, 'fields' | 'channelVersions' | 'versionsSeen' | 'channelValues' | 'pendingSends'> {
  /** Undefined where the dict names none (2024). */
  readonly id: string | undefined
  /** There is no `channel_values`: they stand in keys of their own. */
  readonly valuesElsewhere: boolean
}

/** Keys that have a place of their own in the record, or that only a saver added. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'type',
  'id',
  'channel_values',
  'channel_versions',
  'versions_seen',
  'pending_sends',
])

/** Throws `DecodeError` for what is no checkpoint; what is wrong inside a channel value shows when it is decoded. */
export function checkpointDict(packed: PackedValue): CheckpointDict {
  const members = packed.members()
  if (members === undefined) throw new DecodeError('the checkpoint is no dict with text keys', 0)
  if (!members.has('channel_versions') && !members.has('channel_values'))
    throw new DecodeError('a checkpoint with neither channel_values nor channel_versions', 0)
  const fields = new Map<string, Value>()
  for (const [name, member] of members) if (!OWN_KEYS.has(name)) fields.set(name, member.value())
  const channelValues = new Map<string, Value>()
  for (const [channel, value] of dict(members.get('channel_values'), 'channel_values'))
    channelValues.set(channel, value.value())
  const versionsSeen = new Map<string, ReadonlyMap<string, ChannelVersion>>()
  for (const [node, seen] of dict(members.get('versions_seen'), 'versions_seen'))
    versionsSeen.set(node, versions(seen, `versions_seen of ${node}`))
  return {
    id: idOf(members.get('id')),
    valuesElsewhere: !members.has('channel_values'),
    fields,
    channelVersions: versions(members.get('channel_versions'), 'channel_versions'),
    versionsSeen,
    channelValues,
    pendingSends: (members.get('pending_sends')?.items() ?? []).map((send) => send.value()),
  }
}

/** An id as text; some apps pass numbers, which LangGraph's savers turn into text. Undefined where there is none. */
export function idOf(packed: PackedValue | undefined): string | undefined {
  if (packed === undefined || packed.isNull) return undefined
  const text = packed.text() ?? packed.number()?.toString()
  return text === '' ? undefined : text
}

function versions(packed: PackedValue | undefined, what: string): ReadonlyMap<string, ChannelVersion> {
  const result = new Map<string, ChannelVersion>()
  for (const [channel, member] of dict(packed, what)) {
    const version = member.text() ?? member.number()
    if (version === undefined)
      throw new DecodeError(`the version of ${channel} in ${what} is neither text nor a number`, 0)
    result.set(channel, version)
  }
  return result
}

/** Members of a dict with text keys; none for an absent or null one. */
function dict(packed: PackedValue | undefined, what: string): ReadonlyMap<string, PackedValue> {
  if (packed === undefined || packed.isNull) return new Map()
  const members = packed.members()
  if (members === undefined) throw new DecodeError(`${what} is no dict with text keys`, 0)
  return members
}
