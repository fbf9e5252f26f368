/** `cp-migrate restore-archive FILE`: puts back the keys that purge-redis has archived. Never overwrites a key. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { ExitCode } from '../model/failure.js'
import { type RestoreReport, restoreExitCodeOf } from '../model/restore-report.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { formOf } from './form.js'
import { locks, output, source, target, threads, timeouts, withOptions } from './options.js'

export const restoreArchive = {
  name: 'restore-archive',
  summary: 'puts back keys that purge-redis has archived; never overwrites one',
  examples: [
    ['cp-migrate restore-archive purged.cpmarc', 'all of them'],
    ['cp-migrate restore-archive purged.cpmarc --thread t-12', 'one thread'],
    ['cp-migrate restore-archive purged.cpmarc --dry-run', 'what is in it'],
  ],
  declare: (command) => withOptions(command, archive, source, target, threads, timeouts, locks, output),
  run: runRestore,
} as const satisfies CommandModule

const archive = (command: Command): Command =>
  command
    .argument('<file>', 'what purge-redis --archive has written')
    .optionsGroup('Restore')
    .option('--dry-run', 'read and compare everything, write nothing')

async function runRestore(
  options: Options,
  context: Context,
  positionals: readonly string[],
): Promise<ExitCode> {
  const [{ readConfig }, { Connections }] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
  ])
  const config = readConfig(options, context)
  const connections = new Connections(config, context)
  try {
    const path = resolve(context.cwd, positionals[0]!)
    const report = await reportOf({ options, context, config, connections, path })
    await print(report, config, context)
    if (report.stoppedBy !== undefined) throw report.stoppedBy
    return restoreExitCodeOf(report)
  } finally {
    await connections.close()
  }
}

async function reportOf(run: {
  readonly options: Options
  readonly context: Context
  readonly config: Config
  readonly connections: Connections
  readonly path: string
}): Promise<RestoreReport> {
  const { options, context, config, connections, path } = run
  const [verb, { ArchiveReader }, { openLedger }, { openPurger, openRestorer }, { readScope }, render] =
    await Promise.all([
      import('../verbs/restore-archive.js'),
      import('../verbs/restore-archive-read.js'),
      import('./ledger.js'),
      import('./purger.js'),
      import('./scope.js'),
      import('../report/restore-text.js'),
    ])
  const dryRun = options.dryRun === true
  const scope = readScope(config, context.cwd)
  const reader = await ArchiveReader.open(path)
  const purger = openPurger(config, 'restore-archive')
  const restorer = openRestorer(config)
  let lease: Awaited<ReturnType<Awaited<ReturnType<typeof openLedger>>['lease']>> | null = null
  try {
    const { source: redis, note: from, name } = await connections.source()
    const hasTarget = config.values.postgres !== undefined
    const ledger = hasTarget ? await openLedger(connections, config, { context, writes: !dryRun }) : null
    if (!context.output.quiet) {
      context.stderr.write(`${render.restoreEndpointsLine({ archive: path, source: from })}\n`)
    }
    if (ledger !== null && !dryRun) lease = await ledger.lease('restore-archive')
    return await verb.restoreArchive({
      archive: reader,
      archivePath: path,
      source: redis,
      restorer,
      purger,
      from,
      ledger: ledger && {
        postgres: ledger.postgres,
        scope: { ...ledger.scope, sourceName: name },
        note: ledger.note,
        lease,
      },
      threads: scope,
      dryRun,
      recover:
        ledger?.recover(lease, from.endpoint) ??
        (async (error) => {
          throw error
        }),
      onEvent: context.onEvent,
      signal: context.signal,
      now: context.now,
    })
  } finally {
    await reader.close()
    await restorer.close()
    await purger.close()
    await lease?.release()
  }
}

async function print(report: RestoreReport, config: Config, context: Context): Promise<void> {
  const [{ renderRestore }, { flagsAgain }] = await Promise.all([
    import('../report/restore-text.js'),
    import('./flags-again.js'),
  ])
  const text = renderRestore(report, {
    ...formOf(context),
    again: flagsAgain(config),
  })
  context.stdout.write(text)
}
