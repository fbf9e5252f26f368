/** What stands in the target in another form than in the source, or was put right on the way. */
import type { Reason } from './reason.js'

export const REPAIRED = {
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
      'Those of a SQLite file stay there. For others there is no table store_vectors of that size: init --include store --vector-dims makes one, and the next migrate fills it.',
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
} as const satisfies Record<string, Reason>
