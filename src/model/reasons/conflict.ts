/** What the target holds already, in another form: it is never written over unasked. */
import type { Reason } from './reason.js'

export const CONFLICT = {
  'row-differs': {
    kind: 'conflict',
    title: 'the target holds a different row under the same key',
    remedy: 'Left as it is; --on-existing replace rewrites it.',
  },
  'store-item-differs': {
    kind: 'conflict',
    title: 'the target holds another store item under the same namespace and key',
    remedy: 'Left as it is; --on-existing replace rewrites it.',
  },
  diverged: {
    kind: 'conflict',
    title: 'the thread lives on in the target',
    remedy: 'Left alone; --on-existing merge adds what is missing.',
  },
  'thread-id-shared': {
    kind: 'conflict',
    title: 'thread of which another source had brought one with the same id',
    remedy:
      'Both stand in one thread now, and it opens at the newer. Are they two conversations? Undo this run (cp-migrate rollback), and give this source tables of its own (--schema).',
  },
  'key-differs': {
    kind: 'conflict',
    title: 'Redis holds something else under the same key',
    remedy:
      'Left as it is: keys are never written over. Delete the key in Redis to have it from Postgres, or leave it.',
  },
  'redis-is-newer': {
    kind: 'conflict',
    title: 'thread that the application has continued in Redis',
    remedy:
      'Left alone: Postgres holds an older state of it. cp-migrate migrate without --from and --to brings what is newer there.',
  },
} as const satisfies Record<string, Reason>
