/** The target with its ledger, for verbs that work on what is there: opened, locked where it is to change, waited for when it goes away. */
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import { Recovery, recoverEither } from '../pipeline/recovery.js'
import type { Postgres } from '../target/connection/connect.js'
import { checkWritable } from '../target/connection/connect-checks.js'
import { type Lease, takeLease } from '../target/ledger/lease.js'
import { stoppedBy } from '../verbs/stopped-by.js'
import { hasLedger } from '../verbs/target-tables.js'
import type { Context } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { flagsAgain } from './flags-again.js'
import { runOptions } from './run-options.js'

export interface OpenLedger {
  readonly postgres: Postgres
  readonly note: EndpointNote & { readonly schema: string }
  readonly scope: { readonly ledgerSchema: string; readonly targetSchema: string }
  /** The lock of the target (or of another schema), for a verb that changes it; the caller gives it back. */
  lease(verb: string, schema?: string): Promise<Lease>
  /** Waits while the target is away, and takes the lock back with it. */
  recovery(lease: Lease | null): Recovery
  /** The same for verbs that need the source, too. */
  recover(lease: Lease | null, sourceEndpoint: string): Recovery['after']
}

/** Throws `ledger-missing` where nothing was ever remembered. */
export async function openLedger(
  connections: Connections,
  config: Config,
  { context, writes }: { readonly context: Context; readonly writes: boolean },
): Promise<OpenLedger> {
  const { values } = config
  const { ledgerSchema } = values
  const { target: postgres, note } = await connections.target({ writes })
  if (!(await hasLedger(postgres, ledgerSchema))) {
    const flags = flagsAgain(config).target
    throw new Failure('ledger-missing', { endpoint: note.endpoint, ledger: ledgerSchema, flags })
  }
  return {
    postgres,
    note,
    scope: { ledgerSchema, targetSchema: note.schema },
    lease: (verb, schema = note.schema) => leaseOf(postgres, { schema, verb, config, context }),
    recovery: (lease) => recoveryOf(postgres, { lease, config, context }),
    recover: (lease, sourceEndpoint) => {
      const ofTarget = recoveryOf(postgres, { lease, config, context })
      const ofSource = new Recovery({ ...runOptions(config, context), endpoint: sourceEndpoint })
      return recoverEither(ofSource, ofTarget)
    },
  }
}

interface Surroundings {
  readonly config: Config
  readonly context: Context
}

async function leaseOf(
  postgres: Postgres,
  { config, context, ...of }: Surroundings & { readonly schema: string; readonly verb: string },
): Promise<Lease> {
  const { ledgerSchema, takeoverTimeout: takeoverTimeoutMs } = config.values
  const { signal } = context
  try {
    return await takeLease(postgres, { ...of, ledgerSchema, takeoverTimeoutMs, signal })
  } catch (error) {
    throw stoppedBy(error, { signal, postgres })
  }
}

function recoveryOf(
  postgres: Postgres,
  { lease, config, context }: Surroundings & { readonly lease: Lease | null },
): Recovery {
  const restore = async (held: Lease): Promise<void> => {
    const session = await postgres.open()
    try {
      await checkWritable(session, postgres.endpoint)
    } finally {
      await session.close()
    }
    await held.renew()
  }
  return new Recovery({
    ...runOptions(config, context),
    endpoint: postgres.name,
    ...(lease && { restore: () => restore(lease) }),
  })
}
