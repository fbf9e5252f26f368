/** Mapping of compressed pickles in one hash a thread, each channel in a field of its own; only the latest checkpoint is kept. */
import type { Codec, Mapping } from '../generic/mapping.js'

const decode: readonly Codec[] = ['zlib', 'pickle']
/** The config given to `put`. */
const configurable = (name: string) => ({ at: ['config'], decode, inside: ['configurable', name] })

export const pickleChannelHash: Mapping = {
  id: 'pickle-channel-hash',
  title: 'compressed pickles in a hash of channels, the latest checkpoint of a thread only',
  writtenBy: 'a SimpleRedisSaver with zlib: hash checkpoint:THREAD of metadata, config, info and chan:NAME',
  dialect: 'python',
  evidence: 'hash of compressed pickles: info, config, metadata',
  checkpoints: {
    key: 'checkpoint:{thread}',
    type: 'hash',
    requires: ['info', 'config', 'metadata'],
    checkpoint: { at: ['info'], decode },
    channels: { field: 'chan:{channel}', decode },
    metadata: { at: ['metadata'], decode },
    parent: configurable('checkpoint_id'),
    thread: configurable('thread_id'),
    ns: configurable('checkpoint_ns'),
  },
}
