/** Parts that the JSON documents of several commands share, as zod has them; from these the published JSON Schema is made. */
import { z } from 'zod'
import { REASONS, type ReasonId } from '../../model/finding.js'

export const count = z.int().min(0)
export const time = z.string().describe('ISO 8601')
const text = z.string()

export const endpoint = z.strictObject({
  endpoint: text.describe('a URL without user and password'),
  setBy: text.describe('the flag or variable that named it'),
  server: text.optional().describe('`Redis 7.4.1`'),
  schema: text.optional().describe('of Postgres'),
  snapshot: z
    .strictObject({
      savedAt: time.nullable(),
      expiredBefore: count.describe('keys that had expired when the snapshot was saved'),
      expiredSince: count,
    })
    .optional(),
})

/** What ended a command before its end; the words are for people. */
export const failure = z.strictObject({ id: text, what: text, next: text })

/** What every report begins and ends with. */
export const head = <Name extends string>(command: Name) => ({
  schemaVersion: z.literal(1),
  command: z.literal(command),
})
export const outcome = {
  exitCode: z.int().describe('the exit code of the command'),
  next: text.nullable().describe('the sensible next command'),
}
export const stoppedBy = failure.nullable().describe('why it ended before its end')

export const kind = z.enum(['ignored', 'gone', 'repaired', 'rejected', 'conflict'])
export const reason = z.enum(Object.keys(REASONS) as [ReasonId, ...ReasonId[]])

const named = {
  key: text.optional().describe('exact where the key is UTF-8; else for reading'),
  keyBase64: text.optional().describe('where the key is not UTF-8: its bytes'),
}

/** Of one key or thread. */
export const finding = z.strictObject({
  ...named,
  threadId: text.optional(),
  checkpointNs: text.optional(),
  checkpointId: text.optional(),
  detail: text.optional(),
})

export const findingCount = z.strictObject({
  reason,
  kind,
  title: text,
  remedy: text,
  count,
  samples: z.array(finding).describe('the first ones; `count` counts all'),
})

const estimate = z.strictObject({ count, exact: z.boolean().describe('false: from samples') })
const otherDatabase = z.strictObject({ db: count, keys: count.describe('about') })
export const otherDatabases = z.array(otherDatabase)
const namedKey = z.strictObject({ key: text, base64: text.optional(), type: text })
const keyGroup = z.strictObject({ prefix: text, keys: count, samples: z.array(namedKey) })

/** What names and samples tell of a database. */
export const findings = {
  server: z.strictObject({
    name: text,
    modules: z.array(text),
    usedMemoryBytes: count,
    maxMemoryBytes: count.describe('0: no limit'),
    maxMemoryPolicy: text,
  }),
  keys: z.strictObject({
    scanned: count,
    claimed: count,
    storeItems: count,
    foreign: count,
    unknown: count,
    index: count,
  }),
  threads: estimate,
  layouts: z.array(
    z.strictObject({
      id: text,
      title: text,
      writtenBy: text,
      dialect: z.enum(['python', 'js']),
      keys: estimate,
      threads: estimate,
      memoryBytes: count.nullable(),
      certainty: z.enum(['sure', 'likely', 'unsure']),
      evidence: z.array(z.strictObject({ text, count, of: count })),
      sampled: count,
      unrecognised: count,
      happens: z.enum(['migrated', 'own-schema', 'refused']),
    }),
  ),
  orphans: z.strictObject({ writes: estimate, pointers: estimate, stubs: estimate }),
  unreadable: z.strictObject({ sampled: count, of: count, samples: z.array(namedKey) }),
  unknown: z.array(keyGroup),
  foreign: z.array(keyGroup),
  otherDatabases,
  expiring: z.strictObject({
    withinMs: count,
    threads: estimate,
    listed: z.array(z.strictObject({ threadId: text, expiresInMs: count })).nullable(),
  }),
}

const date = z.string().describe('a day, `2026-11-20`')

export const growth = z
  .strictObject({
    step: z.enum(['day', 'week', 'month']),
    steps: z.array(
      z.strictObject({
        from: date,
        checkpoints: count,
        newThreads: count.describe('threads whose oldest checkpoint is of that step'),
        bytes: count.describe('a thread divided evenly over its checkpoints'),
      }),
    ),
    undated: count.describe('checkpoints whose ids name no time'),
  })
  .describe('when checkpoints were written, by the time inside their ids')

export const forecast = z
  .strictObject({
    basis: z.enum(['everything', 'samples']).describe('`samples`: extrapolated, an upper bound'),
    postgresBytes: count.describe('tables and indexes, with the default compression'),
    lz4Bytes: count.nullable(),
    ledgerBytes: count.nullable().describe('what the ledger would take beside the tables'),
    seconds: z.number().nullable().describe('how long the run would take'),
  })
  .nullable()

export const survey = z
  .strictObject({
    threads: count,
    sizes: z.array(z.strictObject({ upToBytes: count.nullable(), threads: count, bytes: count })),
    largest: z.array(
      z.strictObject({
        threadId: text,
        layout: text,
        bytes: count,
        keys: count,
        checkpoints: count,
        lastDay: date.nullable(),
      }),
    ),
    growth,
    expiry: z.strictObject({
      classes: z.array(z.strictObject({ withinMs: count.nullable(), threads: count })),
      never: count,
      longestMs: count.nullable(),
      soonest: z.array(z.strictObject({ threadId: text, firstAt: time, lastAt: time.nullable() })),
    }),
    classes: z
      .array(z.strictObject({ name: text, threads: count }))
      .describe('classes of the application inside the values: what a strict reader must allow'),
    moreClasses: count,
    waitsAtInterrupt: count,
    valuesSeen: count.describe('channel values in Redis, repeats included'),
  })
  .nullable()
  .describe('what was seen of the threads')
