/** LangGraph's checkpoint dict as a pickle holds it, for every layout that pickles checkpoints. */
import { DecodeError } from '../../codec/bytes.js'
import { asDict, asInt, asList, asText, asTextDict, field, isNull } from '../../codec/pickle/navigate.js'
import type { PickleNode } from '../../codec/pickle/node.js'
import { pickleValue } from '../../codec/pickle/value.js'
import { treeValue } from '../../codec/tree.js'
import type { ChannelVersion, Checkpoint } from '../../model/thread.js'
import type { Value } from '../../model/value.js'

/** What the checkpoint dict itself says; where it came from and who its parent is, is the layout's to add. */
export type CheckpointBody = Pick<
  Checkpoint,
  'fields' | 'channelVersions' | 'versionsSeen' | 'channelValues' | 'pendingSends'
>

/** Keys of a checkpoint dict that have a place of their own in the record. */
const OWN_KEYS = new Set(['id', 'channel_values', 'channel_versions', 'versions_seen', 'pending_sends'])

/** Whether a node can be a checkpoint: a dict with channel values. */
export const isCheckpointDict = (node: PickleNode): boolean => field(node, 'channel_values') !== undefined

/** Throws `DecodeError`. */
export function checkpointBody(checkpoint: PickleNode): CheckpointBody {
  const fields = new Map<string, Value>()
  for (const [name, node] of namedEntries(checkpoint, 'checkpoint')) {
    if (!OWN_KEYS.has(name)) fields.set(name, pickleValue(node))
  }
  const channelValues = new Map<string, Value>()
  for (const [channel, node] of namedEntries(field(checkpoint, 'channel_values'), 'channel_values')) {
    channelValues.set(channel, pickleValue(node))
  }
  const versionsSeen = new Map<string, ReadonlyMap<string, ChannelVersion>>()
  for (const [node, seen] of namedEntries(field(checkpoint, 'versions_seen'), 'versions_seen')) {
    versionsSeen.set(node, versions(seen, `versions_seen of ${node}`))
  }
  const sends = field(checkpoint, 'pending_sends')
  return {
    fields,
    channelVersions: versions(field(checkpoint, 'channel_versions'), 'channel_versions'),
    versionsSeen,
    channelValues,
    pendingSends: sends === undefined ? [] : (asList(sends) ?? []).map(pickleValue),
  }
}

/** Metadata is a dict; an absent one is empty. Throws `DecodeError`. */
export function metadataValue(metadata: PickleNode | undefined): Value {
  if (metadata === undefined || isNull(metadata)) return treeValue({ kind: 'map', entries: [] })
  if (asDict(metadata) === undefined) throw new DecodeError('metadata is no dict', 0)
  return pickleValue(metadata)
}

/** An id as an app may pass it: text, or a number that LangGraph's savers turn into text. */
export function idText(node: PickleNode | undefined): string | undefined {
  if (node === undefined) return undefined
  return asText(node) ?? asInt(node)?.toString()
}

/** `config["configurable"][name]` as text. */
export function configurable(config: PickleNode, name: string): string | undefined {
  const values = field(config, 'configurable')
  return values === undefined ? undefined : idText(field(values, name))
}

function versions(node: PickleNode | undefined, what: string): ReadonlyMap<string, ChannelVersion> {
  const result = new Map<string, ChannelVersion>()
  for (const [channel, version] of namedEntries(node, what)) result.set(channel, versionOf(version, what))
  return result
}

function versionOf(node: PickleNode, what: string): ChannelVersion {
  if (node.kind === 'text') return asText(node)!
  if (
    (node.kind === 'int' || node.kind === 'float') &&
    typeof node.value === 'number' &&
    Number.isFinite(node.value)
  ) {
    return node.value
  }
  throw new DecodeError(`a version in ${what} is neither text nor a number`, 0)
}

/** Entries of a dict with text keys; none for an absent or null one. */
function namedEntries(node: PickleNode | undefined, what: string): Iterable<readonly [string, PickleNode]> {
  if (node === undefined || isNull(node)) return []
  const entries = asTextDict(node)
  // An empty defaultdict of a class that is not known to be a dict has no entries to show that it is one.
  if (entries === undefined && node.kind === 'object' && node.items.length === 0) return []
  if (entries === undefined) throw new DecodeError(`${what} is no dict with text keys`, 0)
  return entries
}
