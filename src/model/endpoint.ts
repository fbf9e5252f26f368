/** The two ends of a migration as parsed values, and how they are named in front of people: never with a user or a password. */
import { printableText } from './printable.js'
import type { Secret } from './secret.js'
import { type SnapshotEndpoint, snapshotName, snapshotUrl } from './snapshot.js'
import { type SqliteEndpoint, sqliteName, sqliteUrl } from './sqlite.js'

/**
 * How far a TLS connection goes: not encrypted; encrypted only if the server insists; encrypted if the server can (Postgres' own
 * default); encrypted; certificate checked; name checked too.
 */
export type TlsMode = 'off' | 'allow' | 'prefer' | 'encrypt' | 'verify-ca' | 'verify-full'

/** What TLS needs beyond its mode: contents of PEM files. */
export interface Certificates {
  /** Of the authorities to trust instead of those that Node knows. */
  readonly ca?: string
  /** What we show of ourselves. */
  readonly cert?: string
  readonly key?: Secret
  /** The name that the server's certificate should bear instead of the host's. */
  readonly serverName?: string
}

export interface RedisEndpoint {
  readonly engine: 'redis'
  /** Empty where a socket is used. */
  readonly host: string
  readonly port: number
  readonly socketPath?: string
  /** The logical database. */
  readonly db: number
  readonly tls: TlsMode
  readonly certificates?: Certificates
  readonly username?: string
  readonly password?: Secret
}

export interface PostgresEndpoint {
  readonly engine: 'postgres'
  /** A host name, or the directory of a Unix socket. */
  readonly host: string
  readonly port: number
  readonly database: string
  readonly tls: TlsMode
  readonly certificates?: Certificates
  readonly username: string
  readonly password?: Secret
  /** libpq's `options`, as given in the URL. */
  readonly options?: string
  readonly connectTimeoutMs?: number
}

/** A database in a folder, which runs in this process. */
export interface PgliteEndpoint {
  readonly engine: 'pglite'
  /** Absolute. */
  readonly folder: string
  readonly username: 'postgres'
  readonly tls: 'off'
  /** Nobody logs in to a folder. */
  readonly password?: never
  readonly certificates?: never
}

/** What checkpoints are written to. */
export type TargetEndpoint = PostgresEndpoint | PgliteEndpoint

/** What checkpoints are read from. */
export type SourceEndpoint = RedisEndpoint | SnapshotEndpoint | SqliteEndpoint

export type Endpoint = SourceEndpoint | TargetEndpoint

/** `redis://cache.internal:6379/0`, `postgres://db.internal/agents`: enough to tell production from a copy, nothing to log in with. */
export function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.engine === 'rdb') return snapshotUrl(endpoint)
  if (endpoint.engine === 'sqlite') return sqliteUrl(endpoint)
  if (endpoint.engine === 'pglite') return printableText(`pglite:${endpoint.folder}`)
  if (endpoint.engine === 'redis') {
    if (endpoint.socketPath !== undefined)
      return printableText(`unix://${endpoint.socketPath}?db=${endpoint.db}`)
    const scheme = endpoint.tls === 'off' ? 'redis' : 'rediss'
    return printableText(`${scheme}://${hostOf(endpoint.host)}:${endpoint.port}/${endpoint.db}`)
  }
  const port = endpoint.port === 5432 ? '' : `:${endpoint.port}`
  if (endpoint.host.startsWith('/')) {
    return printableText(
      `postgres:///${endpoint.database}?host=${endpoint.host}${port.replace(':', '&port=')}`,
    )
  }
  return printableText(`postgres://${hostOf(endpoint.host)}${port}/${endpoint.database}`)
}

/** IPv6 addresses are written in brackets. */
const hostOf = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** What the ledger calls a source unless the user does: where its URL points to, as typed, without user and scheme. */
export function sourceNameOf(endpoint: SourceEndpoint): string {
  if (endpoint.engine === 'rdb') return snapshotName(endpoint)
  if (endpoint.engine === 'sqlite') return sqliteName(endpoint)
  const { host, port, socketPath, db } = endpoint
  return `${socketPath ?? `${hostOf(host)}:${port}`}/${db}`
}
