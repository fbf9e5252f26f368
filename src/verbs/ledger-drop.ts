/** Removes the ledger: what runs remember is gone, their rows stay and count as anybody's. A plan unless it is told to act. */
import { Failure } from '../model/failure.js'
import type { LedgerDropReport } from '../model/ledger-drop-report.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import type { Postgres } from '../target/connection/connect.js'
import { inTransaction, qualified, quoted, type SqlSession } from '../target/connection/session.js'
import { LEDGER_TABLES } from '../target/init/ddl.js'
import type { Lease } from '../target/ledger/lease.js'
import { ledgerBytes } from '../target/ledger/run-totals.js'
import { disownedBy } from '../target/ledger/runs.js'

export interface LedgerDropRequest {
  readonly postgres: Postgres
  readonly ledgerSchema: string
  readonly to: EndpointNote
  /** Of every schema that the ledger knows: nobody may be writing to it. Empty: only a plan. */
  readonly leases: readonly Lease[]
}

/** Throws `purge-unfinished` where a purge could not be finished without the ledger. */
export async function dropLedger(request: LedgerDropRequest): Promise<LedgerDropReport> {
  const { postgres, ledgerSchema, to, leases } = request
  try {
    return await postgres.use(async (session) => {
      const { threads, first, purging } = await disownedBy(session, ledgerSchema)
      const bytes = await ledgerBytes(session, ledgerSchema)
      const acts = leases.length > 0
      if (acts) {
        if (purging > 0) throw new Failure('purge-unfinished', { threads: purging })
        await dropTables(session, ledgerSchema, leases)
      }
      return {
        schemaVersion: REPORT_SCHEMA_VERSION,
        command: 'ledger drop',
        planOnly: !acts,
        target: to,
        ledgerSchema,
        disowned: { threads, first, purging },
        bytes,
      }
    })
  } catch (error) {
    throw error instanceof Failure ? error : postgres.failureOf(error)
  }
}

/** Target schemas that the ledger knows of. */
export async function schemasOfLedger(postgres: Postgres, ledgerSchema: string): Promise<string[]> {
  const { rows } = await postgres.use((session) =>
    session.query<{ target_schema: string }>(
      `SELECT target_schema FROM ${qualified(ledgerSchema, 'runs')}
       UNION SELECT target_schema FROM ${qualified(ledgerSchema, 'lease')} ORDER BY 1`,
    ),
  )
  return rows.map((row) => row.target_schema)
}

async function dropTables(
  session: SqlSession,
  ledgerSchema: string,
  leases: readonly Lease[],
): Promise<void> {
  await inTransaction(session, async () => {
    for (const lease of leases) await lease.fence(session)
    await session.query(`DROP VIEW IF EXISTS ${qualified(ledgerSchema, 'current_threads')}`)
    await session.query(
      `DROP TABLE IF EXISTS ${LEDGER_TABLES.filter((name) => name !== 'current_threads')
        .map((name) => qualified(ledgerSchema, name))
        .join(', ')}`,
    )
    // A schema of the user's own may hold other things, and is then left.
    const { rows } = await session.query(
      `SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1) UNION ALL
       SELECT FROM pg_proc WHERE pronamespace = to_regnamespace($1) UNION ALL
       SELECT FROM pg_type WHERE typnamespace = to_regnamespace($1) LIMIT 1`,
      [quoted(ledgerSchema)],
    )
    if (rows.length === 0 && ledgerSchema === DEFAULT_SCHEMA) {
      await session.query('SAVEPOINT before_schema')
      await session.query(`DROP SCHEMA ${quoted(ledgerSchema)}`).catch(async () => {
        // Only its owner may; empty it does no harm.
        await session.query('ROLLBACK TO SAVEPOINT before_schema')
      })
    }
  })
}

/** The schema that init makes by itself. */
const DEFAULT_SCHEMA = 'cp_migrate'
