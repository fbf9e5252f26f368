/** Is this a server we can work with? Asked once, before anything else is. */
import { describeEndpoint, type TargetEndpoint } from '../../model/endpoint.js'
import { Failure } from '../../model/failure.js'
import type { PgSession } from './connect-session.js'

export interface ServerFacts {
  /** `server_version_num`: 150018 is 15.18. */
  readonly version: number
  readonly user: string
  readonly database: string
  /**
   * The schema that the Python saver finds by itself, for its SQL names none: where its tables are on the search path, else where
   * new ones would go. A URL or a role may set that path.
   */
  readonly schema: string
}

interface Answer extends ServerFacts {
  readonly banner: string
  readonly encoding: string
  readonly standby: boolean
  readonly readOnly: boolean
  readonly pid: number
}

const OLDEST = 130_000

/**
 * Fails for what no verb can work with; with `writes` also for what can only be read, and for transaction poolers, behind which
 * session locks are void.
 */
export async function checkServer(
  session: PgSession,
  endpoint: TargetEndpoint,
  more: { readonly writes: boolean; readonly another: () => Promise<PgSession> },
): Promise<ServerFacts> {
  const facts = await askServer(session)
  const at = { endpoint: describeEndpoint(endpoint), user: facts.user }
  const other = /CockroachDB|-YB-|Redshift|Materialize|RisingWave/.exec(facts.banner)
  if (other !== null || !facts.banner.startsWith('PostgreSQL')) {
    const engine = other === null ? facts.banner.slice(0, 40) : other[0].replace('-YB-', 'YugabyteDB')
    throw new Failure('not-postgres', { ...at, engine })
  }
  if (facts.version < OLDEST) {
    throw new Failure('postgres-too-old', { ...at, version: versionText(facts.version) })
  }
  if (facts.encoding !== 'UTF8') throw new Failure('postgres-encoding', { ...at, encoding: facts.encoding })
  if (more.writes) {
    if (facts.standby) throw new Failure('postgres-standby', at)
    if (facts.readOnly) throw new Failure('postgres-read-only', at)
    // Only a pooler announces a process that is not the one at work.
    if (facts.pid !== session.announcedPid && (await isTransactionPooled(session, more.another))) {
      throw new Failure('transaction-pooler', at)
    }
  }
  const { version, user, database, schema } = facts
  return { version, user, database, schema }
}

/** After a server was away: another one may answer now. Throws `postgres-standby` or `postgres-read-only`. */
export async function checkWritable(session: PgSession, endpoint: TargetEndpoint): Promise<void> {
  const { standby, readOnly, user } = await askServer(session)
  const at = { endpoint: describeEndpoint(endpoint), user }
  if (standby) throw new Failure('postgres-standby', at)
  if (readOnly) throw new Failure('postgres-read-only', at)
}

async function askServer(session: PgSession): Promise<Answer> {
  const { rows } = await session.query<Answer>(`
    SELECT current_setting('server_version_num')::int AS version,
      version() AS banner,
      current_setting('server_encoding') AS encoding,
      pg_is_in_recovery() AS standby,
      current_setting('default_transaction_read_only')::bool AS "readOnly",
      pg_backend_pid() AS pid,
      current_user::text AS "user",
      current_database()::text AS database,
      coalesce(
        (SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = coalesce(to_regclass('checkpoints'), to_regclass('checkpoint_migrations'))),
        current_schema()::text, 'public') AS schema`)
  return rows[0]!
}

/**
 * Two open connections at the same process, or one that wanders between processes: only a pooler that hands out sessions by the
 * transaction does that. Five questions, because one that takes turns among two processes shows neither in four.
 */
async function isTransactionPooled(one: PgSession, another: () => Promise<PgSession>): Promise<boolean> {
  const two = await another()
  try {
    const pidsOf = { one: new Set<number>(), two: new Set<number>() }
    for (const which of ['one', 'two', 'one', 'one', 'two'] as const) {
      const { rows } = await (which === 'one' ? one : two).query<{ pid: number }>(
        'SELECT pg_backend_pid() AS pid',
      )
      pidsOf[which].add(rows[0]!.pid)
    }
    return pidsOf.one.size > 1 || pidsOf.two.size > 1 || pidsOf.two.has([...pidsOf.one][0]!)
  } finally {
    await two.close()
  }
}

/** 150018 → `15.18` */
export const versionText = (version: number): string => `${Math.floor(version / 10_000)}.${version % 10_000}`
