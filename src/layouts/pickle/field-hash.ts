/** Mapping of a saver of langgraph 0.0 (2024): a hash a checkpoint, every field of its dict pickled by itself; no metadata, no parents. */
import type { Mapping } from '../generic/mapping.js'

export const pickleFieldHash: Mapping = {
  id: 'pickle-field-hash',
  title: 'hashes of pickled checkpoint fields',
  writtenBy: 'a RedisSaver for langgraph 0.0: hash langgraph:checkpoint:THREAD:TIMESTAMP',
  dialect: 'python',
  evidence: 'hash of pickled v, ts, channel_values, channel_versions',
  checkpoints: {
    key: 'langgraph:checkpoint:{thread}:{id}',
    type: 'hash',
    requires: ['v', 'ts', 'channel_values', 'channel_versions'],
    checkpoint: {
      fields: [
        'v',
        'ts',
        'id',
        'channel_values',
        'channel_versions',
        'versions_seen',
        'pending_sends',
        'current_tasks',
      ],
      decode: ['pickle'],
    },
  },
  index: ['langgraph:checkpoint:{thread}:versions'],
}
