/** Mapping of `PionSaver`: hashes of pickles, one a checkpoint and one a write. */
import type { Mapping } from '../generic/mapping.js'

export const picklePion: Mapping = {
  id: 'pickle-pion',
  title: 'PionSaver (hashes of pickles)',
  writtenBy: 'PionSaver: hashes lgcp:cp:THREAD:NS:ID and lgcp:wr:THREAD:NS:ID:TASK:INDEX',
  dialect: 'python',
  evidence: 'hash of pickles: checkpoint, metadata; and parent_id',
  checkpoints: {
    key: 'lgcp:cp:{thread}:{ns}:{id}',
    type: 'hash',
    checkpoint: { at: ['checkpoint'], decode: ['pickle'] },
    metadata: { at: ['metadata'], decode: ['pickle'] },
    parent: { at: ['parent_id'] },
  },
  writes: {
    key: 'lgcp:wr:{thread}:{ns}:{id}:{task}:{idx}',
    type: 'hash',
    task: { at: ['task_id'] },
    channel: { at: ['channel'] },
    value: { at: ['value'], decode: ['pickle'] },
  },
  index: ['lgcp:ver:{thread}:{ns}'],
}
