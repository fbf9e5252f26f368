/** `cp-migrate status`: the runs and how far they came, or one of them with what it found. */
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import type { CommandModule, Context, Options } from './command.js'
import { formOf } from './form.js'
import { eitherSource, eitherTarget, output, timeouts, withOptions } from './options.js'

export const status = {
  name: 'status',
  summary: 'shows the runs, how far they came, what they found, and who is at work',
  examples: [
    ['cp-migrate status', 'every run, newest first'],
    ['cp-migrate status --run 3', 'one run with its findings'],
    ['cp-migrate status --to redis://HOST', 'of the way back'],
    ['cp-migrate status --json', 'the same for a program'],
  ],
  declare: (command) => withOptions(command, eitherSource, eitherTarget, which, timeouts, output),
  run: runStatus,
} as const satisfies CommandModule

const which = (command: Command): Command =>
  command.optionsGroup('Runs').option('--run <id>', 'only this run, with its findings')

async function runStatus(options: Options, context: Context): Promise<ExitCode> {
  const [
    { readConfig },
    { Connections },
    { openLedger },
    verb,
    { renderStatus },
    { flagsAgain },
    { namesOf, wayBackSource },
  ] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
    import('./ledger.js'),
    import('../verbs/status.js'),
    import('../report/status-text.js'),
    import('./flags-again.js'),
    import('./way-back.js'),
  ])
  const config = readConfig(options, context, { goesBack: true })
  const runId = options.run === undefined ? null : runIdOf(options.run)
  const connections = new Connections(config, context)
  try {
    const { postgres, scope, note } = await openLedger(connections, config, { context, writes: false })
    const isBack = config.direction === 'back' && config.values.redis !== undefined
    const targetSchema = isBack ? namesOf(config, note.schema).target : scope.targetSchema
    const report = await verb.status({
      postgres,
      scope: { ...scope, targetSchema },
      to: note,
      runId,
      ...(!isBack && { wayBackSource: wayBackSource(note.schema) }),
    })
    context.stdout.write(
      renderStatus(report, {
        ...formOf(context),
        again: flagsAgain(config),
      }),
    )
    return EXIT.ok
  } finally {
    await connections.close()
  }
}

function runIdOf(text: unknown): number {
  if (/^[1-9]\d{0,8}$/.test(String(text))) return Number(text)
  throw new Failure('bad-setting', { setBy: '--run', problem: `"${text}" is no number of a run` })
}
