/** The documents of the commands that undo, free and bring back: rollback, purge-redis, restore-archive, ledger drop. */
import { z } from 'zod'
import { PRUNE_REFUSALS, type PruneRefusal } from '../../model/prune-report.js'
import { PURGE_LEFT, type PurgeLeft } from '../../model/purge-report.js'
import { ROLLBACK_REFUSALS, type RollbackRefusal } from '../../model/rollback-report.js'
import * as part from './parts.js'

const { count } = part
const text = z.string()

const left = z.enum(Object.keys(PURGE_LEFT) as [PurgeLeft, ...PurgeLeft[]])

export const purgeRedis = z.strictObject({
  ...part.head('purge-redis'),
  planOnly: z.boolean().describe('true: a plan, nothing was deleted'),
  strict: z.boolean(),
  startedAt: part.time,
  seconds: z.number(),
  source: part.endpoint,
  target: part.endpoint,
  archive: text.nullable(),
  compares: z.enum(['on the server', 'here']),
  threads: z.strictObject({
    selected: count,
    purged: count,
    finished: count,
    left: count,
    namedLeft: count,
    notFound: z.array(text),
  }),
  keys: z.strictObject({ deleted: count, absent: count, kept: count }),
  bytes: count,
  archived: count,
  lefts: z.partialRecord(left, count),
  left: z.array(z.strictObject({ threadId: text, reason: left, detail: text, named: z.boolean() })),
  listed: z.array(
    z.strictObject({ threadId: text, why: z.enum(['orphans', 'deleted', 'skipped']), keys: count }),
  ),
  store: z
    .strictObject({ items: count, keys: count, bytes: count, lefts: z.partialRecord(left, count) })
    .nullable()
    .describe('only with --include store'),
  stoppedBy: part.stoppedBy,
  ...part.outcome,
})

export const prune = z.strictObject({
  ...part.head('prune'),
  planOnly: z.boolean().describe('true: a plan, nothing was removed'),
  startedAt: part.time,
  seconds: z.number(),
  target: part.endpoint,
  rule: z
    .strictObject({ olderThanMs: count.nullable(), keepLast: count.nullable(), byRedisTtl: z.boolean() })
    .describe('one of the three'),
  threads: z.strictObject({
    looked: count,
    pruned: count,
    refused: count,
    ageUnknown: count.describe('never old enough'),
    withoutTtl: count.describe('no TTL is recorded'),
  }),
  rows: z
    .strictObject({ checkpoints: count, writes: count, blobs: count, bytes: count })
    .describe('what goes or went; bytes as stored'),
  refused: z.array(
    z.strictObject({
      threadId: text,
      reason: z.enum(Object.keys(PRUNE_REFUSALS) as [PruneRefusal, ...PruneRefusal[]]),
    }),
  ),
  notFound: z.array(text).describe('named, and not there'),
  namedRefused: z.boolean(),
  stoppedBy: part.stoppedBy,
  ...part.outcome,
})

const refusal = z.enum(Object.keys(ROLLBACK_REFUSALS) as [RollbackRefusal, ...RollbackRefusal[]])

export const rollback = z.strictObject({
  ...part.head('rollback'),
  planOnly: z.boolean().describe('true: a plan, nothing was removed'),
  startedAt: part.time,
  seconds: z.number(),
  target: part.endpoint,
  runs: z.array(
    z.strictObject({
      id: count,
      startedAt: part.time,
      sourceName: text,
      threads: count,
      isGone: z.boolean(),
    }),
  ),
  rolledBackBefore: count.nullable(),
  threads: z.strictObject({ removed: count, refused: count, expired: count }),
  rows: z.strictObject({ checkpoints: count, writes: count, blobs: count, restored: count }),
  store: z
    .strictObject({ removed: count, restored: count, refused: count })
    .nullable()
    .describe('items of the long-term memory; null where these runs moved none'),
  bytes: count,
  refused: z.array(z.strictObject({ threadId: text, reason: refusal, detail: text })),
  refusals: z.partialRecord(refusal, count),
  stoppedBy: part.stoppedBy,
  ...part.outcome,
})

export const restoreArchive = z.strictObject({
  ...part.head('restore-archive'),
  dryRun: z.boolean(),
  startedAt: part.time,
  seconds: z.number(),
  archive: text,
  source: part.endpoint,
  target: part.endpoint.nullable(),
  threads: count,
  notFound: z.array(text),
  keys: z.strictObject({ restored: count, alreadyThere: count, differing: count, refused: count }),
  bytes: count,
  damaged: count,
  unlocked: count,
  incomplete: z.array(text),
  notRestored: z.array(z.strictObject({ key: text, why: z.enum(['differs', 'refused']) })),
  stoppedBy: part.stoppedBy,
  exitCode: part.outcome.exitCode,
})

export const ledgerDrop = z.strictObject({
  ...part.head('ledger drop'),
  planOnly: z.boolean(),
  target: part.endpoint,
  ledgerSchema: text,
  disowned: z.strictObject({ threads: count, first: z.array(text), purging: count }),
  bytes: count,
})
