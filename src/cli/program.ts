/** Turns the list of commands into a commander program. Has no effects of its own: what happens is handed in. */
import { Command } from 'commander'
import type { CommandModule, Options } from '../commands/command.js'
import { EXIT_TABLE } from './exit-table.js'

export interface ProgramParts {
  readonly version: string
  readonly commands: readonly CommandModule[]
  /** Width of the help. */
  readonly columns: number
  /** Takes the help and the version. */
  readonly write: (text: string) => void
  readonly execute: (module: CommandModule, options: Options, positionals: readonly string[]) => Promise<void>
}

const DESCRIPTION =
  'Moves LangGraph checkpoints from Redis to Postgres, so that the unmodified official savers go on with every thread.'

export function buildProgram({ version, commands, columns, write, execute }: ProgramParts): Command {
  const program = new Command('cp-migrate')
    .description(`${DESCRIPTION}\n\n${examplesText(commands.map(({ examples }) => examples[0]!))}`)
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', `\n${EXIT_TABLE}`)
    // Before the subcommands are added: they inherit it. Errors are thrown and worded in main.ts.
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: write, outputError: () => {} })
    .configureHelp({ helpWidth: columns, styleTitle: (title) => title.replace(/:$/, '') })
  for (const module of commands) {
    const command = module
      .declare(program.command(module.name))
      .summary(module.summary)
      .description(
        `${module.summary[0]!.toUpperCase()}${module.summary.slice(1)}.\n\n${examplesText(module.examples)}`,
      )
      .optionsGroup('Help')
      .helpOption('-h, --help', 'print this help')
      .addHelpText('after', `\n${EXIT_TABLE}`)
    command.action(async () => execute(module, command.opts(), command.args))
  }
  return program
}

function examplesText(examples: CommandModule['examples']): string {
  const width = Math.max(...examples.map(([line]) => line.length))
  return ['Examples', ...examples.map(([line, does]) => `  ${line.padEnd(width)}  ${does}`)].join('\n')
}
