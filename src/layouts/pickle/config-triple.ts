/** Forms of pickled (checkpoint, metadata, config given to `put`): the config knows thread, namespace and parent, whatever the key says. */
import { asTuple, field } from '../../codec/pickle/navigate.js'
import type { PickleNode } from '../../codec/pickle/node.js'
import { configurable, isCheckpointDict } from './checkpoint.js'
import type { PickledCheckpoint, PickledForm } from './form.js'

export const pickleConfigTriple = {
  id: 'pickle-config-triple',
  title: 'pickled triples of checkpoint, metadata and config',
  writtenBy:
    'savers copied between projects: checkpoint:THREAD:ID, writes under writes:THREAD:ID:TASK, which they never read back',
  evidence: 'pickled tuple of checkpoint, metadata and config',
  checkpoint: (node, key) => (key.hasId ? triple(node) : undefined),
} as const satisfies PickledForm

/** Its newest checkpoint is all that a thread has: the parent that it names was overwritten. */
export const pickleLatestTriple = {
  id: 'pickle-latest-triple',
  title: 'pickled triples, the latest checkpoint of a thread only',
  writtenBy: 'a SimpleRedisSaver: checkpoint:THREAD',
  evidence: 'pickled tuple of checkpoint, metadata and config, under a key without an id',
  checkpoint: (node, key) => (key.hasId ? undefined : triple(node)),
} as const satisfies PickledForm

function triple(node: PickleNode): PickledCheckpoint | undefined {
  const items = asTuple(node)
  if (items?.length !== 3) return undefined
  const [checkpoint, metadata, config] = items
  if (!isCheckpointDict(checkpoint!) || field(config!, 'configurable') === undefined) return undefined
  return {
    checkpoint: checkpoint!,
    metadata,
    threadId: configurable(config!, 'thread_id'),
    checkpointNs: configurable(config!, 'checkpoint_ns') ?? '',
    parentId: configurable(config!, 'checkpoint_id') ?? null,
  }
}
