/** Mapping of an InMemorySaver laid out in Redis: URL-quoted key parts, pickles of serde pairs, channel values apart. */
import type { Mapping } from '../generic/mapping.js'

const THREAD = 'lg:{any}:thread:{thread}'
const NS = `${THREAD}:ns:{ns}`

export const pickleQuoted: Mapping = {
  id: 'pickle-quoted',
  title: 'pickled serde pairs under URL-quoted keys',
  writtenBy: 'a RedisSaver with namespaces: hashes lg:NAME:thread:THREAD:ns:NS:data and …:ckpt:ID:writes',
  dialect: 'python',
  evidence: 'hash of pickled tuples: checkpoint and metadata as serde pairs, parent id',
  escaping: 'percent',
  checkpoints: {
    key: `${NS}:data`,
    type: 'hash',
    field: '{id}',
    decode: ['pickle'],
    checkpoint: { at: [0], decode: ['typed'] },
    metadata: { at: [1], decode: ['typed'] },
    parent: { at: [2] },
  },
  writes: {
    key: `${NS}:ckpt:{id}:writes`,
    type: 'hash',
    field: '{task}:{idx}',
    decode: ['pickle'],
    channel: { at: [1] },
    value: { at: [2], decode: ['typed'] },
    taskPath: { at: [3] },
  },
  blobs: {
    key: `${NS}:blob:{channel}:{version}`,
    type: 'string',
    decode: ['pickle'],
    value: { decode: ['typed'] },
  },
  index: [`${THREAD}:ns_set`, `${NS}:seq`, `${NS}:index`],
}
