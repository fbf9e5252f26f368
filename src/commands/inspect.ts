/** `cp-migrate inspect KEY|THREAD`: one key or one thread decoded for a human. The one command that shows values unasked. */
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import type { CommandModule, Context, Options } from './command.js'
import { formOf } from './form.js'
import { openEnd, whichEnd } from './one-end.js'
import { eitherSource, eitherTarget, layouts, output, prefixes, timeouts, withOptions } from './options.js'

export const inspect = {
  name: 'inspect',
  summary: 'decodes one key or one thread for a human; shows what it holds',
  examples: [
    ['cp-migrate inspect t-88', 'a thread, decoded'],
    ['cp-migrate inspect t-88 --json', 'all of it, for a program'],
    ['cp-migrate inspect KEY', 'a key: what it is, what it holds'],
    ['cp-migrate inspect --raw KEY', 'its bytes taken apart, with offsets'],
    ['cp-migrate inspect --in postgres t-88', 'the thread in Postgres'],
  ],
  declare: (command) =>
    withOptions(command, eitherSource, eitherTarget, look, layouts, prefixes, timeouts, output),
  run: runInspect,
} as const satisfies CommandModule

const look = (command: Command): Command =>
  whichEnd(
    command.argument('<name>', 'the exact name of a key, or the id of a thread').optionsGroup('What to show'),
  )
    .option('--raw', "a key's bytes taken apart, a line a piece, with offsets")
    .option('--full', 'every checkpoint and every value whole')
    .option('--checkpoint <id>', 'the values of this checkpoint instead of the newest')
    .option('--as-thread', 'take the name for a thread even where there is a key called so')

async function runInspect(
  options: Options,
  context: Context,
  positionals: readonly string[],
): Promise<ExitCode> {
  const [{ readConfig }, { Connections }, verb, { renderInspect }, { flagsAgain }] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
    import('../verbs/inspect.js'),
    import('../report/inspect/text.js'),
    import('./flags-again.js'),
  ])
  const [name] = positionals
  if (name === undefined)
    throw new Failure('usage', { message: 'a key or a thread is missing', command: 'cp-migrate inspect' })
  const config = readConfig(options, context, { goesBack: true })
  const connections = new Connections(config, context)
  const { json, quiet } = context.output
  try {
    const { end, note } = await openEnd(config, options, { connections, context })
    if (!quiet) context.stderr.write(`${note.endpoint} (${note.setBy})\n`)
    if (end.engine === 'postgres' && options.raw === true) {
      const message = '--raw takes keys of Redis apart; in Postgres there are none'
      throw new Failure('usage', { message, command: 'cp-migrate inspect' })
    }
    const report = await verb.inspect({
      end,
      from: note,
      name,
      asThread: options.asThread === true,
      values:
        options.checkpoint === undefined
          ? json || options.full === true
            ? 'all'
            : 'newest'
          : { checkpointId: String(options.checkpoint) },
      signal: context.signal,
      now: context.now,
    })
    const again = flagsAgain(config)
    const isInPostgres = end.engine === 'postgres'
    context.stdout.write(
      renderInspect(report, {
        ...formOf(context),
        format: json ? 'json' : 'text',
        raw: options.raw === true,
        full: options.full === true,
        again: isInPostgres ? `${again.target}${again.scope}` : again.scope,
        isInPostgres,
      }),
    )
    return EXIT.ok
  } finally {
    await connections.close()
  }
}
