/**
 * One writer per database and schema: an advisory lock that a session of its own holds, and a token in the table `lease` that every
 * transaction which writes to the ledger asks for. The lock keeps a second run out; the token stops a first one that lost the lock.
 */
import { hostname } from 'node:os'
import { Failure } from '../../model/failure.js'
import {
  advisoryHolderOf,
  advisoryKeyOf,
  pollAdvisoryLock,
  tryAdvisoryLock,
} from '../connection/advisory-lock.js'
import type { Postgres } from '../connection/connect.js'
import type { PgSession } from '../connection/connect-session.js'
import { hasSqlstate } from '../connection/errors.js'
import { inTransaction, qualified, type SqlSession } from '../connection/session.js'
import { Fence } from './fence.js'
import { holderText, readHolder } from './holder.js'

export interface LeaseRequest {
  /** The target's schema: the lock is per database and schema, whatever ledger is used. */
  readonly schema: string
  readonly ledgerSchema: string
  /** `migrate`, `verify`, …: what a second holder is told. */
  readonly verb: string
  /** How long batches of a holder that is gone may still be at work. */
  readonly takeoverTimeoutMs: number
  readonly signal?: AbortSignal
}

/** A process that has just died keeps its lock until the server notices: soon, where its socket was closed for it. */
const LOCK_WAIT_MS = 1500
const BEAT_EVERY_MS = 10_000
const LOCK_TIMEOUT = '55P03'

/**
 * Takes the lock, then changes the token, which waits for batches in flight. Throws `target-locked` (exit 11) with the holder's verb, pid,
 * host and time; `takeover-timeout` when a former holder's batch does not end in time; otherwise the driver's errors.
 */
export async function takeLease(postgres: Postgres, request: LeaseRequest): Promise<Lease> {
  const session = await postgres.open()
  try {
    const key = lockKeyOf(request.schema)
    const { signal } = request
    if (!(await pollAdvisoryLock(session, key, { waitMs: LOCK_WAIT_MS, ...(signal && { signal }) }))) {
      throw await lockedFailure(session, postgres, request)
    }
    const token = await nextToken(session, postgres, request)
    return new Lease(postgres, request, session, token)
  } catch (error) {
    await session.close()
    throw error
  }
}

const lockKeyOf = (schema: string): bigint => advisoryKeyOf('target', schema)

export class Lease {
  readonly #fence: Fence
  readonly #postgres: Postgres
  readonly #request: LeaseRequest
  #session: PgSession
  #backendPid: number | null
  #released = false
  #renewing: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout

  constructor(postgres: Postgres, request: LeaseRequest, session: PgSession, token: bigint) {
    this.#postgres = postgres
    this.#request = request
    this.#session = session
    this.#backendPid = session.announcedPid
    this.#fence = new Fence({ ...request, endpoint: postgres.name, token })
    // A lock that was lost is taken back at once where nobody else has it; where somebody has, the fence tells.
    const beatOrRenew = () => this.beat().catch(() => this.renew().catch(() => {}))
    this.#timer = setInterval(() => void beatOrRenew(), BEAT_EVERY_MS)
    this.#timer.unref()
  }

  get token(): bigint {
    return this.#fence.token
  }

  /** See `Fence`. */
  fence(session: SqlSession): Promise<string> {
    return this.#fence.pass(session)
  }

  /** Says that we are alive; for people who look, nothing is decided by it. Comes by itself every ten seconds. */
  async beat(): Promise<void> {
    const { schema, ledgerSchema } = this.#request
    await this.#session.query(
      `INSERT INTO ${qualified(ledgerSchema, 'heartbeats')} AS h (target_schema, token) VALUES ($1, $2::bigint)
       ON CONFLICT (target_schema) DO UPDATE SET token = $2::bigint, beat_at = clock_timestamp()`,
      [schema, this.token],
    )
  }

  /** After the server was away: holds the lock again, on another session, if nobody has taken over meanwhile. */
  renew(): Promise<void> {
    if (this.#session.brokenBy === undefined) return Promise.resolve()
    // Several may notice at once; two attempts would take each other for a stranger.
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #renew(): Promise<void> {
    const { schema, ledgerSchema } = this.#request
    const key = lockKeyOf(schema)
    const session = await this.#postgres.open()
    try {
      if (!(await tryAdvisoryLock(session, key))) await this.#endOwnGhost(session, key)
      if (!(await pollAdvisoryLock(session, key, { waitMs: LOCK_WAIT_MS })))
        throw await this.#fence.lost(session)
      const { rows } = await session.query<{ token: bigint }>(
        `UPDATE ${qualified(ledgerSchema, 'lease')} SET backend_pid = pg_backend_pid()
         WHERE target_schema = $1 AND token = $2::bigint RETURNING token`,
        [schema, this.token],
      )
      if (rows.length === 0) throw await this.#fence.lost(session)
    } catch (error) {
      await session.close()
      throw error
    }
    if (this.#released) return session.close()
    this.#session = session
    this.#backendPid = session.announcedPid
  }

  /** Gives the lock back. Never throws: the end of the session frees it in any case. */
  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    clearInterval(this.#timer)
    await this.#session.close()
  }

  /** Where the wire broke and the server has not noticed, the lock's holder is our own former session. */
  async #endOwnGhost(session: SqlSession, key: bigint): Promise<void> {
    const holder = await advisoryHolderOf(session, key)
    if (holder === undefined || holder.pid !== this.#backendPid) return
    await session.query('SELECT pg_terminate_backend($1::int)', [holder.pid])
  }
}

/** True while some process holds the lock of that schema. */
export async function isLocked(session: SqlSession, schema: string): Promise<boolean> {
  return (await advisoryHolderOf(session, lockKeyOf(schema))) !== undefined
}

async function lockedFailure(
  session: SqlSession,
  postgres: Postgres,
  request: LeaseRequest,
): Promise<Failure> {
  const holder = await readHolder(session, request)
  return new Failure('target-locked', {
    endpoint: postgres.name,
    schema: request.schema,
    // Another ledger schema for the same target has its holder in another table.
    holder: holder === undefined ? 'another cp-migrate' : holderText(holder),
  })
}

/**
 * A new token: everyone who holds an older one fails at the fence. The first one is made from the time, so that a ledger which was
 * dropped and made again never repeats a token.
 */
async function nextToken(session: PgSession, postgres: Postgres, request: LeaseRequest): Promise<bigint> {
  const { schema, ledgerSchema, verb, takeoverTimeoutMs } = request
  try {
    return await inTransaction(session, async () => {
      await session.query(
        `SET LOCAL lock_timeout = ${Math.ceil(takeoverTimeoutMs)}; SET LOCAL synchronous_commit = on`,
      )
      const { rows } = await session.query<{ token: bigint }>(
        `INSERT INTO ${qualified(ledgerSchema, 'lease')} AS l (target_schema, token, verb, pid, host, backend_pid)
         VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, $2, $3, $4, pg_backend_pid())
         ON CONFLICT (target_schema) DO UPDATE SET token = greatest(l.token + 1, excluded.token), verb = excluded.verb,
           pid = excluded.pid, host = excluded.host, backend_pid = excluded.backend_pid, since = clock_timestamp()
         RETURNING token`,
        [schema, verb, process.pid, hostname()],
      )
      return rows[0]!.token
    })
  } catch (error) {
    if (!hasSqlstate(error, LOCK_TIMEOUT)) throw error
    const seconds = Math.round(takeoverTimeoutMs / 1000)
    throw new Failure('takeover-timeout', { endpoint: postgres.name, schema, seconds }, error)
  }
}
