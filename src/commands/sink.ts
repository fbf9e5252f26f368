/** Where the rows of a migration go: into the tables and the ledger, or in a dry run into a counter. */
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import type { MigrateTarget } from '../verbs/migrate-run.js'
import { hasLedger, lackingTables } from '../verbs/target-tables.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { flagsAgain } from './flags-again.js'

export interface OpenTarget {
  /** Null in a dry run that was given no target, or one without the tables. */
  readonly target: MigrateTarget | null
  readonly hasLedger: boolean
  /** Null in a dry run that was given no target. */
  readonly note: EndpointNote | null
}

/**
 * A dry run needs no target; where one is named and has the tables, it looks what is there. Throws `tables-missing` or
 * `ledger-missing` otherwise.
 */
export async function openTarget(
  connections: Connections,
  config: Config,
  { dryRun, dialect }: { readonly dryRun: boolean; readonly dialect: 'python' | 'js' },
): Promise<OpenTarget> {
  const { values } = config
  if (dryRun && values.postgres === undefined) return { target: null, hasLedger: false, note: null }
  const { target: postgres, note } = await connections.target({ writes: !dryRun })
  const { endpoint, schema } = note
  const { ledgerSchema } = values
  const lacking = await lackingTables(postgres, { schema, ledgerSchema, dialect })
  const isThere = await hasLedger(postgres, ledgerSchema)
  const target = { postgres, schema, ledgerSchema }
  if (dryRun) return { target: lacking.length === 0 ? target : null, hasLedger: isThere, note }
  const flags = flagsAgain(config).target
  if (lacking.length > 0) {
    throw new Failure('tables-missing', { endpoint, schema, lacking: lacking.join(', '), flags })
  }
  if (!isThere) throw new Failure('ledger-missing', { endpoint, ledger: ledgerSchema, flags })
  return { target, hasLedger: true, note }
}
