/** Form of pickled (checkpoint, metadata, parent id): the writes of the last task alone are kept, without a task id. */
import { asTuple, isNull } from '../../codec/pickle/navigate.js'
import { idText, isCheckpointDict } from './checkpoint.js'
import type { PickledForm } from './form.js'

export const pickleParentTriple = {
  id: 'pickle-parent-triple',
  title: 'pickled triples of checkpoint, metadata and parent id',
  writtenBy:
    'a RedisCheckpointSaver copied between projects: langgraph:checkpoint:THREAD:ID, writes under langgraph:writes:THREAD:ID',
  evidence: 'pickled tuple of checkpoint, metadata and parent id',
  checkpoint(node) {
    const items = asTuple(node)
    if (items?.length !== 3) return undefined
    const [checkpoint, metadata, parent] = items
    const parentId = idText(parent)
    if (!isCheckpointDict(checkpoint!) || (parentId === undefined && !isNull(parent!))) return undefined
    return { checkpoint: checkpoint!, metadata, parentId: parentId ?? null }
  },
} as const satisfies PickledForm
