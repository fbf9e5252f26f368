/** What stays behind because it cannot be read, or cannot be held by the other side. */
import type { Reason } from './reason.js'

export const REJECTED = {
  undecodable: {
    kind: 'rejected',
    title: 'payload cannot be decoded',
    remedy: 'Look at it with cp-migrate inspect; it stays in Redis.',
  },
  'not-a-checkpoint': {
    kind: 'rejected',
    title: 'key looks like a checkpoint, its value is none',
    remedy: 'Look at it with cp-migrate inspect; it stays in Redis.',
  },
  'unsupported-value': {
    kind: 'rejected',
    title: 'value that the Postgres saver cannot hold',
    remedy: 'The checkpoint stays in Redis; change the value there or leave it.',
  },
  'integer-too-large': {
    kind: 'rejected',
    title: 'integer over 64 bits inside a value',
    remedy: 'msgpack cannot hold it; the checkpoint stays in Redis.',
  },
  'recursive-value': {
    kind: 'rejected',
    title: 'value that contains itself',
    remedy: 'msgpack cannot hold it; the checkpoint stays in Redis.',
  },
  'too-large': {
    kind: 'rejected',
    title: 'over a size limit of Postgres',
    remedy: 'The official reader could not read it back; the checkpoint stays in Redis.',
  },
  'nul-in-id': {
    kind: 'rejected',
    title: 'NUL character in an id',
    remedy: 'Postgres text cannot hold it; the key stays in Redis.',
  },
  'backslash-in-id': {
    kind: 'rejected',
    title: 'backslash in a channel name, type or task id',
    remedy:
      'The official Postgres reader fails on it; rename the channel in Redis or leave the checkpoint there.',
  },
  'foreign-runtime': {
    kind: 'rejected',
    title: 'checkpoint of another runtime',
    remedy: 'Only checkpoints of the Python and JavaScript runtimes can be moved.',
  },
  'broken-delta-chain': {
    kind: 'rejected',
    title: 'delta channel whose chain of writes is broken',
    remedy: 'The value cannot be rebuilt; the thread stays in Redis.',
  },
  'older-head': {
    kind: 'rejected',
    title: 'the newest checkpoint cannot be migrated, so the thread would open at an older state',
    remedy: 'Use --allow-older-head to migrate it all the same.',
  },
  'delta-not-cut': {
    kind: 'rejected',
    title: 'thread with delta channels, which cannot be cut',
    remedy:
      'Its values are rebuilt from older checkpoints: migrate it without --keep-last and --latest-only.',
  },
  'cut-needs-memory': {
    kind: 'rejected',
    title: 'a kept checkpoint needs a value of an older one that no longer fits into memory',
    remedy: 'Give more --memory, or migrate the thread without --keep-last and --latest-only.',
  },
  'ambiguous-thread': {
    kind: 'rejected',
    title: 'thread id cannot be told from the key',
    remedy: 'Name the thread with --thread, or leave the key.',
  },
  'other-dialect': {
    kind: 'rejected',
    title: 'thread of the other language',
    remedy:
      'Rows of both languages cannot share a schema: migrate these with --dialect (python or js) and a --schema of their own.',
  },
  'store-other-dialect': {
    kind: 'rejected',
    title: 'store item of the other language',
    remedy:
      'Tables of both languages have the same names: move these with --dialect and a --schema of their own.',
  },
  'refused-by-postgres': {
    kind: 'rejected',
    title: 'row that Postgres refuses',
    remedy: 'The thread stays in Redis.',
  },
  'refused-by-redis': {
    kind: 'rejected',
    title: 'checkpoint that Redis cannot hold',
    remedy: 'It stays in Postgres.',
  },
  'older-head-in-redis': {
    kind: 'rejected',
    title: 'the newest checkpoint cannot be held in Redis, so the thread would open at an older state',
    remedy: 'The thread stays in Postgres.',
  },
  'broken-delta-chain-in-redis': {
    kind: 'rejected',
    title: 'delta channels, whose values need a checkpoint that Redis cannot hold',
    remedy: 'The thread stays in Postgres.',
  },
} as const satisfies Record<string, Reason>
