/** The target with its ledger, for verbs that work on what is there: opened, locked where it is to change, waited for when it goes away. */
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import { Recovery } from '../pipeline/recovery.js'
import type { Postgres } from '../target/connection/connect.js'
import { checkWritable } from '../target/connection/connect-checks.js'
import { type Lease, takeLease } from '../target/ledger/lease.js'
import { hasLedger } from '../verbs/target-tables.js'
import type { Context } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { flagsAgain } from './flags-again.js'

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
      const ofSource = new Recovery({ ...recoveryOptions(config, context), endpoint: sourceEndpoint })
      return (error, attempt) => (isOfSource(error) ? ofSource : ofTarget).after(error, attempt)
    },
  }
}

async function leaseOf(
  postgres: Postgres,
  {
    schema,
    verb,
    config,
    context,
  }: {
    readonly schema: string
    readonly verb: string
    readonly config: Config
    readonly context: Context
  },
): Promise<Lease> {
  const { ledgerSchema, takeoverTimeout } = config.values
  const { signal } = context
  try {
    return await takeLease(postgres, {
      schema,
      ledgerSchema,
      verb,
      takeoverTimeoutMs: takeoverTimeout,
      signal,
    })
  } catch (error) {
    if (signal.aborted && signal.reason instanceof Failure) throw signal.reason
    throw error instanceof Failure ? error : postgres.failureOf(error)
  }
}

function recoveryOf(
  postgres: Postgres,
  {
    lease,
    config,
    context,
  }: { readonly lease: Lease | null; readonly config: Config; readonly context: Context },
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
    ...recoveryOptions(config, context),
    endpoint: postgres.name,
    ...(lease && { restore: () => restore(lease) }),
  })
}

const recoveryOptions = ({ values }: Config, { signal, onEvent, now }: Context) => ({
  retryForMs: values.retryFor,
  signal,
  onEvent,
  now,
  random: Math.random,
})

const isOfSource = (error: unknown): boolean => error instanceof Failure && /redis/.test(error.id)
