/** Opens Postgres: a few sessions on one endpoint, checked before use, every error worded as a failure. */
import { describeEndpoint, type PostgresEndpoint, type TargetEndpoint } from '../../model/endpoint.js'
import type { Failure } from '../../model/failure.js'
import { checkServer, type ServerFacts } from './connect-checks.js'
import { connectFailure, isDatabaseMissing, isTlsRefused, statementFailure } from './connect-failure.js'
import { openSession, type PgSession, type SessionOptions, type TlsAttempt } from './connect-session.js'

export interface ConnectOptions extends Partial<SessionOptions> {
  /** Sessions that `use` keeps open at most; those that `open` hands out come on top. */
  readonly sessions?: number
  /** The verb writes: a standby, a read-only user and a transaction pooler are then refused. */
  readonly writes: boolean
}

const DEFAULTS = { connectTimeoutMs: 10_000, statementTimeoutMs: 0, sessions: 3 }

export class Postgres {
  /** As people are shown it: without user and password. */
  readonly name: string
  readonly endpoint: TargetEndpoint
  readonly server: ServerFacts
  readonly #connect: () => Promise<PgSession>
  readonly #limit: number
  readonly #afterwards: () => Promise<void>
  readonly #idle: PgSession[]
  readonly #all = new Set<PgSession>()
  readonly #waiting: Array<() => void> = []
  #inUse = 0
  #isClosed = false

  constructor(
    endpoint: TargetEndpoint,
    server: ServerFacts,
    sessions: {
      readonly first: PgSession
      readonly connect: () => Promise<PgSession>
      readonly limit: number
      /** Done when everything is closed. */
      readonly afterwards?: () => Promise<void>
    },
  ) {
    this.endpoint = endpoint
    this.name = describeEndpoint(endpoint)
    this.server = server
    this.#connect = sessions.connect
    this.#limit = sessions.limit
    this.#afterwards = sessions.afterwards ?? (async () => {})
    this.#idle = [sessions.first]
    this.#all.add(sessions.first)
  }

  /** A session of the caller's own, for locks and long streams; the caller closes it. */
  async open(): Promise<PgSession> {
    const session = this.#isClosed ? null : await this.#connect()
    if (session === null || this.#isClosed) {
      // Whoever still looks ahead of a run that was stopped must not keep a session, nor the process.
      await session?.close()
      throw new Error('the target is closed')
    }
    this.#all.add(session)
    session.client.once('end', () => this.#all.delete(session))
    return session
  }

  /** Lends a session for the time of `work`; waits for a free one. Errors of the driver come through as they are. */
  async use<T>(work: (session: PgSession) => Promise<T>): Promise<T> {
    while (this.#inUse >= this.#limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#inUse += 1
    try {
      const session = this.#takeIdle() ?? (await this.open())
      try {
        return await work(session)
      } finally {
        if (session.isClean) this.#idle.push(session)
        else await session.close()
      }
    } finally {
      this.#inUse -= 1
      this.#waiting.shift()?.()
    }
  }

  /** What the driver threw, in our words. */
  failureOf(error: unknown): Failure {
    return statementFailure(error, this.endpoint)
  }

  /** For good. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#all].map((session) => session.close()))
    this.#all.clear()
    this.#idle.length = 0
    await this.#afterwards()
  }

  #takeIdle(): PgSession | undefined {
    for (;;) {
      const session = this.#idle.pop()
      if (session === undefined || session.isClean) return session
    }
  }
}

/** Connects and checks the server. Throws only failures: exit code 5 when it cannot be reached or logged in to, 2 when it does not fit. */
export async function openPostgres(endpoint: PostgresEndpoint, options: ConnectOptions): Promise<Postgres> {
  const { statementTimeoutMs, sessions: limit } = { ...DEFAULTS, ...options }
  const connectTimeoutMs = options.connectTimeoutMs ?? endpoint.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs
  const sessionOptions = { connectTimeoutMs, statementTimeoutMs }
  const { session: first, tls } = await connectOnce(endpoint, ATTEMPTS[endpoint.tls], sessionOptions)
  const connect = async () => (await connectOnce(endpoint, [tls], sessionOptions)).session
  try {
    const server = await checkServer(first, endpoint, { writes: options.writes, another: connect })
    return new Postgres(endpoint, server, { first, connect, limit })
  } catch (error) {
    await first.close()
    throw statementFailure(error, endpoint)
  }
}

/** libpq's `prefer`, its default: encrypted where the server can. */
const ATTEMPTS: Readonly<Record<PostgresEndpoint['tls'], readonly TlsAttempt[]>> = {
  off: ['off'],
  allow: ['off', 'encrypt'],
  prefer: ['encrypt', 'off'],
  encrypt: ['encrypt'],
  'verify-ca': ['verify-ca'],
  'verify-full': ['verify-full'],
}

async function connectOnce(
  endpoint: PostgresEndpoint,
  attempts: readonly TlsAttempt[],
  options: SessionOptions,
): Promise<{ session: PgSession; tls: TlsAttempt }> {
  for (const [at, tls] of attempts.entries()) {
    try {
      return { session: await openSession(endpoint, tls, options), tls }
    } catch (error) {
      if (at + 1 < attempts.length && isTlsRefused(error)) continue
      const databases = isDatabaseMissing(error) ? await databasesOf(endpoint, tls, options) : undefined
      throw connectFailure(error, endpoint, {
        connectTimeoutMs: options.connectTimeoutMs,
        ...(databases === undefined ? {} : { databases }),
      })
    }
  }
  throw new Error('no attempt was made')
}

/** Databases of the server that the user may open, asked in one that nearly every server has. */
async function databasesOf(
  endpoint: PostgresEndpoint,
  tls: TlsAttempt,
  options: SessionOptions,
): Promise<string[] | undefined> {
  for (const database of ['postgres', 'template1']) {
    try {
      const session = await openSession({ ...endpoint, database }, tls, options)
      const { rows } = await session.query<{ name: string }>(`
        SELECT datname::text AS name FROM pg_database
        WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT')
        ORDER BY datname`)
      await session.close()
      return rows.map((row) => row.name)
    } catch {
      // Not this one: the list is a kindness, the failure is told without it.
    }
  }
  return undefined
}
