/** The settings of a run and where each comes from: flags beat the environment, the environment beats `.env`, then come defaults. */
import { existsSync } from 'node:fs'
import type { PostgresEndpoint } from '../model/endpoint.js'
import { Failure } from '../model/failure.js'
import {
  libpqDefaults,
  postgresTls,
  type ServerEndpoint,
  TLS_PARTS,
  type TlsSetting,
  type TlsSettings,
  tlsSettingsOf,
  withCertificates,
} from './certificates.js'
import type { Context, Options } from './command.js'
import { type Direction, namedEnds } from './end-names.js'
import {
  PG_VARIABLES,
  REDIS_VARIABLES,
  type SettingName,
  type Settings,
  settingsSchema,
  VARIABLES,
} from './settings.js'
import { readVariables, type Variable, type Variables } from './variables.js'

export type { SettingName, Settings } from './settings.js'

export interface Config {
  readonly values: Settings
  /** `back`: `--from` names Postgres, `--to` Redis. The values bear the names of their engines all the same. */
  readonly direction: Direction
  /** The flag or variable that set a value: `--redis`, `REDIS_URL in .env`; `default` where nothing did. */
  readonly origins: Readonly<Record<SettingName, string>>
}

type World = Pick<Context, 'env' | 'cwd' | 'dotEnv' | 'keepSecret'>

const EXAMPLES: Partial<Record<SettingName, string>> = {
  redis: 'redis://:PASSWORD@HOST:6379/0 or file:dump.rdb',
  postgres: 'postgres://USER:PASSWORD@HOST:5432/DATABASE',
}

/**
 * Reads and checks every setting. Throws a failure that names the flag or variable at fault, never its value if that may be secret;
 * `bad-pair` where the ends are named the other way round and the command does not go back.
 */
export function readConfig(given: Options, world: World, { goesBack = false } = {}): Config {
  const { direction, options, flags } = namedEnds(given)
  if (direction === 'back' && !goesBack) {
    const problem = 'this command knows one direction only: Redis is named by --from, Postgres by --to'
    throw new Failure('bad-pair', { problem })
  }
  const variables = readVariables(world.env, world.cwd, world.dotEnv)
  const valuesOf = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, variables.find(name)?.value]))
  const pg = valuesOf(PG_VARIABLES)
  const schema = settingsSchema({
    redis: valuesOf(REDIS_VARIABLES),
    pg,
    cwd: world.cwd,
    given: {
      ...(options.redisDb === undefined ? {} : { db: String(options.redisDb) }),
      ...(options.redisUser === undefined ? {} : { username: String(options.redisUser) }),
    },
  })
  const raw: Partial<Record<SettingName, unknown>> = {}
  const origins = {} as Record<SettingName, string>
  for (const name of Object.keys(schema.shape) as SettingName[]) {
    const variable = options[name] === undefined ? variableFor(name, variables) : null
    raw[name] = options[name] ?? variable?.value
    origins[name] =
      options[name] === undefined ? (variable?.origin ?? 'default') : (flags[name] ?? flagOf(name))
  }
  const result = schema.safeParse(raw)
  if (!result.success) {
    const { path, message } = result.error.issues[0]!
    throw problemOf(path[0] as SettingName, message, origins)
  }
  const values = withTls(result.data, { raw, origins, pg, world })
  for (const end of [values.redis, values.postgres]) {
    if (end?.password !== undefined) world.keepSecret(end.password)
    if (end?.certificates?.key !== undefined) world.keepSecret(end.certificates.key)
  }
  return { values, direction, origins }
}

function problemOf(name: SettingName, problem: string, origins: Config['origins']): Failure {
  const setBy = origins[name] ?? name
  const example = EXAMPLES[name]
  return example === undefined
    ? new Failure('bad-setting', { setBy, problem })
    : new Failure('bad-url', { setBy, problem, example })
}

function withTls(
  values: Settings,
  found: {
    readonly raw: Partial<Record<SettingName, unknown>>
    readonly origins: Config['origins']
    readonly pg: Readonly<Record<string, string | undefined>>
    readonly world: World
  },
): Settings {
  const { raw, origins, pg, world } = found
  const { cwd } = world
  const settingsFor = (end: ServerEndpoint): TlsSettings => {
    const { engine } = end
    const set: [string, TlsSetting][] = []
    for (const part of TLS_PARTS) {
      const name = `${engine}${part[0]!.toUpperCase()}${part.slice(1)}` as SettingName
      const value = values[name]
      if (value !== undefined) set.push([part, { value: String(value), origin: origins[name] }])
    }
    const url = { text: String(raw[engine]), setBy: origins[engine] }
    return tlsSettingsOf(engine, url, Object.fromEntries(set))
  }
  const { redis, postgres } = values
  // A variable may be meant for other servers; a flag that would change nothing is a mistake.
  const meant = (end: ServerEndpoint, settings: TlsSettings): TlsSettings =>
    end.tls === 'off' ? only(settings, ({ origin }) => !/^[A-Z]/.test(origin)) : settings
  return {
    ...values,
    redis:
      redis?.engine === 'redis' ? withCertificates(redis, meant(redis, settingsFor(redis)), { cwd }) : redis,
    postgres: postgres?.engine === 'postgres' ? postgresWithTls(postgres) : postgres,
  }

  function postgresWithTls(server: PostgresEndpoint) {
    const named = meant(server, settingsFor(server))
    const isModeGiven = Boolean(new URL(String(raw.postgres)).searchParams.get('sslmode') || pg.PGSSLMODE)
    const defaults = server.tls === 'off' ? {} : libpqDefaults(world.env, existsSync)
    const all = { ...defaults, ...named }
    const isPair = all.cert !== undefined && all.key !== undefined
    // Half a pair that nobody named is no pair.
    const settings = isPair
      ? all
      : { ...only(defaults, ({ origin }) => origin === defaults.ca?.origin), ...named }
    return withCertificates(server, settings, {
      cwd,
      tls: postgresTls(server.tls, settings, { isModeGiven }),
    })
  }
}

const only = (settings: TlsSettings, wanted: (setting: TlsSetting) => boolean): TlsSettings =>
  Object.fromEntries(Object.entries(settings).filter(([, setting]) => wanted(setting)))

function variableFor(name: SettingName, variables: Variables): Variable | null {
  for (const variableName of VARIABLES[name] ?? []) {
    const found = variables.find(variableName)
    if (found !== null) return found
  }
  if (name === 'redis') {
    const host = variables.find('REDIS_HOST')
    return host && { value: 'redis://', origin: host.origin }
  }
  if (name !== 'postgres') return null
  const named = variables.find('PGHOST') ?? variables.find('PGDATABASE')
  return named && { value: 'postgres://', origin: named.origin }
}

const flagOf = (name: SettingName): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
