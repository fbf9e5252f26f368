/** Whether a target has the tables and the ledger that migrate writes into, in the shape of today. */
import { Failure } from '../model/failure.js'
import type { Postgres } from '../target/connection/connect.js'
import { versionText } from '../target/connection/connect-checks.js'
import { readMigrations } from '../target/init/migrations.js'
import { readLedger, readTarget } from '../target/init/schema.js'
import { refusalOfTables } from '../target/init/shape.js'
import { tableSteps } from '../target/init/steps.js'

/**
 * What init would still have to make before rows of that dialect fit: `table checkpoints`, `column checkpoint_writes.task_path`. Throws
 * the failure of tables that are not the full saver's.
 */
export async function lackingTables(
  postgres: Postgres,
  wanted: {
    readonly schema: string
    readonly ledgerSchema: string
    readonly dialect: 'python' | 'js'
  },
): Promise<string[]> {
  const migrations = await readMigrations()
  const state = await postgres
    .use((session) => readTarget(session, wanted.schema, wanted.ledgerSchema))
    .catch((error) => {
      throw postgres.failureOf(error)
    })
  const refusal = refusalOfTables(state)
  if (refusal !== undefined) {
    const version = versionText(postgres.server.version)
    const facts = { endpoint: postgres.name, schema: wanted.schema, version, ...refusal.facts }
    throw new Failure<typeof refusal.id>(refusal.id, facts as never)
  }
  const { user, database } = postgres.server
  const steps = tableSteps(
    state,
    { ...wanted, deferIndexes: false, user, database },
    migrations[`langgraph-${wanted.dialect}`],
  )
  const tables = steps.map(({ what }) => what).filter((what) => what.startsWith('table '))
  // What an older table lacks is worth naming only where the tables are there.
  return tables.length > 0 ? tables : steps.map(({ what }) => what)
}

/**
 * Throws `tables-missing` where rows of that dialect cannot be read; without a dialect only where a whole table is missing. Else as
 * `lackingTables`.
 */
export async function requireTables(
  postgres: Postgres,
  {
    dialect = null,
    flags = '',
    ...wanted
  }: {
    readonly schema: string
    readonly ledgerSchema: string
    readonly dialect?: 'python' | 'js' | null
    readonly flags?: string
  },
): Promise<void> {
  const all = await lackingTables(postgres, { ...wanted, dialect: dialect ?? 'js' })
  const needed = dialect === null ? /^table / : /^(table|column) /
  const lacking = all.filter((what) => needed.test(what)).join(', ')
  const { schema } = wanted
  if (lacking !== '') throw new Failure('tables-missing', { endpoint: postgres.name, schema, lacking, flags })
}

/**
 * True where the ledger is there in the shape of today; false where it is missing or older, which init cures. Throws `ledger-newer` where
 * a newer cp-migrate has made it.
 */
export async function hasLedger(postgres: Postgres, ledgerSchema: string): Promise<boolean> {
  const { ledger } = await readMigrations()
  const known = Math.max(...ledger.map(({ number }) => number))
  const { numbers } = await postgres
    .use((session) => readLedger(session, ledgerSchema))
    .catch((error) => {
      throw postgres.failureOf(error)
    })
  const found = Math.max(0, ...numbers)
  if (found > known) {
    throw new Failure('ledger-newer', { endpoint: postgres.name, schema: ledgerSchema, found, known })
  }
  return ledger.every(({ number }) => numbers.includes(number))
}
