/** What is left where it is because nothing is lost by it, and what went by itself. */
import type { Reason } from './reason.js'

export const IGNORED = {
  'index-key': {
    kind: 'ignored',
    title: 'index or pointer key of a saver',
    remedy: 'Not needed in Postgres; purged with its thread.',
  },
  'foreign-key': { kind: 'ignored', title: 'key of another application', remedy: 'Left alone.' },
  'store-item': {
    kind: 'ignored',
    title: 'long-term store item',
    remedy: 'It stays where it is; --include store moves the store too.',
  },
  'store-wrapped': {
    kind: 'ignored',
    title: 'store value with an object that JSON cannot hold',
    remedy:
      'Its wrapper (__serde_type__) was kept as it is: PostgresStore itself would have refused the object.',
  },
  'store-older-copy': {
    kind: 'ignored',
    title: 'older copy of a store item',
    remedy: 'The newer one of the same namespace and key was taken.',
  },
  'store-continued': {
    kind: 'ignored',
    title: 'store item that the application has changed in Postgres since',
    remedy: 'Left as it is there.',
  },
  'store-deleted': {
    kind: 'ignored',
    title: 'store item that was deleted in Postgres since it was moved',
    remedy: 'Use --restore-deleted to bring it back.',
  },
  'stub-document': {
    kind: 'ignored',
    title: 'stub document without a checkpoint',
    remedy: 'It never held a checkpoint; left alone.',
  },
  'long-lock': {
    kind: 'ignored',
    title: 'thread whose rows were held for more than a second',
    remedy: 'Move it in the last pass: an application that writes it in Postgres waits for so long.',
  },
  'orphan-write': {
    kind: 'ignored',
    title: 'write whose checkpoint is gone',
    remedy: 'Neither Redis nor Postgres has it: nothing could resume from the write; left in Redis.',
  },
  'orphan-write-in-postgres': {
    kind: 'ignored',
    title: 'writes without a checkpoint',
    remedy: 'Nothing could resume from them; they stay in Postgres.',
  },
  'dangling-pointer': {
    kind: 'ignored',
    title: 'pointer to a checkpoint that does not exist',
    remedy: 'Left alone.',
  },
  'replaced-write': {
    kind: 'ignored',
    title: 'write of a checkpoint that a shallow saver has replaced',
    remedy: 'Left in Redis.',
  },
  'older-copy': {
    kind: 'ignored',
    title: 'older copy of a checkpoint that another layout holds too',
    remedy: 'The newer layout was taken.',
  },
  'existing-skipped': {
    kind: 'ignored',
    title: 'thread that the target holds already, from somebody else',
    remedy: 'Left alone, as --on-existing skip says.',
  },
  deleted: {
    kind: 'ignored',
    title: 'checkpoint was deleted in Postgres on purpose',
    remedy: 'Use --restore-deleted to bring it back.',
  },
  'age-unknown': {
    kind: 'ignored',
    title: 'thread whose age nothing tells',
    remedy: 'It never counts as older: --newer-than takes it, --older-than leaves it alone.',
  },
  'bound-changed': {
    kind: 'ignored',
    title: 'thread that an earlier run moved with another bound',
    remedy: 'What this bound takes in was added, and linked to its parents again; nothing was removed.',
  },
  gone: { kind: 'gone', title: 'key expired or was deleted between scan and read', remedy: 'Nothing to do.' },
} as const satisfies Record<string, Reason>
