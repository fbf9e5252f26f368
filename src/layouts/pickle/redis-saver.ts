/** Form of `PickleRedisSaver`: one pickled CheckpointTuple a key and a pointer a thread; no namespaces, no writes, no TTL. */
import { asTuple, classOf, isNull } from '../../codec/pickle/navigate.js'
import type { PickleNode } from '../../codec/pickle/node.js'
import { configurable, isCheckpointDict } from './checkpoint.js'
import type { PickledForm } from './form.js'

const CHECKPOINT_TUPLE = 'langgraph.checkpoint.base.CheckpointTuple'

export const pickleRedisSaver = {
  id: 'pickle-redis-saver',
  title: 'PickleRedisSaver (pickled checkpoint tuples)',
  writtenBy:
    'PickleRedisSaver, copied between projects: pickle.dumps(CheckpointTuple) under checkpoint:THREAD:ID',
  evidence: `pickle of ${CHECKPOINT_TUPLE}`,
  checkpoint(node) {
    const [config, checkpoint, metadata, parentConfig, writes] = checkpointTuple(node) ?? []
    if (config === undefined || checkpoint === undefined || metadata === undefined) return undefined
    return {
      checkpoint,
      metadata,
      threadId: configurable(config, 'thread_id'),
      checkpointNs: '',
      checkpointId: configurable(config, 'checkpoint_id'),
      parentId: (parentConfig && configurable(parentConfig, 'checkpoint_id')) ?? null,
      // The saver leaves them empty; a copy that fills them does so as LangGraph does.
      writes: writes && !isNull(writes) ? writes : undefined,
    }
  },
} as const satisfies PickledForm

/**
 * config, checkpoint, metadata, parent config (None: no parent), pending writes (since langgraph-checkpoint 1.0): of a CheckpointTuple,
 * or of a plain tuple of the same shape.
 */
function checkpointTuple(node: PickleNode): readonly PickleNode[] | undefined {
  const items = asTuple(node)
  if (items === undefined || classOf(node) === CHECKPOINT_TUPLE) return items
  return items.length === 5 && isCheckpointDict(items[1]!) ? items : undefined
}
