/** Forms of pickled dicts: `{checkpoint, metadata, …}` with or without a namespace in the key, and a checkpoint all by itself. */
import { field } from '../../codec/pickle/navigate.js'
import type { PickleNode } from '../../codec/pickle/node.js'
import { configurable, idText, isCheckpointDict } from './checkpoint.js'
import type { PickledCheckpoint, PickledForm } from './form.js'

/** `parent_config` comes from a metadata key that LangGraph never sets: it is always None. */
export const pickleDictWrites = {
  id: 'pickle-dict-writes',
  title: 'pickled dicts with pending writes',
  writtenBy:
    'a CustomRedisCheckpointer: checkpoint:THREAD:NS:ID, writes under checkpoint:THREAD:NS:ID:writes:TASK',
  evidence: 'pickled dict of checkpoint, metadata, parent_config and pending_writes',
  checkpoint(node) {
    const writes = field(node, 'pending_writes')
    const parts = writes && dictParts(node)
    return parts && { ...parts, writes, nsInKey: true }
  },
} as const satisfies PickledForm

export const pickleDictNs = {
  id: 'pickle-dict-ns',
  title: 'pickled dicts under keys with a namespace',
  writtenBy: 'a RedisCheckpointSaver with conversation lists: checkpoint:THREAD:NS:ID',
  evidence: 'pickled dict of checkpoint and metadata, under a key with a namespace',
  checkpoint(node, key) {
    const parts = key.hasId ? dictParts(node) : undefined
    const hasNs = key.checkpointNs !== undefined || field(node, 'parent_config') !== undefined
    return parts && (hasNs || isNested(parts.metadata)) ? { ...parts, nsInKey: true } : undefined
  },
} as const satisfies PickledForm

export const pickleDict = {
  id: 'pickle-dict',
  title: 'pickled dicts',
  writtenBy:
    'savers after templates and tutorials: checkpoint:THREAD:ID or, the latest only, checkpoint:THREAD',
  evidence: 'pickled dict of checkpoint and metadata',
  checkpoint: dictParts,
} as const satisfies PickledForm

export const pickleBare = {
  id: 'pickle-bare',
  title: 'pickled checkpoints without metadata',
  writtenBy: 'savers after templates and tutorials: checkpoint:THREAD',
  evidence: 'pickled checkpoint dict',
  checkpoint(node) {
    const isWhole = isCheckpointDict(node) && field(node, 'channel_versions') !== undefined
    return isWhole ? { checkpoint: node, metadata: undefined, parentId: undefined } : undefined
  },
} as const satisfies PickledForm

function dictParts(node: PickleNode): PickledCheckpoint | undefined {
  const checkpoint = field(node, 'checkpoint')
  if (checkpoint === undefined || !isCheckpointDict(checkpoint)) return undefined
  const config = field(node, 'config')
  const metadata = field(node, 'metadata')
  const parents = [field(node, 'parent_config'), config].map(
    (one) => one && configurable(one, 'checkpoint_id'),
  )
  return {
    checkpoint,
    metadata,
    threadId: config && configurable(config, 'thread_id'),
    checkpointNs: config && configurable(config, 'checkpoint_ns'),
    parentId: parents.find((id) => id !== undefined && id !== idText(field(checkpoint, 'id'))),
  }
}

/** LangGraph notes the checkpoints that a nested graph runs in. */
function isNested(metadata: PickleNode | undefined): boolean {
  const parents = metadata && field(metadata, 'parents')
  return parents !== undefined && field(parents, '') !== undefined
}
