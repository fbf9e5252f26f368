/** What a target has of LangGraph's store, and the steps that are missing: exactly those of the official store's setup(). */
import type { StoreDialect } from '../../model/store.js'
import { qualified, quoted, type SqlSession } from '../connection/session.js'
import type { WantedTables } from '../init/ddl.js'
import { type Migrations, withSchemas } from '../init/migrations.js'
import type { InitPlan } from '../init/plan.js'
import type { Refusal } from '../init/shape.js'
import type { InitStep } from '../init/steps.js'

export interface StoreTables {
  /** Of store, store_migrations, store_vectors and vector_migrations: table → columns. */
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>
  /** Names of indexes and triggers on them. */
  readonly parts: ReadonlySet<string>
  readonly numbers: Readonly<Record<'store_migrations' | 'vector_migrations', readonly number[]>>
  /** Of pgvector, on this server; null: not there. */
  readonly vectorVersion: string | null
  readonly hasVectorExtension: boolean
  /** As a cast takes it, `vector(4)`, with the number of dimensions; null where there is no table for embeddings. */
  readonly embedding: { readonly type: string; readonly dims: number } | null
}

/** A database where nothing is yet. */
export const NO_STORE_TABLES: StoreTables = {
  columns: new Map(),
  parts: new Set(),
  numbers: { store_migrations: [], vector_migrations: [] },
  vectorVersion: '0.8',
  hasVectorExtension: false,
  embedding: null,
}

const TABLES = ['store', 'store_migrations', 'store_vectors', 'vector_migrations']

export async function readStoreTables(session: SqlSession, schema: string): Promise<StoreTables> {
  const { rows } = await session.query<{ table: string; name: string; type: string; mod: number }>(
    `SELECT c.relname::text AS table, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type, a.atttypmod AS mod
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE n.nspname = $1 AND c.relname = ANY ($2) AND c.relkind IN ('r', 'p')`,
    [schema, TABLES],
  )
  const columns = new Map<string, Set<string>>()
  for (const { table, name } of rows) columns.set(table, (columns.get(table) ?? new Set()).add(name))
  const { rows: parts } = await session.query<{ name: string }>(
    `SELECT i.relname::text AS name FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
       JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
     WHERE n.nspname = $1 AND t.relname = ANY ($2) AND x.indisvalid
     UNION ALL SELECT g.tgname::text FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid
       JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = $1 AND t.relname = ANY ($2)`,
    [schema, TABLES],
  )
  const { rows: extension } = await session.query<{ version: string | null; installed: boolean }>(
    `SELECT coalesce(installed_version, default_version) AS version, installed_version IS NOT NULL AS installed
     FROM pg_available_extensions WHERE name = 'vector'`,
  )
  const numbersOf = async (table: keyof StoreTables['numbers']): Promise<number[]> => {
    if (!columns.get(table)?.has('v')) return []
    const { rows } = await session.query<{ v: number }>(
      `SELECT v FROM ${qualified(schema, table)} ORDER BY v`,
    )
    return rows.map(({ v }) => v)
  }
  const embedding = rows.find(({ table, name }) => table === 'store_vectors' && name === 'embedding')
  return {
    columns,
    parts: new Set(parts.map(({ name }) => name)),
    numbers: {
      store_migrations: await numbersOf('store_migrations'),
      vector_migrations: await numbersOf('vector_migrations'),
    },
    vectorVersion: extension[0]?.version ?? null,
    hasVectorExtension: extension[0]?.installed ?? false,
    embedding: embedding === undefined ? null : { type: embedding.type, dims: embedding.mod },
  }
}

/** The other language's tables have the same names; embeddings need pgvector. */
export function refusalOfStore(
  { columns, vectorVersion }: StoreTables,
  { dialect, store }: Pick<WantedTables, 'dialect' | 'store'>,
): Refusal | undefined {
  if (vectorVersion === null && store != null && store.vectorDims !== null)
    return { id: 'no-pgvector', facts: {} }
  const found = columns.get('store')
  const lacking = [namespaceColumn(dialect), 'key', 'value', 'created_at', 'updated_at'].find(
    (name) => !found?.has(name),
  )
  if (found === undefined || lacking === undefined) return undefined
  return { id: 'foreign-tables', facts: { table: 'table store', evidence: `it has no column ${lacking}` } }
}

/** The savers' tables first. */
export function planWithStore(
  plan: InitPlan,
  state: StoreTables,
  wanted: WantedTables,
  migrations: Migrations,
): InitPlan {
  if (plan.refusal !== undefined || wanted.store === undefined) return plan
  const refusal = refusalOfStore(state, wanted)
  if (refusal !== undefined) return { steps: [], building: [], notes: [], refusal }
  return {
    ...plan,
    steps: [...plan.steps, ...storeSteps(state, wanted, migrations)],
    notes: plan.notes.filter((note) => !note.startsWith('store tables')),
  }
}

/** Whose tables they are; Python's where there are none. */
export const dialectOfStore = ({ columns }: StoreTables): StoreDialect =>
  columns.get('store')?.has(namespaceColumn('js')) ? 'js' : 'python'

export const namespaceColumn = (dialect: StoreDialect): string =>
  dialect === 'js' ? 'namespace_path' : 'prefix'

/** hnsw indexes came with pgvector 0.5, for at most so many dimensions; without them setup() would fail at its last step, too. */
const MAX_HNSW_DIMS = 2000

/** What init makes beside the savers' tables. */
export function storeSteps(state: StoreTables, wanted: WantedTables, migrations: Migrations): InitStep[] {
  const { dialect, schema } = wanted
  const vectorDims = wanted.store?.vectorDims ?? null
  const names = { schema, ledger: wanted.ledgerSchema }
  const isNew = !state.columns.has('store')
  const steps: InitStep[] = []
  const step = (what: string, sql: readonly string[], alone = false) =>
    steps.push({ what, why: 'missing', sql, alone, needs: needsOf(wanted) })
  const make = (set: 'store' | 'vectors', table: keyof StoreTables['numbers'], makes: Makes) => {
    const all = migrations[`${set}-${dialect}`]
    const made = all.filter(({ number }) => makes[number] !== undefined)
    if (!state.columns.has(table) && !(set === 'vectors' && dialect === 'js'))
      step(`table ${table}`, [
        `CREATE TABLE IF NOT EXISTS ${qualified(schema, table)} (v INTEGER PRIMARY KEY)`,
      ])
    for (const { number, statements } of made) {
      const { what, isThere } = makes[number]!
      if (isThere) continue
      // On a table that nobody else has seen yet CONCURRENTLY would only cost us the transaction.
      const isFresh = isNew || (set === 'vectors' && !state.columns.has('store_vectors'))
      const sql = statements.map((one) => withSchemas(one, names).replace(':dims', String(vectorDims)))
      const alone = !isFresh && sql.some((one) => one.includes(' CONCURRENTLY'))
      step(what, alone ? sql : sql.map((one) => one.replace(' CONCURRENTLY', '')), alone)
    }
    const lacking = made
      .map(({ number }) => number)
      .filter((number) => !state.numbers[table].includes(number))
    if (lacking.length === 0) return
    const values = lacking.map((number) => `(${number})`).join(', ')
    const sql = `INSERT INTO ${qualified(schema, table)} (v) VALUES ${values} ON CONFLICT DO NOTHING`
    step(`${lacking.length === 1 ? 'number' : 'numbers'} ${lacking.join(', ')} in ${table}`, [sql])
  }
  make('store', 'store_migrations', storeMakes(state, dialect))
  if (vectorDims !== null) {
    const table = dialect === 'js' ? 'store_migrations' : 'vector_migrations'
    make('vectors', table, vectorMakes(state, dialect, vectorDims))
  }
  return steps
}

type Makes = Readonly<Record<number, { readonly what: string; readonly isThere: boolean }>>

function storeMakes({ columns, parts }: StoreTables, dialect: StoreDialect): Makes {
  const store = { what: 'table store', isThere: columns.has('store') }
  const index = (name: string) => ({ what: `index ${name}`, isThere: parts.has(name) })
  if (dialect === 'python') {
    const hasExpiry = ['expires_at', 'ttl_minutes'].every((name) => columns.get('store')?.has(name))
    return {
      0: store,
      1: index('store_prefix_idx'),
      2: { what: 'columns store.expires_at and store.ttl_minutes', isThere: hasExpiry },
      3: index('idx_store_expires_at'),
    }
  }
  const indexes = ['idx_store_namespace_path', 'idx_store_value_gin', 'idx_store_expires_at']
  return {
    0: { what: 'table store_migrations', isThere: true },
    1: store,
    2: { what: 'indexes of table store', isThere: indexes.every((name) => parts.has(name)) },
    3: { what: 'trigger update_store_updated_at', isThere: parts.has('update_store_updated_at') },
  }
}

function vectorMakes(state: StoreTables, dialect: StoreDialect, dims: number): Makes {
  const first = dialect === 'js' ? 4 : 0
  const index = dialect === 'js' ? 'idx_store_vectors_embedding_cosine_hnsw' : 'store_vectors_embedding_idx'
  const [major = 0, minor = 0] = (state.vectorVersion ?? '').split('.').map(Number)
  const hasHnsw = (major > 0 || minor >= 5) && dims <= MAX_HNSW_DIMS
  return {
    [first]: { what: 'extension vector', isThere: state.hasVectorExtension },
    [first + 1]: { what: 'table store_vectors', isThere: state.columns.has('store_vectors') },
    ...(hasHnsw && { [first + 2]: { what: `index ${index}`, isThere: state.parts.has(index) } }),
  }
}

const needsOf = ({ schema, user, database }: WantedTables): InitStep['needs'] => ({
  right: `CREATE on schema ${quoted(schema)} (for the extension: on database ${quoted(database)})`,
  remedy: `Its owner can GRANT USAGE, CREATE ON SCHEMA ${quoted(schema)} TO ${quoted(user)}, or run init`,
})
