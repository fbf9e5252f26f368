/** From the command line to an exit code. Catches everything, and is the only place that explains an error. */
import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import type { CommandModule, Options } from '../commands/command.js'
import { COMMANDS } from '../commands/index.js'
import { outputOf } from '../commands/options.js'
import { EXIT, type ExitCode, Failure, failureOf } from '../model/failure.js'
import type { Secret } from '../model/secret.js'
import { HELP_COLUMNS, withContext } from './context.js'
import type { MetricsFile } from './metrics-file.js'
import { printFailure } from './print-failure.js'
import { buildProgram } from './program.js'
import { processTerminal, type Terminal } from './terminal.js'

/** `argv` without node and script. */
export async function main(
  argv: readonly string[],
  terminal: Terminal = processTerminal(),
  commands: readonly CommandModule[] = COMMANDS,
): Promise<ExitCode> {
  const words = wordsOf(argv, commands)
  const secrets = new Set<Secret>()
  const written = { stdout: false }
  const stdout = {
    write(text: string): void {
      written.stdout = true
      terminal.stdout.write(text)
    },
  }
  let output = outputOf(
    {
      json: words.includes('--json') || words[words.indexOf('--format') + 1] === 'json',
      verbose: words.includes('--verbose'),
      logFormat: words[words.indexOf('--log-format') + 1],
    },
    terminal.env,
  )
  let commandLine = 'cp-migrate'
  let exit: ExitCode = EXIT.ok
  let metrics: MetricsFile | null = null

  const execute = async (module: CommandModule, options: Options, positionals: readonly string[]) => {
    output = outputOf(options, terminal.env)
    commandLine = `cp-migrate ${module.name}`
    const onMetrics = (file: MetricsFile): void => {
      metrics = file
    }
    const world = { terminal, output, options, commandName: module.name, stdout, secrets, onMetrics }
    exit = await withContext(world, (context) => module.run(options, context, positionals))
  }
  const program = buildProgram({
    version: readVersion(),
    commands,
    columns: Math.min(terminal.stdout.columns || HELP_COLUMNS, HELP_COLUMNS),
    write: stdout.write,
    execute,
  })
  const fail = (failure: Failure): ExitCode =>
    printFailure(failure, { terminal, output, secrets, commandLine, alone: !written.stdout })
  terminal.onCrash((error) => terminal.exit(fail(failureOf(error))))
  const run = async (): Promise<ExitCode> => {
    try {
      await program.parseAsync(words, { from: 'user' })
      return exit
    } catch (error) {
      if (!(error instanceof CommanderError)) return fail(failureOf(error))
      return error.exitCode === 0 ? EXIT.ok : fail(usageFailure(error, words, commands))
    }
  }
  const code = await run()
  // Assigned while the command ran, which the compiler does not follow.
  ;(metrics as MetricsFile | null)?.end(code)
  return code
}

/**
 * What commander is given. `--name=value` becomes two words: commander quotes unknown words in its errors, and the value may hold
 * a password. `help migrate` is `migrate --help`, nothing at all is `--help`.
 */
function wordsOf(argv: readonly string[], commands: readonly CommandModule[]): string[] {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  const options = argv.slice(0, end)
  const [first, second] = options
  if (first === undefined || (first === 'help' && second === undefined)) return ['--help']
  if (first === 'help') return commands.some(({ name }) => name === second) ? [second!, '--help'] : [second!]
  return [
    ...options.flatMap((word) => /^(--[^=]+)=(.*)$/s.exec(word)?.slice(1) ?? [word]),
    ...argv.slice(end),
  ]
}

function usageFailure(
  error: CommanderError,
  words: readonly string[],
  commands: readonly CommandModule[],
): Failure {
  const named = commands.find(({ name }) => name === words[0])
  const quotable = words
    .filter((word) => word.includes('@') || word.includes('://'))
    .reduce((message, word) => message.replaceAll(word, '***'), error.message)
  const message = quotable.replace(/^error: /, '').replace(/\s*\n\s*\(Did you mean/, ' (did you mean')
  return new Failure('usage', { message, command: named ? `cp-migrate ${named.name}` : 'cp-migrate' }, error)
}

const readVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version
