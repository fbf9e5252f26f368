/** One connection to Postgres: how it is opened, what it is set to, and how it is told that it broke. */
import { type Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ConnectionOptions, checkServerIdentity } from 'node:tls'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { PostgresEndpoint } from '../../model/endpoint.js'
import type { CopySession } from '../rows/staging.js'
import { isConnectionLost } from './errors.js'

export interface SessionOptions {
  /** Until the server has let us in. */
  readonly connectTimeoutMs: number
  /** 0 waits without limit. */
  readonly statementTimeoutMs: number
}

/** How one attempt treats TLS: libpq's `prefer` is two attempts. */
export type TlsAttempt = 'off' | 'encrypt' | 'verify-ca' | 'verify-full'

const GOODBYE_MS = 5000

export class PgSession implements CopySession {
  /** For COPY streams; statements go through `query`. */
  readonly client: pg.Client
  #brokenBy: Error | undefined

  constructor(client: pg.Client) {
    this.client = client
    // Without a listener a connection that breaks between two statements would end the process.
    client.on('error', (error) => {
      this.#brokenBy ??= error
    })
    client.on('end', () => {
      this.#brokenBy ??= new Error('Connection terminated')
    })
  }

  /** The process that the server named when it let us in; a pooler makes one up. */
  get announcedPid(): number | null {
    return (this.client as pg.Client & { readonly processID: number | null }).processID
  }

  /** Set once the connection is gone; it never comes back. */
  get brokenBy(): Error | undefined {
    return this.#brokenBy
  }

  async query<Row = Record<string, unknown>>(
    sql: string,
    parameters?: readonly unknown[],
  ): Promise<{ readonly rows: Row[] }> {
    try {
      const result = await this.client.query(sql, parameters as unknown[] | undefined)
      return { rows: result.rows as Row[] }
    } catch (error) {
      // The server says why it ends a session before the wire is closed.
      if (isConnectionLost(error)) this.#brokenBy ??= error as Error
      throw error
    }
  }

  async copyIn(sql: string, chunks: Iterable<Buffer>): Promise<void> {
    await pipeline(Readable.from(chunks), this.client.query(copyFrom(sql)))
  }

  /** The bytes of one `COPY … TO STDOUT`. Whoever stops reading before the end must close the session. */
  async *copyOut(sql: string): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* this.client.query(copyTo(sql))
    } catch (error) {
      if (isConnectionLost(error)) this.#brokenBy ??= error as Error
      throw error
    }
  }

  /** Alive, and in no transaction: whoever is next may use it. */
  get isClean(): boolean {
    return this.#brokenBy === undefined && this.client.getTransactionStatus() === 'I'
  }

  /** Never throws: what there is to lose was lost before. A server that does not take our goodbye is left without. */
  async close(): Promise<void> {
    const patience = setTimeout(() => this.abandon(), GOODBYE_MS)
    await this.client.end().catch(() => {})
    clearTimeout(patience)
  }

  /** Hangs up without a word. */
  abandon(): void {
    const { connection } = this.client as pg.Client & { readonly connection: { readonly stream: Duplex } }
    connection.stream.destroy()
  }
}

/** Opens one session, without turning errors into failures. */
export async function openSession(
  endpoint: PostgresEndpoint,
  tls: TlsAttempt,
  options: SessionOptions,
): Promise<PgSession> {
  const client = new pg.Client({
    host: endpoint.host,
    port: endpoint.port,
    database: endpoint.database,
    user: endpoint.username,
    ...(endpoint.password === undefined ? {} : { password: endpoint.password.reveal() }),
    ...(endpoint.options === undefined ? {} : { options: endpoint.options }),
    // A Unix socket has no TLS, whatever was asked for; libpq ignores it there too.
    ssl: endpoint.host.startsWith('/') ? false : tlsOptions(endpoint, tls),
    connectionTimeoutMillis: options.connectTimeoutMs,
    application_name: 'cp-migrate',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: typeParser },
  })
  const session = new PgSession(client)
  try {
    await client.connect()
    await session.query(SETTINGS, [String(options.statementTimeoutMs)])
    return session
  } catch (error) {
    // Refused in the middle of a TLS handshake, the driver would wait for an end that has come already.
    session.abandon()
    throw error
  }
}

function tlsOptions({ host, certificates }: PostgresEndpoint, tls: TlsAttempt): false | ConnectionOptions {
  if (tls === 'off') return false
  const { ca, cert, key, serverName = host } = certificates ?? {}
  return {
    rejectUnauthorized: tls !== 'encrypt',
    // Said by us: the driver would check the certificate of an address for the name "localhost".
    checkServerIdentity: (_, certificate) =>
      tls === 'verify-full' ? checkServerIdentity(serverName, certificate) : undefined,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: key.reveal() }),
  }
}

/**
 * Set after login, not in the startup packet: poolers refuse parameters they do not know. Joined with pg_settings, because older
 * servers lack some. The keep-alives let the server notice within a minute that we are gone, and free our locks. Without statistics, as
 * new tables are, the server takes our small questions for large ones: compiling them would take ten times as long as answering.
 */
const SETTINGS = `
  SELECT set_config(wanted.name, wanted.value, false)
  FROM (VALUES
    ('statement_timeout', $1),
    ('jit', 'off'),
    ('idle_session_timeout', '0'),
    ('idle_in_transaction_session_timeout', '0'),
    ('transaction_timeout', '0'),
    ('tcp_keepalives_idle', '30'),
    ('tcp_keepalives_interval', '10'),
    ('tcp_keepalives_count', '3')
  ) AS wanted (name, value)
  JOIN pg_settings USING (name)`

type Parser = (text: string) => unknown
const asText: Parser = (text) => text

/**
 * node-postgres' own reading is kept for types it reads without loss; JSON, numeric, dates and times stay text (a `Date` drops
 * microseconds, `JSON.parse` drops digits), and int8 becomes bigint.
 */
const READ_BY_DRIVER: ReadonlySet<number> = new Set([
  16, // bool
  17, // bytea
  21, // int2
  23, // int4
  26, // oid
  700, // float4
  701, // float8
  1000, // bool[]
  1001, // bytea[]
  1003, // name[]
  1005, // int2[]
  1007, // int4[]
  1009, // text[]
])
const INT8 = 20

export function typeParser(oid: number, format?: 'text' | 'binary'): Parser {
  if (oid === INT8) return BigInt
  return READ_BY_DRIVER.has(oid) ? pg.types.getTypeParser(oid, format as 'text') : asText
}
