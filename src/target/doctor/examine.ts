/** What `doctor` asks Postgres beyond the tables: rights, connections, sizes, rows. Changes nothing. */
import { quoted, type SqlSession } from '../connection/session.js'

export interface PostgresHealth {
  readonly isAllowed: {
    /** Make a schema in this database. */
    readonly schema: boolean
    /** Make tables in the schema; null where there is no such schema. */
    readonly tables: boolean | null
    readonly temporary: boolean
  }
  /** Rights that lack on tables that are there: `SELECT, INSERT`. */
  readonly lacking: readonly { readonly table: string; readonly rights: string }[]
  readonly connections: { readonly free: number; readonly limit: number }
  readonly databaseBytes: number
  /** Empty where the user may not know. */
  readonly dataDirectory: string
  /** Rows of checkpoints, counted up to a limit; null where it may not be read. */
  readonly checkpoints: { readonly count: number; readonly isAll: boolean } | null
}

const COUNTED_ROWS = 10_000

export async function examinePostgres(
  session: SqlSession,
  schema: string,
  tables: readonly string[],
): Promise<PostgresHealth> {
  const [may] = await rowsOf<{ schema: boolean; tables: boolean | null; temporary: boolean }>(
    session,
    `SELECT has_database_privilege(current_database(), 'CREATE') AS schema,
       has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
       (SELECT has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE')
        FROM pg_namespace WHERE nspname = $1) AS tables`,
    [schema],
  )
  const lacking = await rowsOf<{ table: string; rights: string }>(
    session,
    `SELECT c.relname::text AS "table", string_agg(r.name, ', ' ORDER BY r.at) AS rights
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) WITH ORDINALITY AS r (name, at)
     WHERE n.nspname = $1 AND c.relname = ANY ($2) AND NOT has_table_privilege(c.oid, r.name)
       AND NOT (c.relname = 'checkpoint_migrations' AND r.name <> 'SELECT')
     GROUP BY c.relname`,
    [schema, tables],
  )
  const [facts] = await rowsOf<{ free: number; limit: number; bytes: string; directory: string | null }>(
    session,
    // Who may not read a setting finds no row of it. Reserved slots are no use to us.
    `SELECT least(
         limits.server - (SELECT sum(numbackends) FROM pg_stat_database),
         CASE WHEN d.datconnlimit < 0 THEN limits.server ELSE d.datconnlimit - s.numbackends END)::int AS free,
       limits.server::int AS limit, pg_database_size(d.oid)::text AS bytes,
       (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS directory
     FROM pg_database d JOIN pg_stat_database s ON s.datid = d.oid,
       (SELECT sum(CASE name WHEN 'max_connections' THEN setting::int ELSE -setting::int END) AS server
        FROM pg_settings
        WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')) AS limits
     WHERE d.datname = current_database()`,
  )
  const mayCount = tables.includes('checkpoints') && !lacking.some(isUnreadable)
  return {
    isAllowed: { schema: may!.schema, tables: may!.tables, temporary: may!.temporary },
    lacking,
    connections: { free: facts!.free, limit: facts!.limit },
    databaseBytes: Number(facts!.bytes),
    dataDirectory: facts!.directory ?? '',
    checkpoints: mayCount ? await countCheckpoints(session, schema) : null,
  }
}

const isUnreadable = ({ table, rights }: { table: string; rights: string }): boolean =>
  table === 'checkpoints' && rights.includes('SELECT')

async function countCheckpoints(session: SqlSession, schema: string) {
  const [row] = await rowsOf<{ count: number }>(
    session,
    `SELECT count(*)::int AS count
     FROM (SELECT 1 FROM ${quoted(schema)}.checkpoints LIMIT ${COUNTED_ROWS}) AS counted`,
  )
  return { count: row!.count, isAll: row!.count < COUNTED_ROWS }
}

async function rowsOf<Row>(
  session: SqlSession,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  return (await session.query<Row>(sql, parameters)).rows
}
