/** `cp-migrate threads`: the threads of Redis, of a snapshot or of Postgres, filtered and sorted. */
import type { Command } from 'commander'
import { EXIT, type ExitCode } from '../model/failure.js'
import { THREAD_ORDERS, type ThreadOrder } from '../model/threads-report.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import { formOf } from './form.js'
import { openEnd, whichEnd } from './one-end.js'
import {
  collect,
  eitherSource,
  eitherTarget,
  layouts,
  output,
  prefixes,
  timeouts,
  tuning,
  withOptions,
} from './options.js'

export const threads = {
  name: 'threads',
  summary: 'lists threads of Redis or Postgres: size, last activity, what waits for an answer',
  examples: [
    ['cp-migrate threads', 'of Redis, last written first'],
    ['cp-migrate threads --in postgres', 'of Postgres'],
    ['cp-migrate threads --waiting --older-than 7d', 'not answered for a week'],
    ['cp-migrate threads --sort size --limit 10', 'the ten largest'],
  ],
  declare: (command) =>
    withOptions(command, eitherSource, eitherTarget, which, layouts, prefixes, tuning, timeouts, output),
  run: runThreads,
} as const satisfies CommandModule

const which = (command: Command): Command =>
  whichEnd(command.optionsGroup('Threads'))
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
  try {
    const { end, note } = await openEnd(config, options, { connections, context })
    if (!context.output.quiet) context.stderr.write(`${note.endpoint} (${note.setBy})\n`)
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
        ...formOf(context),
        again: await flagsForOne(config, end.engine),
      }),
    )
    return EXIT.ok
  } finally {
    await connections.close()
  }
}

/** The user's own flags without those that choose among threads. */
async function flagsForOne(config: Config, engine: 'redis' | 'postgres'): Promise<string> {
  const { flagsAgain } = await import('./flags-again.js')
  const origins = { ...config.origins, match: 'default', limit: 'default' }
  const { target, scope } = flagsAgain({ ...config, origins })
  return engine === 'redis' ? scope : `${target}${scope}`
}
