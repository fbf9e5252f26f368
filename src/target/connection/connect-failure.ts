/** Turns what went wrong while connecting or running a statement into a failure that says what to do. */
import { describeEndpoint, type PostgresEndpoint, type TargetEndpoint } from '../../model/endpoint.js'
import { Failure } from '../../model/failure.js'
import {
  DATABASE_MISSING,
  DISK_FULL,
  hasSqlstate,
  isConnectionLost,
  NOT_ADMITTED,
  OUT_OF_MEMORY,
  PERMISSION_DENIED,
  READ_ONLY,
  STARTING,
  STATEMENT_TIMEOUT,
  socketCodeOf,
  sqlstateOf,
  TOO_MANY_CONNECTIONS,
  WRONG_PASSWORD,
} from './errors.js'
import { quoted } from './session.js'

/** Words that node-postgres uses where it has no code. */
const SAYS = {
  noTls: /server does not support SSL/,
  noPassword: /client password must be a (non-empty )?string/,
  timeout: /^timeout expired/,
  noCertificate:
    /client certificate|certificate authentication failed|alert unknown ca|certificate required/i,
} as const

/** `prefer` goes on without encryption: the server has none, or its rules admit this user only without. */
export const isTlsRefused = (error: unknown): boolean =>
  error instanceof Error && (SAYS.noTls.test(error.message) || hasSqlstate(error, NOT_ADMITTED))

export const isDatabaseMissing = (error: unknown): boolean => hasSqlstate(error, DATABASE_MISSING)

/** `databases`: those the user may open, where that could be found out. */
export function connectFailure(
  error: unknown,
  endpoint: PostgresEndpoint,
  about: { readonly connectTimeoutMs: number; readonly databases?: readonly string[] },
): Failure {
  if (error instanceof Failure) return error
  const at = { endpoint: describeEndpoint(endpoint), user: endpoint.username }
  const problem = problemOf(error)
  const state = sqlstateOf(error)
  const code = socketCodeOf(error)
  if (state === DATABASE_MISSING) {
    const databases = about.databases?.join(', ') || 'unknown (none could be opened to ask)'
    return new Failure('database-missing', { ...at, database: endpoint.database, databases }, error)
  }
  if (state === WRONG_PASSWORD) {
    const id = endpoint.password === undefined ? 'postgres-no-password' : 'postgres-password'
    return new Failure(id, at, error)
  }
  if (SAYS.noPassword.test(problem)) return new Failure('postgres-no-password', at, error)
  if (SAYS.noCertificate.test(problem)) {
    return new Failure('postgres-certificate-wanted', { ...at, problem }, error)
  }
  if (state === NOT_ADMITTED || state === PERMISSION_DENIED) {
    return new Failure('postgres-not-admitted', { ...at, problem }, error)
  }
  if (hasSqlstate(error, TOO_MANY_CONNECTIONS)) return new Failure('postgres-full', at, error)
  if (state === STARTING) return new Failure('postgres-starting', { ...at, problem }, error)
  // A session writes a file before it says a word.
  if (state === DISK_FULL) return new Failure('disk-full', { ...at, problem }, error)
  if (state === OUT_OF_MEMORY) return new Failure('memory-full', { ...at, problem }, error)
  if (SAYS.noTls.test(problem)) return new Failure('postgres-without-tls', at, error)
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return new Failure('postgres-refused', at, error)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return new Failure('postgres-unknown-host', { ...at, host: endpoint.host }, error)
  }
  if (SAYS.timeout.test(problem) || code === 'ETIMEDOUT') {
    return new Failure('postgres-no-answer', { ...at, seconds: about.connectTimeoutMs / 1000 }, error)
  }
  if (code !== undefined && /CERT|SIGNED|ISSUER|VERIFY/.test(code)) {
    return new Failure('postgres-certificate', { ...at, problem }, error)
  }
  return new Failure('postgres-unreachable', { ...at, problem }, error)
}

/** For a statement that failed on an open session, where the caller knows nothing better to say. */
export function statementFailure(error: unknown, endpoint: TargetEndpoint): Failure {
  if (error instanceof Failure) return error
  const at = { endpoint: describeEndpoint(endpoint), user: endpoint.username }
  const problem = problemOf(error)
  const state = sqlstateOf(error)
  if (isConnectionLost(error)) return new Failure('postgres-lost', { ...at, problem }, error)
  if (state === undefined) return new Failure('unexpected', { message: problem }, error)
  if (state === PERMISSION_DENIED) {
    return new Failure('statement-denied', { ...at, problem, grant: grantFor(problem, at.user) }, error)
  }
  if (state === READ_ONLY) return new Failure('postgres-read-only', at, error)
  if (state === STATEMENT_TIMEOUT) return new Failure('statement-timeout', { ...at, problem }, error)
  if (state === DISK_FULL) return new Failure('disk-full', { ...at, problem }, error)
  if (state === OUT_OF_MEMORY) return new Failure('memory-full', { ...at, problem }, error)
  // Class 22 is about a value, and its message may quote it.
  const shown = state.startsWith('22') ? 'a value does not fit its column' : problem
  return new Failure('postgres-error', { ...at, problem: shown, sqlstate: state }, error)
}

/** What an owner has to say, by what Postgres denied (in English; other languages get the general answer). */
const GRANTS: readonly (readonly [denied: RegExp, grant: string])[] = [
  [/denied for (?:table|view|relation) (.+)$/, 'GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE'],
  [/denied for sequence (.+)$/, 'GRANT USAGE ON SEQUENCE'],
  [/denied for schema (.+)$/, 'GRANT USAGE ON SCHEMA'],
  [/denied to create temporary tables in database "(.+)"$/, 'GRANT TEMPORARY ON DATABASE'],
]

function grantFor(problem: string, user: string): string {
  for (const [denied, grant] of GRANTS) {
    const name = denied.exec(problem)?.[1]
    if (name !== undefined) return `${grant} ${name} TO ${quoted(user)}`
  }
  return 'tables and ledger need SELECT, INSERT, UPDATE and DELETE, their schemas USAGE, the database TEMPORARY'
}

/** An AggregateError (one address family after the other) has no message of its own. */
function problemOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((one) => (one instanceof Error ? one.message : String(one))).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}
