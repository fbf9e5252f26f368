/** Reads what a target has: tables, columns, indexes, step numbers. From the catalog, so it needs no right on the tables. */

import { qualified, type SqlSession } from '../connection/session.js'
import {
  CHECKPOINT_TABLES,
  type CheckpointTable,
  LEDGER_TABLES,
  MIGRATIONS_TABLE,
  STORE_TABLES,
} from './ddl.js'

export interface ColumnState {
  /** `text`, `jsonb`, … as Postgres writes types. */
  readonly type: string
  readonly nullable: boolean
  readonly hasDefault: boolean
  /** Null: the server's default, or a server that knows only one. */
  readonly compression: 'lz4' | 'pglz' | null
}

export interface IndexState {
  readonly table: string
  readonly columns: readonly string[]
  /** `invalid`: what a CREATE INDEX CONCURRENTLY that failed leaves behind; `building`: one that is still at work. */
  readonly health: 'valid' | 'invalid' | 'building'
}

export interface TableState {
  /** Only tables are of use; a partitioned one cannot have its indexes built concurrently. */
  readonly kind: 'table' | 'partitioned' | 'other'
  readonly owner: string
  /** As of the last ANALYZE; null where there was none. */
  readonly rowsEstimate: number | null
  readonly columns: ReadonlyMap<string, ColumnState>
  readonly primaryKey: readonly string[]
}

export interface LedgerState {
  readonly schemaExists: boolean
  /** Steps applied; empty where there is no ledger. */
  readonly numbers: readonly number[]
  /** Relations that stand under names the ledger uses. */
  readonly tables: readonly string[]
}

export interface TargetState {
  readonly schemaExists: boolean
  readonly tables: ReadonlyMap<CheckpointTable, TableState>
  /** By name, of the whole schema's indexes on these tables and of any under a name that LangGraph uses. */
  readonly indexes: ReadonlyMap<string, IndexState>
  /** What checkpoint_migrations says is applied. */
  readonly numbers: readonly number[]
  readonly storeTables: readonly string[]
  /** Methods this server can compress columns with; empty before Postgres 14. */
  readonly compressions: readonly string[]
  readonly ledger: LedgerState
}

/** A new database: a schema public, and nothing in it. */
export const EMPTY_TARGET: TargetState = {
  schemaExists: true,
  tables: new Map(),
  indexes: new Map(),
  numbers: [],
  storeTables: [],
  compressions: ['pglz', 'lz4'],
  ledger: { schemaExists: false, numbers: [], tables: [] },
}

/** Needs SELECT on checkpoint_migrations and ledger_migrations where they exist. */
export async function readTarget(
  session: SqlSession,
  schema: string,
  ledgerSchema: string,
): Promise<TargetState> {
  const relations = await readRelations(session, schema)
  const indexes = await readIndexes(session, schema)
  const columns = await readColumns(session, schema)
  const tables = new Map<CheckpointTable, TableState>()
  for (const name of CHECKPOINT_TABLES) {
    const relation = relations.find((one) => one.name === name)
    if (relation === undefined) continue
    tables.set(name, {
      kind: relation.kind === 'r' ? 'table' : relation.kind === 'p' ? 'partitioned' : 'other',
      owner: relation.owner,
      rowsEstimate: relation.rows < 0 ? null : relation.rows,
      columns: new Map(
        columns.filter((one) => one.table === name).map(({ name: column, ...state }) => [column, state]),
      ),
      primaryKey: indexes.find((one) => one.table === name && one.isPrimary)?.columns ?? [],
    })
  }
  const hasNumbers = tables.get(MIGRATIONS_TABLE)?.columns.has('v') ?? false
  return {
    schemaExists: await hasSchema(session, schema),
    tables,
    indexes: new Map(indexes.map(({ name, isPrimary: _, ...state }) => [name, state])),
    numbers: hasNumbers ? await readNumbers(session, qualified(schema, MIGRATIONS_TABLE)) : [],
    storeTables: STORE_TABLES.filter((name) => relations.some((one) => one.name === name)),
    compressions: await readCompressions(session),
    ledger: await readLedger(session, ledgerSchema),
  }
}

interface RelationRow {
  readonly name: string
  readonly kind: string
  readonly owner: string
  readonly rows: number
}

const readRelations = (session: SqlSession, schema: string) =>
  rowsOf<RelationRow>(
    session,
    `SELECT c.relname::text AS name, c.relkind::text AS kind, pg_get_userbyid(c.relowner)::text AS owner,
       c.reltuples::float8 AS rows
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = ANY ($2) AND c.relkind NOT IN ('i', 'I', 't', 'c')`,
    [schema, [...CHECKPOINT_TABLES, ...STORE_TABLES]],
  )

// attcompression exists from Postgres 14 on: read through to_jsonb, the statement is the same for all.
const readColumns = (session: SqlSession, schema: string) =>
  rowsOf<ColumnState & { readonly table: string; readonly name: string }>(
    session,
    `SELECT c.relname::text AS table, a.attname::text AS name, format_type(a.atttypid, NULL) AS type,
       NOT a.attnotnull AS nullable, (a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '') AS "hasDefault",
       CASE to_jsonb(a) ->> 'attcompression' WHEN 'l' THEN 'lz4' WHEN 'p' THEN 'pglz' END AS compression
     FROM pg_attribute a
     JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = ANY ($2) AND a.attnum > 0 AND NOT a.attisdropped
     ORDER BY a.attnum`,
    [schema, CHECKPOINT_TABLES],
  )

// A build in progress is not valid yet either. Who may not see which index another session builds (index_relid is null then)
// takes any build in this database for this one: waiting a little is harmless, dropping a half-built index is not.
const readIndexes = (session: SqlSession, schema: string) =>
  rowsOf<IndexState & { readonly name: string; readonly isPrimary: boolean }>(
    session,
    `SELECT i.relname::text AS name, t.relname::text AS table, x.indisprimary AS "isPrimary",
       ARRAY(SELECT coalesce(a.attname::text, '(expression)')
             FROM unnest(x.indkey::int2[]) WITH ORDINALITY AS k (attnum, at)
             LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum AND k.attnum > 0
             ORDER BY k.at) AS columns,
       CASE WHEN x.indisvalid AND x.indisready THEN 'valid'
            WHEN EXISTS (SELECT 1 FROM pg_stat_progress_create_index p
                         WHERE p.datname = current_database() AND p.pid <> pg_backend_pid()
                           AND (p.index_relid IS NULL OR p.index_relid = x.indexrelid)) THEN 'building'
            ELSE 'invalid' END AS health
     FROM pg_index x
     JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
     JOIN pg_namespace n ON n.oid = i.relnamespace
     WHERE n.nspname = $1 AND (t.relname = ANY ($2) OR i.relname LIKE 'checkpoint%\\_thread\\_id\\_idx')`,
    [schema, CHECKPOINT_TABLES],
  )

async function hasSchema(session: SqlSession, schema: string): Promise<boolean> {
  const rows = await rowsOf(session, 'SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])
  return rows.length > 0
}

async function readNumbers(session: SqlSession, table: string): Promise<number[]> {
  const rows = await rowsOf<{ v: number }>(session, `SELECT v FROM ${table} ORDER BY v`, [])
  return rows.map((row) => row.v)
}

/** The setting that names them came with the feature, and lists only what was built in. */
async function readCompressions(session: SqlSession): Promise<string[]> {
  const rows = await rowsOf<{ methods: string[] }>(
    session,
    `SELECT enumvals AS methods FROM pg_settings WHERE name = 'default_toast_compression'`,
    [],
  )
  return rows[0]?.methods ?? []
}

/** Which steps of the ledger are there. */
export async function readLedger(session: SqlSession, schema: string): Promise<LedgerState> {
  const rows = await rowsOf<{ name: string; numbered: boolean }>(
    session,
    `SELECT c.relname::text AS name,
       EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'applied_at') AS numbered
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = ANY ($2)`,
    [schema, LEDGER_TABLES],
  )
  const isOurs = rows.some((row) => row.name === 'ledger_migrations' && row.numbered)
  return {
    schemaExists: await hasSchema(session, schema),
    numbers: isOurs ? await readNumbers(session, qualified(schema, 'ledger_migrations')) : [],
    tables: rows.map((row) => row.name),
  }
}

async function rowsOf<Row>(session: SqlSession, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
  return (await session.query<Row>(sql, parameters)).rows
}
