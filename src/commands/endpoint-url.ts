/** Turns URLs into endpoints. What is wrong with a URL is said without quoting it: it may hold a password. */
import type { PostgresEndpoint, RedisEndpoint, TlsMode } from '../model/endpoint.js'
import { distanceOf, nearestOf } from '../model/nearest.js'
import { Secret } from '../model/secret.js'

/** Says what is wrong with a URL, in words that hold nothing of it. */
export class UrlProblem extends Error {}

type Variables = Readonly<Record<string, string | undefined>>

const REDIS_TLS: Readonly<Record<string, TlsMode>> = {
  'redis:': 'off',
  'valkey:': 'off',
  'unix:': 'off',
  'rediss:': 'verify-full',
  'valkeys:': 'verify-full',
}

/**
 * redis-py's forms: `redis://`, `rediss://`, `unix:///path?db=0`, and Valkey's names for them. `REDIS_…` variables fill in what it leaves
 * out, the host too for `redis://` alone; `given` (by flags) beats it.
 */
export function parseRedisUrl(
  text: string,
  variables: Variables = {},
  given: { readonly db?: string; readonly username?: string } = {},
): RedisEndpoint {
  const url = parsed(text)
  const scheme = REDIS_TLS[url.protocol]
  if (scheme === undefined) throw wrongScheme(text, 'redis:// or rediss://')
  const socketPath = url.protocol === 'unix:' ? decoded(url.pathname) : undefined
  if (socketPath === '' || socketPath === '/') throw new UrlProblem('it names no socket')
  const host = hostOf(url) || (socketPath === undefined ? variables.REDIS_HOST : '') || ''
  if (socketPath === undefined && host === '') throw new UrlProblem('it names no host')
  const inUrl =
    url.searchParams.get('db') ?? (socketPath === undefined ? url.pathname.replace(/^\//, '') : '')
  const db = given.db || inUrl || variables.REDIS_DB || ''
  if (!/^\d*$/.test(db))
    throw new UrlProblem(
      inUrl === db
        ? 'the part after the host is not the number of a logical database'
        : 'the logical database to use is not a number',
    )
  const query = (name: string): string => url.searchParams.get(name) ?? ''
  const port = (url.hostname === '' && variables.REDIS_PORT) || url.port || '6379'
  if (!/^\d{1,5}$/.test(port)) throw new UrlProblem('the port is not a number')
  return {
    engine: 'redis',
    host,
    port: Number(port),
    db: Number(db),
    tls: redisTls(scheme, query),
    ...(socketPath === undefined ? {} : { socketPath }),
    ...present(
      'username',
      given.username || decoded(url.username) || query('username') || variables.REDIS_USERNAME || '',
    ),
    ...presentSecret(decoded(url.password) || query('password') || variables.REDIS_PASSWORD || ''),
  }
}

/** redis-py's words for how much of a certificate is checked. */
function redisTls(scheme: TlsMode, query: (name: string) => string): TlsMode {
  if (scheme === 'off') return 'off'
  if (query('ssl_cert_reqs') === 'none') return 'encrypt'
  return /^(false|0|no)$/i.test(query('ssl_check_hostname')) ? 'verify-ca' : scheme
}

/** libpq's `sslmode`. */
const SSL_MODES: Readonly<Record<string, TlsMode>> = {
  disable: 'off',
  allow: 'allow',
  prefer: 'prefer',
  require: 'encrypt',
  'verify-ca': 'verify-ca',
  'verify-full': 'verify-full',
}

/** libpq's URL, and SQLAlchemy's with a driver name; the `PG…` variables fill in what it leaves out, all of it for `postgres://` alone. */
export function parsePostgresUrl(text: string, variables: Variables): PostgresEndpoint {
  const url = parsed(text)
  if (!/^postgres(ql)?(\+\w+)?:$/.test(url.protocol)) throw wrongScheme(text, 'postgres:// or postgresql://')
  const query = (name: string): string => url.searchParams.get(name) ?? ''
  return postgresEndpoint(
    {
      host: query('host') || hostOf(url),
      port: query('port') || url.port,
      database: decoded(url.pathname.replace(/^\//, '')) || query('dbname'),
      username: decoded(url.username) || query('user'),
      password: decoded(url.password) || query('password'),
      sslmode: query('sslmode'),
      options: query('options'),
      connectTimeout: query('connect_timeout'),
    },
    variables,
  )
}

type PostgresParts = Partial<
  Record<
    'host' | 'port' | 'database' | 'username' | 'password' | 'sslmode' | 'options' | 'connectTimeout',
    string
  >
>

function postgresEndpoint(parts: PostgresParts, variables: Variables): PostgresEndpoint {
  const either = (part: string | undefined, name: string): string => part || variables[name] || ''
  const port = either(parts.port, 'PGPORT') || '5432'
  if (!/^\d{1,5}$/.test(port)) throw new UrlProblem('the port is not a number')
  const username = either(parts.username, 'PGUSER') || variables.USER || 'postgres'
  const sslmode = either(parts.sslmode, 'PGSSLMODE') || 'prefer'
  const tls = SSL_MODES[sslmode]
  if (tls === undefined) throw new UrlProblem(unknownSslMode(sslmode))
  const timeout = either(parts.connectTimeout, 'PGCONNECT_TIMEOUT')
  const database = either(parts.database, 'PGDATABASE')
  if (database === '') throw new UrlProblem('it names no database')
  if (!/^\d*$/.test(timeout)) throw new UrlProblem('connect_timeout is not a number of seconds')
  return {
    engine: 'postgres',
    host: either(parts.host, 'PGHOST') || 'localhost',
    port: Number(port),
    database,
    tls,
    username,
    ...presentSecret(either(parts.password, 'PGPASSWORD')),
    ...present('options', either(parts.options, 'PGOPTIONS')),
    ...(Number(timeout) > 0 ? { connectTimeoutMs: Number(timeout) * 1000 } : {}),
  }
}

/** Quoted only where it is near enough to a mode to be a slip of the keyboard. */
function unknownSslMode(text: string): string {
  const modes = Object.keys(SSL_MODES)
  const nearest = nearestOf(text, modes)
  const question = distanceOf(text, nearest) <= 3 ? ` (did you mean ${nearest}?)` : ''
  return `sslmode is none of ${modes.join(', ')}${question}`
}

/**
 * An `@` behind the first `/`, `?` or `#` means that a password holds such a sign unescaped: the URL would still parse, with half of
 * the password taken for the host.
 */
function parsed(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (/^[a-z+]+:\/\/[^/?#]*[/?#].*@/is.test(text)) {
    throw new UrlProblem(
      'an @ stands behind a /, ? or #; in a user name or password write %40, %2F, %3F, %23',
    )
  }
  if (url === null) {
    const hosts = /^[a-z+]+:\/\/[^/?#]*,/i.test(text)
    if (hosts) throw new UrlProblem('it names several hosts; name the one to use')
    throw new UrlProblem(
      /^[a-z+]+:\/\//i.test(text)
        ? 'it is not a valid URL; signs such as / ? # [ ] in a password are written %2F %3F %23 %5B %5D'
        : 'it has no scheme',
    )
  }
  return url
}

function wrongScheme(text: string, expected: string): UrlProblem {
  const scheme = /^[a-z][a-z+]{1,20}:\/\//i.exec(text)?.[0]
  return new UrlProblem(
    scheme === undefined
      ? `it does not begin with ${expected}`
      : `it begins with ${scheme} and not with ${expected}`,
  )
}

const hostOf = (url: URL): string => decoded(url.hostname).replace(/^\[(.*)\]$/, '$1')

/** As libpq and redis-py do: percent signs that begin no escape stand for themselves. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text.replace(/(%[0-9a-f]{2})+/gi, (escapes) =>
      Buffer.from(escapes.replaceAll('%', ''), 'hex').toString(),
    )
  }
}

const present = <Name extends string>(name: Name, value: string): { [Key in Name]?: string } =>
  (value === '' ? {} : { [name]: value }) as { [Key in Name]?: string }

const presentSecret = (value: string): { password?: Secret } =>
  value === '' ? {} : { password: new Secret(value) }
