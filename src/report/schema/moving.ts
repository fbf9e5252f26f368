/** The documents of the commands that look at Redis and move threads: detect, migrate, verify. */
import { z } from 'zod'
import { THREAD_STATES } from '../../model/verify-report.js'
import * as part from './parts.js'

const { count } = part
const text = z.string()

export const detect = z.strictObject({
  ...part.head('detect'),
  startedAt: part.time,
  seconds: z.number(),
  source: part.endpoint,
  growth: part.growth,
  forecast: part.forecast,
  ...part.findings,
  ...part.outcome,
})

const rows = z.strictObject({ inserted: count, updated: count, alreadyThere: count })
const amounts = z.strictObject({ checkpoints: count, writes: count, blobs: count, bytes: count })
const bounds = {
  newerThanMs: z.number().nullable(),
  olderThanMs: z.number().nullable(),
  keepLast: count.nullable(),
}

export const migrate = z.strictObject({
  ...part.head('migrate'),
  dryRun: z.boolean().describe('true: a rehearsal, nothing was written'),
  dialect: z.enum(['python', 'js']).nullable(),
  strict: z.boolean(),
  runId: text.nullable(),
  resumed: z.strictObject({ threadsBefore: count }).nullable(),
  disowned: z.strictObject({ threads: count, first: z.array(text) }).nullable(),
  startedAt: part.time,
  seconds: z.number(),
  source: part.endpoint,
  target: part.endpoint.nullable(),
  threads: z.strictObject({
    selected: count,
    leftOut: count,
    whole: count,
    partial: count,
    rejected: count,
    new: count,
    changed: count,
    unchanged: count,
    skipped: count,
    notFound: z.array(text),
  }),
  checkpoints: rows,
  writes: rows,
  blobs: rows,
  bytes: z.strictObject({ read: count, written: count }),
  keysScanned: count,
  otherDatabases: part.otherDatabases,
  layouts: z.array(z.strictObject({ id: text, title: text, keys: count, threads: count, bytes: count })),
  found: z.strictObject(part.findings).nullable().describe('as `detect` says it; only in a rehearsal'),
  bounds: z
    .strictObject({
      ...bounds,
      threadsTooOld: count,
      threadsTooYoung: count,
      threadsOfUnknownAge: count,
      named: z.array(text),
      threadsCut: count,
      leftOut: amounts,
    })
    .nullable(),
  choices: z.array(z.strictObject({ flag: text, threads: count, leftOut: amounts })),
  survey: part.survey,
  forecast: part.forecast.describe('only in a rehearsal'),
  store: z
    .strictObject({
      items: count,
      inserted: count,
      updated: count,
      alreadyThere: count,
      expiring: count,
      vectors: count.describe('embeddings copied'),
      bytes: count,
    })
    .nullable()
    .describe('only with --include store'),
  redisMemory: z
    .strictObject({ needed: count, used: count, limit: count.describe('0: none') })
    .optional()
    .describe('bytes; only in a rehearsal of the way back'),
  leftAlone: z.strictObject({ storeItems: count, foreignKeys: count, indexKeys: count }),
  findings: z.array(part.findingCount),
  stoppedBy: part.stoppedBy,
  ...part.outcome,
})

const side = z.strictObject({ is: text, value: text.optional().describe('only with --show-values') })
const states = Object.fromEntries(THREAD_STATES.map((state) => [state, count])) as Record<
  (typeof THREAD_STATES)[number],
  typeof count
>
const note = z.strictObject({
  threadId: text,
  behind: count,
  leftOut: count,
  deleted: count,
  ahead: count,
  expired: count,
  history: count,
  skipped: count,
})

export const verify = z.strictObject({
  ...part.head('verify'),
  against: z.enum(['source', 'ledger']),
  verificationId: count.nullable(),
  startedAt: part.time,
  seconds: z.number(),
  sample: z.strictObject({ size: count, seed: text }).nullable(),
  source: part.endpoint.nullable(),
  target: part.endpoint,
  threads: z.strictObject({
    ...states,
    compared: count,
    leftOut: count,
    onlyInLedger: count,
    onlyInTarget: count.nullable(),
    notFound: z.array(text),
  }),
  compared: z.strictObject({ checkpoints: count, writes: count, values: count }),
  bytes: z.strictObject({ source: count, target: count }),
  otherForms: z
    .strictObject({ threads: count, places: count, first: z.array(text) })
    .optional()
    .describe('of the way back: values that Redis gives back in another form; they count as equal'),
  notes: z.partialRecord(z.enum(THREAD_STATES), z.array(note)),
  store: z
    .strictObject({
      items: count,
      equal: count,
      differs: count,
      behind: count,
      ahead: count,
      deleted: count,
      rejected: count,
      olderCopies: count,
      vectors: count,
      onlyInLedger: count,
      onlyInTarget: count,
      differences: z.array(
        z.strictObject({
          namespace: text,
          key: text,
          part: z.enum(['item', 'value', 'created_at', 'updated_at', 'embedding']),
        }),
      ),
    })
    .nullable()
    .describe('only with --include store'),
  differenceCount: count,
  differences: z.array(
    z.strictObject({
      kind: z.enum(['missing', 'extra', 'differs']),
      part: text,
      threadId: text,
      checkpointNs: text.optional(),
      checkpointId: text.optional(),
      name: text.optional(),
      source: side.optional(),
      target: side.optional(),
      note: text.optional(),
    }),
  ),
  stoppedBy: part.stoppedBy,
  ...part.outcome,
})
