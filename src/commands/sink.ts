/** Where the rows of a migration go: into the tables, or in a dry run into a counter. */
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import { DryRunSink } from '../target/dry-run.js'
import { type BatchSink, TargetWriter } from '../target/writer.js'
import { lackingTables } from '../verbs/target-tables.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { flagsAgain } from './flags-again.js'

export interface OpenSink {
  readonly sink: BatchSink
  /** Both null in a dry run that was given no target. */
  readonly note: EndpointNote | null
  readonly failureOf: ((error: unknown) => Failure) | null
}

/** A dry run needs no target; where one is named and has the tables, it looks what is there. Throws `tables-missing` otherwise. */
export async function openSink(
  connections: Connections,
  config: Config,
  { dryRun, dialect }: { readonly dryRun: boolean; readonly dialect: 'python' | 'js' },
): Promise<OpenSink> {
  const { values } = config
  if (dryRun && values.postgres === undefined)
    return { sink: new DryRunSink(null), note: null, failureOf: null }
  const { target, note } = await connections.target({ writes: !dryRun })
  const { endpoint, schema } = note
  const { ledgerSchema } = values
  const lacking = await lackingTables(target, { schema, ledgerSchema, dialect })
  const use = target.use.bind(target)
  const failureOf = target.failureOf.bind(target)
  if (dryRun) return { sink: new DryRunSink(lacking.length === 0 ? { schema, use } : null), note, failureOf }
  if (lacking.length > 0) {
    const flags = flagsAgain(config).target
    throw new Failure('tables-missing', { endpoint, schema, lacking: lacking.join(', '), flags })
  }
  return { sink: new TargetWriter({ writing: await target.open(), use }, schema), note, failureOf }
}
