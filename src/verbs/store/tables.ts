/** The tables that store items go into, found ready or refused. */
import { Failure } from '../../model/failure.js'
import type { StoreDialect } from '../../model/store.js'
import type { Postgres } from '../../target/connection/connect.js'
import { versionText } from '../../target/connection/connect-checks.js'
import type { StoreTarget } from '../../target/store/rows.js'
import { dialectOfStore, readStoreTables, refusalOfStore } from '../../target/store/tables.js'

/** Without a dialect that of the tables. Throws `foreign-tables` and, unless they may be missing, `tables-missing`; null then. */
export async function openStoreTables(
  { postgres, schema }: { readonly postgres: Postgres; readonly schema: string },
  {
    dialect: given,
    flags,
    mayLack,
  }: { readonly dialect: StoreDialect | null; readonly flags: string; readonly mayLack: boolean },
): Promise<(StoreTarget & { readonly postgres: Postgres }) | null> {
  const tables = await postgres.use((session) => readStoreTables(session, schema))
  const endpoint = postgres.name
  const dialect = given ?? dialectOfStore(tables)
  const refusal = refusalOfStore(tables, { dialect })
  if (refusal !== undefined) {
    const version = versionText(postgres.server.version)
    throw new Failure(refusal.id, { endpoint, schema, version, ...refusal.facts } as never)
  }
  const columns = tables.columns.get('store')
  if (columns?.has('expires_at') && (dialect === 'js' || columns.has('ttl_minutes'))) {
    return { postgres, schema, dialect, embedding: tables.embedding }
  }
  if (mayLack) return null
  const lacking = columns === undefined ? 'table store' : 'columns of table store'
  const language = dialect === 'js' ? ' --dialect js' : ''
  throw new Failure('tables-missing', {
    endpoint,
    schema,
    lacking,
    flags: `${flags}${language} --include store`,
  })
}
