/** A session on a Postgres in this process: the driver speaks through a wire that never leaves it, and COPY takes its bytes whole. */
import pg from 'pg'
import { PgSession, typeParser } from '../connection/connect-session.js'
import type { Turns } from './turns.js'
import { Wire } from './wire.js'

/** What we need of PGlite; its package is loaded only where it is used. */
export interface Embedded {
  execProtocolRaw(messages: Uint8Array, options?: { readonly syncToFs?: boolean }): Promise<Uint8Array>
  query(
    sql: string,
    parameters?: unknown[],
    options?: { readonly blob?: Blob },
  ): Promise<{ readonly blob?: Blob }>
  isInTransaction(): boolean
  close(): Promise<void>
}

const COPY_PIECE_BYTES = 256 * 1024

export class EmbeddedSession extends PgSession {
  readonly #embedded: Embedded
  readonly #turns: Turns
  readonly #wire: Wire

  private constructor(embedded: Embedded, turns: Turns, wire: Wire) {
    super(
      new pg.Client({
        user: 'postgres',
        database: 'postgres',
        host: 'pglite',
        password: '',
        ssl: false,
        application_name: 'cp-migrate',
        stream: () => wire,
        types: { getTypeParser: typeParser },
      } as pg.ClientConfig),
    )
    this.#embedded = embedded
    this.#turns = turns
    this.#wire = wire
  }

  static async open(embedded: Embedded, turns: Turns): Promise<EmbeddedSession> {
    const wire = new Wire({ exchange: (messages) => embedded.execProtocolRaw(messages) }, turns)
    const session = new EmbeddedSession(embedded, turns, wire)
    await session.client.connect()
    return session
  }

  /** Streamed COPY breaks inside; its own COPY from a blob takes the same bytes. */
  override async copyIn(sql: string, chunks: Iterable<Buffer>): Promise<void> {
    const blob = new Blob([...chunks].map((chunk) => Uint8Array.from(chunk)))
    await this.#copy(sql.replace(/\bFROM STDIN\b/, `FROM '/dev/blob'`), { blob })
  }

  override async *copyOut(sql: string): AsyncGenerator<Buffer, void, undefined> {
    const { blob } = await this.#copy(sql.replace(/\bTO STDOUT\b/, `TO '/dev/blob'`))
    for (let at = 0; at < (blob?.size ?? 0); at += COPY_PIECE_BYTES) {
      yield Buffer.from(await blob!.slice(at, at + COPY_PIECE_BYTES).arrayBuffer())
    }
  }

  /** On this session's turn, inside its transaction if it has one. */
  #copy(sql: string, options: { readonly blob?: Blob } = {}): Promise<{ readonly blob?: Blob }> {
    return this.#turns.take(this.#wire, async () => ({
      result: await this.#embedded.query(sql, [], options),
      keeps: this.#embedded.isInTransaction(),
    }))
  }
}
