/** Both sides for a comparison: Redis where it is asked, Postgres with the tables, the ledger where there is one. */
import type { Dialect } from '../convert/converter.js'
import { sourceNameOf } from '../model/endpoint.js'
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import { hasLedger, lackingTables } from '../verbs/target-tables.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { flagsAgain } from './flags-again.js'

export interface BothSides {
  /** Both null where Redis is not asked. */
  readonly source: Source | null
  readonly from: EndpointNote | null
  /** What the ledger calls it. */
  readonly sourceName: string
  readonly postgres: Postgres
  readonly to: EndpointNote & { readonly schema: string }
  /** Null where there is none. */
  readonly ledgerSchema: string | null
  /** Throws `tables-missing` where rows of that dialect do not fit. */
  checkTables(dialect: Dialect): Promise<void>
}

/** Throws `tables-missing`, and `ledger-missing` where one is needed. Without a dialect the tables have to fit one of the two. */
export async function openBoth(
  connections: Connections,
  config: Config,
  wanted: {
    readonly withoutSource: boolean
    readonly needsLedger: boolean
    readonly dialect: Dialect | null
  },
): Promise<BothSides> {
  const { values } = config
  const { ledgerSchema } = values
  const opened = wanted.withoutSource ? null : await connections.source({ paced: true })
  const sourceName = opened?.name ?? values.sourceName ?? (values.redis && sourceNameOf(values.redis))
  // Whose threads they are in the ledger: the URL names it, also where nobody answers any more.
  if (sourceName === undefined) throw new Failure('no-source')
  const { target: postgres, note: to } = await connections.target({ writes: false })
  const { endpoint, schema } = to
  const flags = flagsAgain(config).target
  const lackingFor = (dialect: Dialect) => lackingTables(postgres, { schema, ledgerSchema, dialect })
  const checkTables = async (dialect: Dialect) => {
    const lacking = await lackingFor(dialect)
    if (lacking.length === 0) return
    const forDialect = dialect === 'js' ? `${flags} --dialect js` : flags
    throw new Failure('tables-missing', { endpoint, schema, lacking: lacking.join(', '), flags: forDialect })
  }
  // What the JavaScript saver's tables lack, no other's may lack either.
  const least = wanted.dialect ?? 'js'
  if (wanted.dialect === null && (await lackingFor(least)).length > 0) await checkTables('python')
  await checkTables(least)
  const isThere = await hasLedger(postgres, ledgerSchema)
  if (!isThere && wanted.needsLedger)
    throw new Failure('ledger-missing', { endpoint, ledger: ledgerSchema, flags })
  return {
    source: opened?.source ?? null,
    from: opened?.note ?? null,
    sourceName,
    postgres,
    to,
    ledgerSchema: isThere ? ledgerSchema : null,
    checkTables,
  }
}
