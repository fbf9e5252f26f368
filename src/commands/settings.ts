/** Every setting: its form as text from outside, the value it becomes, and the variables that stand for its flag. */
import { z } from 'zod'
import type { SourceEndpoint, TargetEndpoint } from '../model/endpoint.js'
import { parsePostgresUrl, parseRedisUrl, UrlProblem } from './endpoint-url.js'
import { isPgliteUrl, parsePgliteUrl } from './pglite-url.js'
import { isSnapshotUrl, parseSnapshotUrl } from './snapshot-url.js'
import { isSqliteUrl, parseSqliteUrl } from './sqlite-url.js'
import { parseDuration, parseRate, parseSize } from './units.js'

type Variables = Readonly<Record<string, string | undefined>>

/** A URL as an endpoint. Its problems are said without quoting it. */
const url = <Endpoint>(parse: (text: string) => Endpoint) =>
  z.string().transform((text, context) => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof UrlProblem)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: '***' })
      return z.NEVER
    }
  })

const size = z.string().transform((text, context) => {
  const bytes = parseSize(text)
  if (bytes !== null) return bytes
  context.issues.push({ code: 'custom', message: `"${text}" is no size such as 48MB`, input: text })
  return z.NEVER
})

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== null && ms > 0) return ms
  context.issues.push({ code: 'custom', message: `"${text}" is no duration such as 10s`, input: text })
  return z.NEVER
})

const rate = z.string().transform((text, context) => {
  const found = parseRate(text)
  if (found !== null) return found
  const message = `"${text}" is no rate: 2000 is keys a second, 20MB is bytes a second`
  context.issues.push({ code: 'custom', message, input: text })
  return z.NEVER
})

/** Postgres cuts a longer name silently, which would name another schema. */
const identifier = z
  .string()
  .min(1, 'a name is missing')
  .refine((name) => Buffer.byteLength(name) <= 63, 'Postgres names have at most 63 bytes')
  .refine((name) => !name.includes('\0'), 'a name cannot hold a NUL character')

const prefix = z.array(z.string().min(1, 'a prefix cannot be empty'))
const texts = z.array(z.string()).default([])
const name = z.string().min(1, 'a name is missing')
/** The path of a PEM file, or its text. */
const pem = z.string().min(1, 'a file is missing')

/** `redis` and `pg` are the variables that fill in what a URL leaves out, `given` the flags that beat it. */
export const settingsSchema = (about: {
  readonly redis: Variables
  readonly pg: Variables
  readonly given: { readonly db?: string; readonly username?: string }
  readonly cwd: string
}) =>
  z.object({
    redis: url((text) => parseSourceUrl(text, about)).optional(),
    redisDb: z
      .string()
      .regex(/^\d{1,6}$/, 'the number of a logical database is needed')
      .optional(),
    redisUser: name.optional(),
    redisCa: pem.optional(),
    redisCert: pem.optional(),
    redisKey: pem.optional(),
    redisServerName: name.optional(),
    postgres: url((text) => parseTargetUrl(text, about)).optional(),
    postgresCa: pem.optional(),
    postgresCert: pem.optional(),
    postgresKey: pem.optional(),
    postgresServerName: name.optional(),
    /** Where the saver would look, unless given: the first schema of the search path, usually `public`. */
    schema: identifier.optional(),
    ledgerSchema: identifier.default('cp_migrate'),
    /** Host, port and database of the source, unless given. */
    sourceName: name.max(500, 'at most 500 characters').optional(),
    checkpointPrefix: prefix.default(['checkpoint']),
    checkpointWritePrefix: prefix.default(['checkpoint_write']),
    checkpointBlobPrefix: prefix.default(['checkpoint_blob']),
    /** What is moved beside the threads. */
    include: z.enum(['store']).optional(),
    storePrefix: prefix.default(['store']),
    storeVectorPrefix: prefix.default(['store_vectors']),
    layoutFile: texts,
    layout: z.string().optional(),
    thread: texts,
    threadsFrom: z.string().optional(),
    match: texts,
    limit: z
      .string()
      .regex(/^[1-9]\d{0,14}$/, 'a whole number from 1 is needed')
      .transform(Number)
      .optional(),
    /** To Postgres, for rows; what holds the lock, or stages a large thread, comes on top. */
    connections: z
      .string()
      .regex(/^([1-9]|1\d|20)$/, 'a whole number from 1 to 20 is needed')
      .transform(Number)
      .default(3),
    /** Bytes. */
    memory: size.default(48 * 1024 ** 2),
    /** Threads that are moved at the same time. */
    jobs: z
      .string()
      .regex(/^([1-9]|[1-5]\d|6[0-4])$/, 'a whole number from 1 to 64 is needed')
      .transform(Number)
      .default(1),
    /** How fast the source may be read; absent: as fast as it goes. */
    rate: rate.optional(),
    /** Rests while the server makes others wait longer than this. */
    redisMaxLatency: duration.optional(),
    /** Milliseconds, as all timeouts: how long servers that do not answer yet are waited for; absent: not at all. */
    wait: duration.optional(),
    connectTimeout: duration.default(10_000),
    statementTimeout: duration.optional(),
    /** How long a server may be away in the middle of a run. */
    retryFor: duration.default(5 * 60_000),
    /** How long the last batch of a run that is gone may keep a new one waiting. */
    takeoverTimeout: duration.default(60_000),
  })

/** The scheme says what the target is. */
const parseTargetUrl = (
  text: string,
  { pg, cwd }: Pick<Parameters<typeof settingsSchema>[0], 'pg' | 'cwd'>,
): TargetEndpoint => (isPgliteUrl(text) ? parsePgliteUrl(text, cwd) : parsePostgresUrl(text, pg))

/** The scheme says what the source is. */
function parseSourceUrl(
  text: string,
  { redis, given, cwd }: Pick<Parameters<typeof settingsSchema>[0], 'redis' | 'given' | 'cwd'>,
): SourceEndpoint {
  if (/^[^:?]+\.rdb$/i.test(text)) throw new UrlProblem('a snapshot is named by file: before its path')
  if (isSqliteUrl(text)) return parseSqliteUrl(text, cwd)
  if (!isSnapshotUrl(text)) return parseRedisUrl(text, redis, given)
  const preset = redis.REDIS_DB
  return parseSnapshotUrl(text, {
    cwd,
    ...(given.db === undefined ? {} : { given: given.db }),
    ...(preset === undefined ? {} : { preset }),
  })
}

export type Settings = z.output<ReturnType<typeof settingsSchema>>
export type SettingName = keyof Settings

/** Variables that stand for a flag; the first one found counts. All else is set by flags alone. */
export const VARIABLES: Partial<Record<SettingName, readonly string[]>> = {
  redis: ['REDIS_URL'],
  redisDb: ['REDIS_DB'],
  redisUser: ['REDIS_USERNAME'],
  redisCa: ['REDIS_CA'],
  redisCert: ['REDIS_CERT'],
  redisKey: ['REDIS_KEY'],
  postgres: ['CHECKPOINT_DB_URI', 'DATABASE_URL'],
  postgresCa: ['PGSSLROOTCERT'],
  postgresCert: ['PGSSLCERT'],
  postgresKey: ['PGSSLKEY'],
  schema: ['CP_MIGRATE_SCHEMA'],
  ledgerSchema: ['CP_MIGRATE_LEDGER_SCHEMA'],
  sourceName: ['CP_MIGRATE_SOURCE_NAME'],
  memory: ['CP_MIGRATE_MEMORY'],
  rate: ['CP_MIGRATE_RATE'],
  redisMaxLatency: ['CP_MIGRATE_REDIS_MAX_LATENCY'],
  wait: ['CP_MIGRATE_WAIT'],
}

/** What fills in the gaps of a Redis URL. The first is enough to name a server without any URL. */
export const REDIS_VARIABLES = ['REDIS_HOST', 'REDIS_PORT', 'REDIS_DB', 'REDIS_USERNAME', 'REDIS_PASSWORD']

/** What psql reads, too. The first two are enough to name a database without any URL. */
export const PG_VARIABLES = [
  'PGHOST',
  'PGDATABASE',
  'PGPORT',
  'PGUSER',
  'PGPASSWORD',
  'PGSSLMODE',
  'PGOPTIONS',
  'PGCONNECT_TIMEOUT',
  'USER',
]
