/** `cp-migrate ledger drop`: removes what runs remember; a plan unless `--yes` is given. */
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import type { Lease } from '../target/ledger/lease.js'
import type { CommandModule, Context, Options } from './command.js'
import { formOf } from './form.js'
import { locks, output, target, timeouts, withOptions } from './options.js'

export const ledger = {
  name: 'ledger',
  summary: 'drops what runs remember (ledger drop); a plan unless --yes is given',
  examples: [
    ['cp-migrate ledger drop', 'which threads that would disown'],
    ['cp-migrate ledger drop --yes', 'drops it; the rows stay'],
  ],
  declare: (command) =>
    withOptions(command.argument('<action>', 'drop'), target, act, timeouts, locks, output),
  run: runLedger,
} as const satisfies CommandModule

const act = (command: Command): Command => command.optionsGroup('Action').option('--yes', 'do it')

async function runLedger(options: Options, context: Context, [action]: readonly string[]): Promise<ExitCode> {
  if (action !== 'drop') {
    throw new Failure('usage', {
      message: `unknown action "${action}"; there is only drop`,
      command: 'cp-migrate ledger',
    })
  }
  const [{ readConfig }, { Connections }, { openLedger }, verb, { renderLedgerDrop }, { flagsAgain }] =
    await Promise.all([
      import('./config.js'),
      import('./connections.js'),
      import('./ledger.js'),
      import('../verbs/ledger-drop.js'),
      import('../report/ledger-drop-text.js'),
      import('./flags-again.js'),
    ])
  const config = readConfig(options, context)
  const connections = new Connections(config, context)
  const leases: Lease[] = []
  try {
    const writes = options.yes === true
    const opened = await openLedger(connections, config, { context, writes })
    const { postgres, note, scope } = opened
    const { ledgerSchema } = scope
    if (!context.output.quiet)
      context.stderr.write(`${note.endpoint}, ledger ${ledgerSchema} (${note.setBy})\n`)
    const schemas = writes ? await verb.schemasOfLedger(postgres, ledgerSchema) : []
    for (const schema of new Set(writes ? [note.schema, ...schemas] : [])) {
      leases.push(await opened.lease('ledger drop', schema))
    }
    const report = await verb.dropLedger({ postgres, ledgerSchema, to: note, leases })
    context.stdout.write(
      renderLedgerDrop(report, {
        ...formOf(context),
        again: flagsAgain(config),
      }),
    )
    return EXIT.ok
  } finally {
    for (const lease of leases) await lease.release()
    await connections.close()
  }
}
