/** `cp-migrate migrate`: moves threads from Redis to Postgres, or rehearses it. */
import type { Command } from 'commander'
import { type ExitCode, Failure } from '../model/failure.js'
import { exitCodeOf } from '../model/report.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { output, prefixes, source, target, threads, timeouts, tuning } from './options.js'

export const migrate = {
  name: 'migrate',
  summary: 'moves threads from Redis to Postgres; repeat it until the application has stopped',
  examples: [
    ['cp-migrate migrate --dry-run', 'what would happen; reads Redis, writes nothing'],
    ['cp-migrate migrate', 'moves what is new; Redis is never changed'],
    ['cp-migrate migrate --thread t-1 --thread t-2', 'only these'],
    ["cp-migrate migrate --match 'user-4*' --limit 10", 'ten threads to look at first'],
  ],
  declare: (command) => output(timeouts(tuning(prefixes(threads(run(target(source(command)))))))),
  run: runMigrate,
} as const satisfies CommandModule

const run = (command: Command): Command =>
  command
    .optionsGroup('Run')
    .option('--dry-run', 'read, decode and encode everything, write nothing')
    .option('--allow-older-head', 'also move threads whose newest checkpoint cannot be moved')

async function runMigrate(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { readScope }, { Connections }] = await Promise.all([
    import('./config.js'),
    import('./scope.js'),
    import('./connections.js'),
  ])
  const config = readConfig(options, context)
  const scope = readScope(config, context.cwd)
  const connections = new Connections(config)
  try {
    return await migrateOver(connections, { options, context, config, scope })
  } finally {
    await connections.close()
  }
}

async function migrateOver(
  connections: Connections,
  {
    options,
    context,
    config,
    scope,
  }: {
    readonly options: Options
    readonly context: Context
    readonly config: Config
    readonly scope: import('../model/scope.js').ThreadScope
  },
): Promise<ExitCode> {
  const [verb, { endpointsLine, renderMigrate }, { flagsAgain }] = await Promise.all([
    import('../verbs/migrate.js'),
    import('../report/render.js'),
    import('./flags-again.js'),
  ])
  const dryRun = options.dryRun === true
  const { source, note: from } = await connections.source()
  const { sink, note: to } = await openSink(connections, config, dryRun)
  const { json, quiet, color } = context.output
  if (!quiet) context.stderr.write(`${endpointsLine({ source: from, target: to })}\n`)
  const { values } = config
  const report = await verb.migrate({
    source,
    sink,
    from,
    to,
    dryRun,
    dialect: null,
    prefixes: {
      checkpoint: values.checkpointPrefix,
      checkpointWrite: values.checkpointWritePrefix,
      checkpointBlob: values.checkpointBlobPrefix,
    },
    scope,
    allowOlderHead: options.allowOlderHead === true,
    memoryBytes: values.memory,
    onEvent: context.onEvent,
    signal: context.signal,
    now: context.now,
  })
  context.stdout.write(
    renderMigrate(report, {
      format: json ? 'json' : quiet ? 'line' : 'text',
      columns: context.columns,
      colored: color && context.isTty,
      again: flagsAgain(config),
    }),
  )
  if (report.stoppedBy !== undefined) throw report.stoppedBy
  return exitCodeOf(report)
}

/** Where rows go. A dry run needs no target, and looks what is there where one is named and has the tables. */
async function openSink(connections: Connections, config: Config, dryRun: boolean) {
  const [{ DryRunSink }, { TargetWriter }, { lackingTables }, { flagsAgain }] = await Promise.all([
    import('../target/dry-run.js'),
    import('../target/writer.js'),
    import('../verbs/target-tables.js'),
    import('./flags-again.js'),
  ])
  if (dryRun && config.values.postgres === undefined) return { sink: new DryRunSink(null), note: null }
  const { target, note } = await connections.target({ writes: !dryRun })
  const { schema } = note
  const lacking = await lackingTables(target, {
    schema,
    ledgerSchema: config.values.ledgerSchema,
    dialect: 'python',
  })
  if (dryRun) {
    const there = { schema, use: target.use.bind(target) }
    return { sink: new DryRunSink(lacking.length === 0 ? there : null), note }
  }
  if (lacking.length > 0) {
    const facts = {
      endpoint: note.endpoint,
      schema,
      lacking: lacking.join(', '),
      flags: flagsAgain(config).target,
    }
    throw new Failure('tables-missing', facts)
  }
  const sessions = { writing: await target.open(), use: target.use.bind(target) }
  return { sink: new TargetWriter(sessions, schema), note }
}
