/** Where the rows of a migration go: into the tables and the ledger, or in a dry run into a counter. */
import type { Dialect } from '../convert/converter.js'
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import type { MigrateTarget } from '../verbs/migrate/run.js'
import { hasLedger, lackingTables } from '../verbs/target-tables.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { flagsAgain } from './flags-again.js'

export interface OpenTarget {
  /** Null in a dry run that was given no target, or one without the tables. */
  readonly target: MigrateTarget | null
  /** Throws `tables-missing` where rows of that dialect do not fit, once it is known. */
  checkTables(dialect: Dialect): Promise<void>
  readonly hasLedger: boolean
  /** Null in a dry run that was given no target. */
  readonly note: EndpointNote | null
}

/** Where the JavaScript saver looks by itself, whatever the search path says. */
const JS_SCHEMA = 'public'

/**
 * A dry run needs no target; where one is named and has the tables, it looks what is there. Throws `tables-missing` or
 * `ledger-missing` otherwise.
 */
export async function openTarget(
  connections: Connections,
  config: Config,
  { dryRun, dialect }: { readonly dryRun: boolean; readonly dialect: Dialect | null },
): Promise<OpenTarget> {
  const { values } = config
  const nothing = { target: null, hasLedger: false, note: null, checkTables: async () => {} }
  if (dryRun && values.postgres === undefined) return nothing
  const { target: postgres, note: opened } = await connections.target({ writes: !dryRun })
  const schema = values.schema ?? (dialect === 'js' ? JS_SCHEMA : opened.schema)
  const note = { ...opened, schema }
  const { endpoint } = note
  const { ledgerSchema } = values
  const flags = flagsAgain(config).target
  const lackingFor = (wanted: Dialect) => lackingTables(postgres, { schema, ledgerSchema, dialect: wanted })
  const checkTables = async (wanted: Dialect) => {
    const isElsewhere = wanted === 'js' && values.schema === undefined && schema !== JS_SCHEMA
    const lacking = isElsewhere
      ? [`the JavaScript saver, which looks in ${JS_SCHEMA} (--schema ${JS_SCHEMA}) unless told otherwise`]
      : await lackingFor(wanted)
    const forDialect = wanted === 'js' ? `${flags} --dialect js` : flags
    if (lacking.length > 0)
      throw new Failure('tables-missing', {
        endpoint,
        schema,
        lacking: lacking.join(', '),
        flags: forDialect,
      })
  }
  // What the JavaScript saver's tables lack, no other's may lack either.
  const least = dialect ?? 'js'
  const isThere = await hasLedger(postgres, ledgerSchema)
  const target = { postgres, schema, ledgerSchema }
  if (dryRun) {
    const isReady = (await lackingFor(least)).length === 0
    return { ...nothing, target: isReady ? target : null, hasLedger: isThere, note }
  }
  if (dialect === null && (await lackingFor(least)).length > 0) await checkTables('python')
  await checkTables(least)
  if (!isThere) throw new Failure('ledger-missing', { endpoint, ledger: ledgerSchema, flags })
  return { target, hasLedger: true, note, checkTables }
}
