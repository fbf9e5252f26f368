/** `cp-migrate migrate`: moves threads from Redis to Postgres, or rehearses it. */
import type { Command } from 'commander'
import type { Layout } from '../layouts/layout.js'
import type { Bounds } from '../model/bounds.js'
import { type ExitCode, Failure } from '../model/failure.js'
import { exitCodeOf, type MigrateReport } from '../model/report.js'
import type { ThreadScope } from '../model/scope.js'
import type { Jobs } from '../pipeline/jobs/jobs.js'
import type { OnExisting } from '../target/rows/commit.js'
import { boundOptions, boundsAgain, readBounds } from './bounds.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { formOf } from './form.js'
import {
  eitherSource,
  eitherTarget,
  layouts,
  locks,
  output,
  pace,
  prefixes,
  processors,
  store,
  threads,
  timeouts,
  tuning,
  withOptions,
} from './options.js'
import { ReportOutput, reports } from './reports.js'
import { prefixesToRead, runOptions } from './run-options.js'

export const migrate = {
  name: 'migrate',
  summary: 'moves threads from Redis to Postgres, or back; repeat it until the application has stopped',
  examples: [
    ['cp-migrate migrate --dry-run', 'a rehearsal; writes nothing'],
    ['cp-migrate migrate', 'moves what is new'],
    ['cp-migrate migrate --thread t-12', 'only this thread'],
    ['cp-migrate migrate --to redis://HOST', 'back to Redis'],
    ["cp-migrate migrate --match 'user-4*'", 'threads with such ids'],
    ['cp-migrate migrate --newer-than 30d --latest-only', 'what is in use'],
    ['cp-migrate migrate --include store', 'with the long-term memory'],
  ],
  declare: (command) =>
    withOptions(
      command,
      eitherSource,
      eitherTarget,
      run,
      threads,
      boundOptions,
      layouts,
      prefixes,
      store,
      tuning,
      processors,
      pace,
      timeouts,
      locks,
      output,
    ),
  run: runMigrate,
} as const satisfies CommandModule

const run = (command: Command): Command =>
  reports(
    command
      .optionsGroup('Run')
      .option('--dry-run', 'read, decode and encode everything, write nothing')
      .addOption(
        command
          .createOption('--dialect <language>', 'whose saver will read the target (that of what is found)')
          .choices(['python', 'js']),
      )
      .option('--allow-older-head', 'also move threads whose newest checkpoint cannot be moved')
      .addOption(
        command
          .createOption(
            '--on-existing <what>',
            'threads with rows of others in the target (merge; skip those that live on there)',
          )
          .choices(['merge', 'skip', 'replace']),
      )
      .option('--restore-deleted', 'bring back what was deleted in the target since it was moved')
      .option('--restart', 'forget what earlier runs remember; their rows count as those of others')
      .option('--ttl <minutes>', 'back to Redis: how long the keys live, as the saver takes it (for ever)')
      .option('--strict', 'exit code 3 also where something was left alone as the rules say'),
  )

async function runMigrate(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { readScope }, { chosenLayouts }, { Connections }, { startJobs }] =
    await Promise.all([
      import('./config.js'),
      import('./scope.js'),
      import('./layouts.js'),
      import('./connections.js'),
      import('./jobs.js'),
    ])
  const config = readConfig(options, context, { goesBack: true })
  if (options.ttl !== undefined && config.direction === 'there') {
    const message =
      '--ttl is for keys in Redis: rows in Postgres have none (--from postgres://… --to redis://…)'
    throw new Failure('usage', { message, command: 'cp-migrate migrate' })
  }
  const scope = readScope(config, context.cwd)
  const bounds = readBounds(options)
  const layouts = await chosenLayouts(config, context.cwd)
  const printed = new ReportOutput(options, context)
  const connections = new Connections(config, context)
  const jobs = await startJobs(config, options, context)
  if (jobs !== null) connections.closeLater(jobs)
  try {
    const run = { options, context, config, scope, connections }
    const report =
      config.direction === 'back'
        ? await (await import('./migrate-back.js')).reportOfBack({ ...run, bounds })
        : await reportOf({ ...run, bounds, layouts, jobs })
    await print(report, { config, options, context, printed })
    // Worded where every failure is; the report on stdout says how far it came.
    if (report.stoppedBy !== undefined) throw report.stoppedBy
    return exitCodeOf(report)
  } finally {
    await connections.close()
  }
}

async function reportOf(run: {
  readonly options: Options
  readonly context: Context
  readonly config: Config
  readonly scope: ThreadScope
  readonly bounds: Bounds
  readonly layouts: readonly Layout[]
  readonly connections: Connections
  readonly jobs: Jobs | null
}): Promise<MigrateReport> {
  const { options, context, config, connections } = run
  const [verb, { openTarget }, { endpointsLine }, { storeOf }] = await Promise.all([
    import('../verbs/migrate.js'),
    import('./sink.js'),
    import('../report/render.js'),
    import('./store.js'),
  ])
  const dryRun = options.dryRun === true
  const dialect = (options.dialect ?? null) as 'python' | 'js' | null
  const { source, note: from, name } = await connections.source({ paced: true })
  const opened = await openTarget(connections, config, { dryRun, dialect })
  const { target, hasLedger, checkTables, note: to } = opened
  if (!context.output.quiet) context.stderr.write(`${endpointsLine({ source: from, target: to })}\n`)
  return verb.migrate({
    source,
    target,
    hasLedger,
    checkTables,
    from,
    sourceName: name,
    to,
    dryRun,
    dialect,
    prefixes: prefixesToRead(config),
    store: storeOf(config),
    jobs: run.jobs,
    layouts: run.layouts,
    scope: run.scope,
    bounds: run.bounds,
    allowOlderHead: options.allowOlderHead === true,
    policy: {
      onExisting: (options.onExisting ?? 'auto') as OnExisting,
      restoreDeleted: options.restoreDeleted === true,
    },
    restart: options.restart === true,
    strict: options.strict === true,
    ...runOptions(config, context),
  })
}

async function print(
  report: MigrateReport,
  {
    config,
    options,
    context,
    printed,
  }: {
    readonly config: Config
    readonly options: Options
    readonly context: Context
    readonly printed: ReportOutput
  },
): Promise<void> {
  const [{ renderMigrate }, { migratePage }, { migrateMeasures }, { flagsAgain }] = await Promise.all([
    import('../report/render.js'),
    import('../report/page/migrate-page.js'),
    import('../report/metrics/measures.js'),
    import('./flags-again.js'),
  ])
  const flags = flagsAgain(config)
  const dialect = options.dialect === undefined ? '' : ` --dialect ${String(options.dialect)}`
  const again = { ...flags, scope: `${flags.scope}${dialect}`, bounds: boundsAgain(options) }
  await printed.print({
    text: (format) => renderMigrate(report, { ...formOf(context), format, again }),
    page: () => migratePage(report, again),
    measures: () => migrateMeasures(report),
  })
}
