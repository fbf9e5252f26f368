/** What a report says about one key or thread: the table of reasons, each with its kind and what to do about it. */

/** Exit code 0 for the first three kinds, 3 for `rejected` and `conflict`. */
export type FindingKind = 'ignored' | 'gone' | 'repaired' | 'rejected' | 'conflict'

export interface Reason {
  readonly kind: FindingKind
  /** One phrase for a table row, no full stop. */
  readonly title: string
  /** What the user can do about it, or what happens by itself. */
  readonly remedy: string
}

/** Every reason a finding can have. Ids are stable: they are stored in the ledger and printed in JSON. */
export const REASONS = {
  // ignored
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
  // gone
  gone: { kind: 'gone', title: 'key expired or was deleted between scan and read', remedy: 'Nothing to do.' },
  // repaired
  'nul-removed': {
    kind: 'repaired',
    title: 'NUL character removed from metadata',
    remedy: 'Postgres cannot hold it in JSONB.',
  },
  'not-a-number-replaced': {
    kind: 'repaired',
    title: 'NaN or Infinity in metadata became null',
    remedy: 'Postgres cannot hold it in JSONB.',
  },
  'surrogate-replaced': {
    kind: 'repaired',
    title: 'lone surrogate became "?"',
    remedy: 'The official Python saver does the same.',
  },
  'version-renumbered': {
    kind: 'repaired',
    title: 'one channel version held different values; later ones got a version of their own',
    remedy: 'Every checkpoint keeps its own value.',
  },
  'channel-rebuilt': {
    kind: 'repaired',
    title: 'channel value rebuilt from an ancestor',
    remedy: 'Nothing to do.',
  },
  'value-lost-at-source': {
    kind: 'repaired',
    title: 'value already lost in Redis',
    remedy:
      'The saver stored it empty; the empty value of its type was written, as the newest official reader does.',
  },
  'value-overwritten': {
    kind: 'repaired',
    title: 'channel value that a fork of the thread overwrote in Redis',
    remedy: 'The saver keeps one value a version number: both branches have the newer one, as in Redis.',
  },
  'channel-without-version': {
    kind: 'repaired',
    title: 'channel value without a version left out',
    remedy: 'The official Postgres saver keeps none either.',
  },
  'parent-is-itself': {
    kind: 'ignored',
    title: 'checkpoint names itself as its parent',
    remedy:
      'A full saver keeps that; where only the saver’s key made it so, it was written without a parent.',
  },
  'parent-rebuilt': {
    kind: 'repaired',
    title: 'parent rebuilt from the order of checkpoints',
    remedy: 'The saver did not store parents.',
  },
  'metadata-missing': {
    kind: 'repaired',
    title: 'checkpoint that its saver stored without metadata',
    remedy: 'It opens and lists; a graph that goes on from it needs metadata.step, which nothing can tell.',
  },
  'sends-moved': {
    kind: 'repaired',
    title: 'pending Sends moved to the writes of the parent',
    remedy: 'That is where the Postgres saver looks for them.',
  },
  'duplicate-write': {
    kind: 'repaired',
    title: 'several writes under one index',
    remedy: 'The one the Postgres saver would have kept was taken.',
  },
  'store-vector-left': {
    kind: 'repaired',
    title: 'store item moved without its embedding',
    remedy:
      'There is no table store_vectors of that size: init --include store --vector-dims makes one, and the next migrate fills it.',
  },
  'store-namespace-split': {
    kind: 'repaired',
    title: 'store namespace with a colon in a label',
    remedy: 'The JavaScript PostgresStore joins labels with colons, and reads it back as more of them.',
  },
  'store-namespace-hidden': {
    kind: 'repaired',
    title: 'store namespace with %, _ or a backslash',
    remedy: 'It was moved, but the JavaScript PostgresStore refuses to look such namespaces up.',
  },
  'object-flattened': {
    kind: 'repaired',
    title: 'object written as its fields',
    remedy: 'Its class cannot be named in the target.',
  },
  'other-form-in-redis': {
    kind: 'repaired',
    title: 'values that the Redis saver gives back in another form',
    remedy: 'It holds values as JSON; pending writes lose nothing.',
  },
  'writes-shown': {
    kind: 'repaired',
    title: 'checkpoint in Redis that did not show its writes',
    remedy:
      'Its document says now that it has some, as the saver does when it adds one; a rollback takes that back.',
  },
  // rejected
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
  // conflict
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

export type ReasonId = keyof typeof REASONS

/** One thing a report says about one key or thread. Never holds payload: paths, types, sizes and digests only. */
export interface Finding {
  readonly reason: ReasonId
  readonly threadId?: string
  readonly checkpointNs?: string
  readonly checkpointId?: string
  /** The Redis key, where it is about one. */
  readonly key?: Buffer
  /** What exactly: an offset, a path inside the value, a class name, a size. No full stop. */
  readonly detail?: string
}

export const kindOf = (finding: Finding): FindingKind => REASONS[finding.reason].kind
