/** A session-level advisory lock that is polled: a session that waited inside it would deadlock with CREATE INDEX CONCURRENTLY. */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SqlSession } from './session.js'

/** Postgres keeps advisory locks per database, so the names need only tell purpose and schema. */
export const advisoryKeyOf = (purpose: string, schema: string): bigint =>
  createHash('sha256').update(`cp-migrate\0${purpose}\0${schema}`).digest().readBigInt64BE()

export interface AdvisoryHolder {
  readonly pid: number
  readonly application: string
  /** Empty for a Unix socket, or where the user may not see it. */
  readonly client: string
}

/** Takes the lock for as long as the session lives, or until it is released; false where another session has it. */
export async function tryAdvisoryLock(session: SqlSession, key: bigint): Promise<boolean> {
  const { rows } = await session.query<{ taken: boolean }>(
    'SELECT pg_try_advisory_lock($1::bigint) AS taken',
    [key],
  )
  return rows[0]!.taken
}

/** Asks again every `pollMs` until `waitMs` have passed. Between two questions the session holds no snapshot. */
export async function pollAdvisoryLock(
  session: SqlSession,
  key: bigint,
  { waitMs, pollMs = 200, signal }: { waitMs: number; pollMs?: number; signal?: AbortSignal },
): Promise<boolean> {
  for (const until = Date.now() + waitMs; ; ) {
    if (await tryAdvisoryLock(session, key)) return true
    if (Date.now() >= until) return false
    await sleep(pollMs)
    signal?.throwIfAborted()
  }
}

export async function releaseAdvisoryLock(session: SqlSession, key: bigint): Promise<void> {
  await session.query('SELECT pg_advisory_unlock($1::bigint)', [key])
}

/** Who has it; undefined where nobody has, or has no longer. */
export async function advisoryHolderOf(
  session: SqlSession,
  key: bigint,
): Promise<AdvisoryHolder | undefined> {
  const { rows } = await session.query<AdvisoryHolder>(
    `SELECT l.pid, coalesce(a.application_name, '') AS application, coalesce(host(a.client_addr), '') AS client
     FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.classid::bigint << 32) | l.objid::bigint = $1::bigint`,
    [key],
  )
  return rows[0]
}
