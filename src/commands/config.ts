/** The settings of a run and where each comes from: flags beat the environment, the environment beats `.env`, then come defaults. */
import { z } from 'zod'
import { Failure } from '../model/failure.js'
import type { Context, Options } from './command.js'
import { parsePostgresUrl, parseRedisUrl, UrlProblem } from './endpoint-url.js'
import { parseDuration, parseSize } from './units.js'
import { readVariables, type Variable, type Variables } from './variables.js'

type PgVariables = Readonly<Record<string, string | undefined>>

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

/** Postgres cuts a longer name silently, which would name another schema. */
const identifier = z
  .string()
  .min(1, 'a name is missing')
  .refine((name) => Buffer.byteLength(name) <= 63, 'Postgres names have at most 63 bytes')
  .refine((name) => !name.includes('\0'), 'a name cannot hold a NUL character')

const prefix = z.array(z.string().min(1, 'a prefix cannot be empty'))
const texts = z.array(z.string()).default([])

/** Every setting, as text from outside and as the value it becomes. */
const settings = (pg: PgVariables) =>
  z.object({
    redis: url(parseRedisUrl).optional(),
    postgres: url((text) => parsePostgresUrl(text, pg)).optional(),
    /** Where the saver would look, unless given: the first schema of the search path, usually `public`. */
    schema: identifier.optional(),
    ledgerSchema: identifier.default('cp_migrate'),
    /** Host, port and database of the source, unless given. */
    sourceName: z.string().min(1, 'a name is missing').max(500, 'at most 500 characters').optional(),
    checkpointPrefix: prefix.default(['checkpoint']),
    checkpointWritePrefix: prefix.default(['checkpoint_write']),
    checkpointBlobPrefix: prefix.default(['checkpoint_blob']),
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
    /** Bytes. */
    memory: size.default(48 * 1024 ** 2),
    /** Milliseconds, as all timeouts. */
    connectTimeout: duration.default(10_000),
    statementTimeout: duration.optional(),
    /** How long a server may be away in the middle of a run. */
    retryFor: duration.default(5 * 60_000),
    /** How long the last batch of a run that is gone may keep a new one waiting. */
    takeoverTimeout: duration.default(60_000),
  })

export type Settings = z.output<ReturnType<typeof settings>>
export type SettingName = keyof Settings

export interface Config {
  readonly values: Settings
  /** The flag or variable that set a value: `--redis`, `REDIS_URL in .env`; `default` where nothing did. */
  readonly origins: Readonly<Record<SettingName, string>>
}

/** Variables that stand for a flag; the first one found counts. All else is set by flags alone. */
const VARIABLES: Partial<Record<SettingName, readonly string[]>> = {
  redis: ['REDIS_URL'],
  postgres: ['CHECKPOINT_DB_URI', 'DATABASE_URL'],
  schema: ['CP_MIGRATE_SCHEMA'],
  ledgerSchema: ['CP_MIGRATE_LEDGER_SCHEMA'],
  memory: ['CP_MIGRATE_MEMORY'],
}

/** What psql reads, too. The first two are enough to name a database without any URL. */
const PG_VARIABLES = [
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

const EXAMPLES: Partial<Record<SettingName, string>> = {
  redis: 'redis://:PASSWORD@HOST:6379/0',
  postgres: 'postgres://USER:PASSWORD@HOST:5432/DATABASE',
}

/** Reads and checks every setting. Throws a failure that names the flag or variable at fault, never its value if that may be secret. */
export function readConfig(options: Options, world: Pick<Context, 'env' | 'cwd' | 'keepSecret'>): Config {
  const variables = readVariables(world.env, world.cwd)
  const pg = Object.fromEntries(PG_VARIABLES.map((name) => [name, variables.find(name)?.value]))
  const schema = settings(pg)
  const raw: Partial<Record<SettingName, unknown>> = {}
  const origins: Partial<Record<SettingName, string>> = {}
  for (const name of Object.keys(schema.shape) as SettingName[]) {
    const variable = options[name] === undefined ? variableFor(name, variables) : null
    raw[name] = options[name] ?? variable?.value
    origins[name] = options[name] === undefined ? (variable?.origin ?? 'default') : flagOf(name)
  }
  const result = schema.safeParse(raw)
  if (result.success) {
    for (const end of [result.data.redis, result.data.postgres]) {
      if (end?.password !== undefined) world.keepSecret(end.password)
    }
    return { values: result.data, origins: origins as Record<SettingName, string> }
  }
  const issue = result.error.issues[0]!
  const name = issue.path[0] as SettingName
  const problem = { setBy: origins[name] ?? name, problem: issue.message }
  const example = EXAMPLES[name]
  throw example === undefined
    ? new Failure('bad-setting', problem)
    : new Failure('bad-url', { ...problem, example })
}

function variableFor(name: SettingName, variables: Variables): Variable | null {
  for (const variableName of VARIABLES[name] ?? []) {
    const found = variables.find(variableName)
    if (found !== null) return found
  }
  if (name !== 'postgres') return null
  const named = variables.find('PGHOST') ?? variables.find('PGDATABASE')
  return named && { value: 'postgres://', origin: named.origin }
}

const flagOf = (name: SettingName): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
