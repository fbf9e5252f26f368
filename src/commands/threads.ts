/** `cp-migrate threads`: the threads of Redis, of a snapshot or of Postgres, filtered and sorted. */
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import { THREAD_ORDERS, type ThreadOrder } from '../model/threads-report.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import { collect, layouts, output, prefixes, source, target, timeouts, tuning } from './options.js'

export const threads = {
  name: 'threads',
  summary: 'lists threads of Redis or Postgres: size, last activity, what waits for an answer',
  examples: [
    ['cp-migrate threads', 'of Redis, last written first'],
    ['cp-migrate threads --in postgres', 'of Postgres'],
    ['cp-migrate threads --waiting --older-than 7d', 'not answered for a week'],
    ['cp-migrate threads --sort size --limit 10', 'the ten largest'],
  ],
  declare: (command) => output(timeouts(tuning(prefixes(layouts(which(target(source(command)))))))),
  run: runThreads,
} as const satisfies CommandModule

const which = (command: Command): Command =>
  command
    .optionsGroup('Threads')
    .addOption(
      command
        .createOption('--in <end>', 'redis or postgres, where both are named (redis)')
        .choices(['redis', 'postgres']),
    )
    .option('--match <glob>', 'only threads whose id matches, such as "user-4*"; may be repeated', collect)
    .option('--older-than <duration>', 'only threads that were last written before that, such as 30d')
    .option('--newer-than <duration>', 'only threads that were written since')
    .option('--waiting', 'only threads that wait at an interrupt')
    .addOption(
      command.createOption('--sort <by>', 'id, last, size or checkpoints (last)').choices([...THREAD_ORDERS]),
    )
    .option('--limit <n>', 'list at most so many; all are counted (100)')

/** What fits a few screens; whoever wants more says how much, since memory depends on it. */
const LISTED = 100
/** The part of the memory that keys on their way may take. */
const KEYS_SHARE = 1 / 3

async function runThreads(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { Connections }, { readBounds }, verb, { renderThreads }] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
    import('./bounds.js'),
    import('../verbs/threads.js'),
    import('../report/threads-text.js'),
  ])
  const config = readConfig(options, context, { goesBack: true })
  const bounds = readBounds({ olderThan: options.olderThan, newerThan: options.newerThan })
  const connections = new Connections(config, context)
  const { json, quiet, color } = context.output
  try {
    const { end, note } = await endOf(config, options, { connections, context })
    if (!quiet) context.stderr.write(`${note.endpoint} (${note.setBy})\n`)
    const report = await verb.threads({
      end,
      note,
      patterns: config.values.match,
      bounds,
      waitingOnly: options.waiting === true,
      sort: (options.sort ?? 'last') as ThreadOrder,
      limit: config.values.limit ?? LISTED,
      onEvent: context.onEvent,
      signal: context.signal,
      now: context.now,
    })
    context.stdout.write(
      renderThreads(report, {
        format: json ? 'json' : quiet ? 'line' : 'text',
        columns: context.columns,
        colored: color && context.isTty,
        again: await flagsForOne(config),
      }),
    )
    return EXIT.ok
  } finally {
    await connections.close()
  }
}

/** Opens the end that is meant. Throws `no-source` and `no-target`. */
async function endOf(
  config: Config,
  options: Options,
  { connections, context }: { readonly connections: OpenEnds; readonly context: Context },
) {
  const { values } = config
  if (engineOf(config, options) === 'postgres') {
    const { target: postgres, note } = await connections.target({ writes: false })
    const { ledgerSchema } = values
    return { end: { engine: 'postgres', postgres, schema: note.schema, ledgerSchema }, note } as const
  }
  const { chosenLayouts } = await import('./layouts.js')
  const chosen = await chosenLayouts(config, context.cwd)
  const { source: from, note } = await connections.source()
  const named = {
    checkpoint: values.checkpointPrefix,
    checkpointWrite: values.checkpointWritePrefix,
    checkpointBlob: values.checkpointBlobPrefix,
  }
  const maxBytes = values.memory * KEYS_SHARE
  return { end: { engine: 'redis', source: from, prefixes: named, layouts: chosen, maxBytes }, note } as const
}

type OpenEnds = InstanceType<typeof import('./connections.js').Connections>

/** A flag is meant for this command, a variable perhaps for others. */
function engineOf({ values, origins }: Config, options: Options): 'redis' | 'postgres' {
  if (options.in === 'redis' || options.in === 'postgres') return options.in
  const isRedisGiven = origins.redis.startsWith('--')
  const isPostgresGiven = origins.postgres.startsWith('--')
  if (isRedisGiven !== isPostgresGiven) return isRedisGiven ? 'redis' : 'postgres'
  if (values.redis === undefined && values.postgres === undefined) throw new Failure('no-source')
  return values.redis === undefined ? 'postgres' : 'redis'
}

/** The user's own flags without those that choose among threads. */
async function flagsForOne({ values, origins }: Config): Promise<string> {
  const { flagsAgain } = await import('./flags-again.js')
  return flagsAgain({
    values,
    direction: 'there',
    origins: { ...origins, match: 'default', limit: 'default' },
  }).scope
}
