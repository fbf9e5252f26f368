/** Form of pickled (checkpoint, metadata): the parent's id stands in the metadata, and only the newest checkpoints are kept. */
import { asDict, asTuple, field } from '../../codec/pickle/navigate.js'
import { idText, isCheckpointDict } from './checkpoint.js'
import type { PickledForm } from './form.js'

export const picklePair = {
  id: 'pickle-pair',
  title: 'pickled pairs of checkpoint and metadata',
  writtenBy:
    'a RedisSaver(max_checkpoints) copied between projects: langgraph:checkpoint:THREAD:ID, writes under langgraph:writes:THREAD:ID:TASK',
  evidence: 'pickled tuple of checkpoint and metadata',
  checkpoint(node) {
    const items = asTuple(node)
    if (items?.length !== 2) return undefined
    const [checkpoint, metadata] = items
    if (!isCheckpointDict(checkpoint!) || asDict(metadata!) === undefined) return undefined
    return { checkpoint: checkpoint!, metadata, parentId: idText(field(metadata!, 'parent_id')) ?? null }
  },
} as const satisfies PickledForm
