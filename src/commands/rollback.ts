/** `cp-migrate rollback`: takes back what runs of migrate wrote; a plan unless `--yes` is given. */
import type { Command } from 'commander'
import { type ExitCode, Failure } from '../model/failure.js'
import { type RollbackReport, rollbackExitCodeOf } from '../model/rollback-report.js'
import type { WhichRuns } from '../target/rollback/runs.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { formOf } from './form.js'
import { eitherSource, eitherTarget, locks, output, timeouts, withOptions } from './options.js'

export const rollback = {
  name: 'rollback',
  summary: 'removes what a run of migrate wrote, and only that; a plan unless --yes is given',
  examples: [
    ['cp-migrate rollback', 'what it would remove'],
    ['cp-migrate rollback --yes', 'undoes the last run'],
    ['cp-migrate rollback --to redis://HOST', 'keys in Redis'],
    ['cp-migrate rollback --to-before 3', 'undoes run 3 and every later one'],
  ],
  declare: (command) => withOptions(command, eitherSource, eitherTarget, which, timeouts, locks, output),
  run: runRollback,
} as const satisfies CommandModule

const which = (command: Command): Command =>
  command
    .optionsGroup('Runs')
    .option('--run <id>', 'only this run (the last one)')
    .option('--to-before <id>', 'this run and every later one, newest first')
    .option('--all', 'every run')
    .option('--discard-continued', 'also threads that the application has continued, with what it wrote')
    .option('--yes', 'do it')

async function runRollback(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { Connections }] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
  ])
  const config = readConfig(options, context, { goesBack: true })
  const runs = whichRuns(options)
  const connections = new Connections(config, context)
  try {
    const run = { options, context, config, connections, runs }
    const report = config.direction === 'back' ? await reportOfBack(run) : await reportOf(run)
    await print(report, { config, context, options })
    if (report.stoppedBy !== undefined) throw report.stoppedBy
    return rollbackExitCodeOf(report)
  } finally {
    await connections.close()
  }
}

function whichRuns({ run, toBefore, all }: Options): WhichRuns {
  const given = [run !== undefined, toBefore !== undefined, all === true].filter(Boolean).length
  if (given > 1) {
    throw new Failure('usage', {
      message: '--run, --to-before and --all exclude each other',
      command: 'cp-migrate rollback',
    })
  }
  if (all === true) return { kind: 'all' }
  if (run !== undefined) return { kind: 'run', id: runId(run, '--run') }
  return toBefore === undefined ? { kind: 'last' } : { kind: 'to-before', id: runId(toBefore, '--to-before') }
}

function runId(text: unknown, setBy: string): number {
  if (!/^[1-9]\d{0,8}$/.test(String(text))) {
    throw new Failure('bad-setting', { setBy, problem: `"${text}" is no number of a run` })
  }
  return Number(text)
}

interface Run {
  readonly options: Options
  readonly context: Context
  readonly config: Config
  readonly connections: Connections
  readonly runs: WhichRuns
}

/** What runs of the way back wrote into Redis. */
async function reportOfBack({ options, context, config, connections, runs }: Run): Promise<RollbackReport> {
  const [{ rollbackBack }, { openWayBack, wayBackLine }, { openPurger }, { openLedger }] = await Promise.all([
    import('../verbs/rollback-back.js'),
    import('./way-back.js'),
    import('./purger.js'),
    import('./ledger.js'),
  ])
  if (options.discardContinued === true)
    throw new Failure('usage', {
      message: '--discard-continued is for what was written in Postgres',
      command: 'cp-migrate rollback',
    })
  const acts = options.yes === true
  const ends = await openWayBack(connections, config, {
    command: 'rollback',
    writes: acts,
    needsLedger: true,
  })
  const ledger = await openLedger(connections, config, { context, writes: acts })
  if (!context.output.quiet) context.stderr.write(`${wayBackLine(ends)}\n`)
  const purger = connections.closeLater(openPurger(config, 'rollback'))
  const lease = acts ? await ledger.lease('rollback', ends.names.target) : null
  try {
    return await rollbackBack({
      postgres: ends.postgres,
      schema: ends.from.schema,
      redis: { ...ends.redis, purger },
      scope: { ledgerSchema: config.values.ledgerSchema, targetSchema: ends.names.target },
      to: ends.to,
      which: runs,
      lease,
      recover: ledger.recover(lease, ends.to.endpoint),
      onEvent: context.onEvent,
      signal: context.signal,
      now: context.now,
    })
  } finally {
    await lease?.release()
  }
}

async function reportOf(run: Run): Promise<RollbackReport> {
  const { options, context, config, connections } = run
  const [verb, { openLedger }, { rollbackEndpointLine }] = await Promise.all([
    import('../verbs/rollback.js'),
    import('./ledger.js'),
    import('../report/rollback-text.js'),
  ])
  const acts = options.yes === true
  const ledger = await openLedger(connections, config, { context, writes: acts })
  if (!context.output.quiet) context.stderr.write(`${rollbackEndpointLine({ target: ledger.note })}\n`)
  const lease = acts ? await ledger.lease('rollback') : null
  try {
    return await verb.rollback({
      postgres: ledger.postgres,
      scope: ledger.scope,
      to: ledger.note,
      which: run.runs,
      lease,
      discardContinued: options.discardContinued === true,
      recovery: ledger.recovery(lease),
      onEvent: context.onEvent,
      signal: context.signal,
      now: context.now,
    })
  } finally {
    await lease?.release()
  }
}

async function print(
  report: RollbackReport,
  {
    config,
    context,
    options,
  }: { readonly config: Config; readonly context: Context; readonly options: Options },
): Promise<void> {
  const [{ renderRollback }, { flagsAgain }] = await Promise.all([
    import('../report/rollback-text.js'),
    import('./flags-again.js'),
  ])
  const { run, toBefore, all, discardContinued } = options
  const text = renderRollback(report, {
    ...formOf(context),
    again: {
      target: flagsAgain(config).target,
      rollback: [
        run === undefined ? '' : ` --run ${run}`,
        toBefore === undefined ? '' : ` --to-before ${toBefore}`,
        all === true ? ' --all' : '',
        discardContinued === true ? ' --discard-continued' : '',
      ].join(''),
    },
  })
  context.stdout.write(text)
}
