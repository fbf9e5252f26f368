/** Names for the SQLSTATEs that decide something, and questions about an error the driver threw. */

/** Somebody else created it between our look and our statement: success, after another look. */
export const SOMEBODY_WAS_FASTER: ReadonlySet<string> = new Set([
  '23505', // unique_violation: two CREATE TABLE IF NOT EXISTS meet in pg_type, two INSERTs in checkpoint_migrations
  '42701', // duplicate_column
  '42710', // duplicate_object
  '42P06', // duplicate_schema
  '42P07', // duplicate_table, also for indexes
  'XX000', // "tuple concurrently updated": two ALTER or CREATE on one catalog row
])

/** Another transaction stands in the way: the same statement may succeed later. */
export const IN_THE_WAY: ReadonlySet<string> = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available: our lock_timeout
])

/** The server ended the session or is about to. */
export const CONNECTION_ENDED: ReadonlySet<string> = new Set([
  '25P03', // idle_in_transaction_session_timeout
  '57P01', // admin_shutdown, pg_terminate_backend
  '57P02', // crash_shutdown
  '57P05', // idle_session_timeout
])

/** The server, or the user's rights there, allow no temporary tables: a standby, a read-only default, a revoked TEMPORARY. */
export const NO_TEMPORARY: ReadonlySet<string> = new Set(['0A000', '25006', '42501'])

/** The server is up but takes nobody yet, or nobody more. */
export const STARTING = '57P03'
export const TOO_MANY_CONNECTIONS: ReadonlySet<string> = new Set(['53300', '53400'])

export const DISK_FULL = '53100'
export const OUT_OF_MEMORY = '53200'
export const STATEMENT_TIMEOUT = '57014'
export const READ_ONLY = '25006'
export const PERMISSION_DENIED = '42501'
export const DATABASE_MISSING = '3D000'
export const WRONG_PASSWORD = '28P01'
export const NOT_ADMITTED = '28000'

/** The SQLSTATE of a server's error; undefined for anything the server did not say. */
export function sqlstateOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !isSocketCode(code) ? code : undefined
}

/** Node's code where the network or the resolver failed: `ECONNREFUSED`, `ENOTFOUND`, … */
export function socketCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && isSocketCode(code) ? code : undefined
}

/** `EPIPE` and `EPERM` have five letters too; no SQLSTATE class begins with E. */
const isSocketCode = (code: string): boolean => /^E[A-Z_]{3,}/.test(code) || code.includes('_')

export function hasSqlstate(error: unknown, states: ReadonlySet<string> | string): boolean {
  const state = sqlstateOf(error)
  if (state === undefined) return false
  return typeof states === 'string' ? state === states : states.has(state)
}

/**
 * A row that Postgres refuses, whatever else happens: classes 22 (data exception) and 54 (program limit exceeded). The batch is
 * bisected down to the thread that is to blame.
 */
export function isRowRefused(error: unknown): boolean {
  const state = sqlstateOf(error)
  return state !== undefined && (state.startsWith('22') || state.startsWith('54'))
}

/** The wire broke or the server went away: what was not committed is undone, a new connection may find it back. */
export function isConnectionLost(error: unknown): boolean {
  const state = sqlstateOf(error)
  if (state !== undefined) return state.startsWith('08') || CONNECTION_ENDED.has(state)
  if (socketCodeOf(error) !== undefined) return true
  // node-postgres has no code for these two.
  return (
    error instanceof Error &&
    /^(Connection terminated|Client has encountered a connection error)/.test(error.message)
  )
}
