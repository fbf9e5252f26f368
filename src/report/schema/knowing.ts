/** The documents of the commands that show and prepare: init, status, inspect, threads, config, doctor; and of a command that failed at once. */
import { z } from 'zod'
import { THREAD_ORDERS } from '../../model/threads-report.js'
import * as part from './parts.js'

const { count } = part
const text = z.string()

const step = z.strictObject({ what: text, why: text })

export const init = z.strictObject({
  ...part.head('init'),
  endpoint: text,
  schema: text,
  ledgerSchema: text,
  dialect: z.enum(['python', 'js']),
  found: z.strictObject({
    saver: z.enum(['none', 'python', 'python-or-js']),
    step: z.int().nullable(),
    ledgerStep: z.int().nullable(),
    checkpointsEstimate: count.nullable(),
  }),
  made: z.array(step),
  missing: z.array(step),
  notes: z.array(text),
  script: text.describe('SQL that makes what is missing'),
  ...part.outcome,
})

const runTotals = {
  threads: z.strictObject({
    whole: count,
    partial: count,
    rejected: count,
    differs: count,
    verified: count,
    purging: count,
    purged: count,
    rolledBack: count,
  }),
  rows: z.strictObject({
    checkpoints: count,
    writes: count,
    blobs: count,
    rewritten: count,
    storeItems: count.describe('of the long-term memory, still there'),
  }),
  bytes: count,
}

export const status = z.strictObject({
  ...part.head('status'),
  target: part.endpoint,
  holder: z
    .strictObject({ verb: text, pid: z.int(), host: text, since: part.time, lastBeat: part.time.nullable() })
    .nullable(),
  runs: z.array(
    z.strictObject({
      id: count,
      state: z.enum(['running', 'interrupted', 'done', 'stopped', 'failed', 'rolled_back', 'forgotten']),
      startedAt: part.time,
      finishedAt: part.time.nullable(),
      resumed: count,
      toolVersion: text,
      sourceName: text,
      sourceUrl: text,
      dialect: z.enum(['python', 'js']).nullable(),
      options: z.record(text, z.unknown()),
      lastError: z.strictObject({ id: text, what: text }).nullable(),
      findings: z.array(z.strictObject({ kind: part.kind, reason: part.reason, count })),
      ...runTotals,
    }),
  ),
  findings: z
    .array(
      z.strictObject({
        kind: part.kind,
        reason: part.reason,
        threadId: text.nullable(),
        checkpointNs: text.nullable(),
        checkpointId: text.nullable(),
        key: text.optional(),
        keyBase64: text.optional(),
        detail: text.nullable(),
        count,
      }),
    )
    .optional()
    .describe('only with --run'),
  runsOfWayBack: count.optional().describe('runs of the way back, which --from POSTGRES --to REDIS lists'),
  ledgerBytes: count,
  exitCode: z.int().describe('always 0'),
  next: text.describe('the sensible next command line'),
})

/** Values are shown as they are: only their frame is fixed. */
export const inspect = z.strictObject({
  ...part.head('inspect'),
  source: part.endpoint,
  key: z
    .looseObject({
      key: text,
      type: text,
      payloads: z.array(z.looseObject({ bytes: count, encoding: text })),
    })
    .nullable(),
  thread: z
    .looseObject({
      threadId: text,
      layouts: z.array(z.strictObject({ id: text, title: text })),
      bytes: count,
      namespaces: z.array(z.looseObject({ checkpointNs: text })),
    })
    .nullable(),
})

export const threads = z.strictObject({
  ...part.head('threads'),
  startedAt: part.time,
  endpoint: part.endpoint,
  engine: z.enum(['redis', 'postgres']),
  sort: z.enum(THREAD_ORDERS),
  total: count.describe('all threads there are'),
  matching: count.describe('those that the filters let through; `threads` lists the first of them'),
  checkpoints: count.describe('of all that match, as the next two'),
  bytes: count,
  waiting: count.describe('threads that wait at an interrupt'),
  threads: z.array(
    z.strictObject({
      threadId: text,
      layouts: z.array(text).describe('ids of Redis layouts; none in Postgres'),
      dialect: z.enum(['python', 'js']).nullable(),
      namespaces: count,
      checkpoints: count,
      lastAt: part.time.nullable(),
      bytes: count.nullable().describe('in Redis of memory; in Postgres as stored, compressed'),
      state: z
        .enum(['waiting', 'failed', 'unfinished', 'done'])
        .nullable()
        .describe('by the newest checkpoint of the root graph; null where it has none'),
    }),
  ),
  exitCode: z.int().describe('always 0'),
  next: text.nullable().describe('the sensible next command line'),
})

export const config = z.strictObject({
  ...part.head('config'),
  settings: z.array(z.strictObject({ name: text, value: text, origin: text })),
  unknown: z.array(z.looseObject({})).optional(),
  exitCode: z.int().describe('always 0'),
})

const doctorEnd = z.strictObject({
  note: part.endpoint,
  checks: z.array(
    z.strictObject({
      id: text,
      level: z.enum(['ok', 'note', 'warning', 'must']),
      what: text,
      remedy: text.nullable(),
    }),
  ),
})

export const doctor = z.strictObject({
  ...part.head('doctor'),
  startedAt: part.time,
  seconds: z.number(),
  source: doctorEnd.nullable(),
  target: doctorEnd.nullable(),
  ...part.outcome,
})

/** What `--json` prints where a command failed before it had a report. */
export const failed = z.strictObject({
  schemaVersion: z.literal(1),
  command: text.nullable(),
  stoppedBy: part.failure,
  exitCode: z.int(),
})
