/** `cp-migrate completion`: the script that lets a shell complete commands, flags and their values. */
import { Argument, Command, type Option } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import { type CommandSpec, type FlagSpec, SHELLS, type Shell } from '../report/completion/spec.js'
import type { CommandModule, Context } from './command.js'

/** Knows the words of `commands` and its own. */
export function completionOf(commands: readonly CommandModule[]): CommandModule {
  const completion: CommandModule = {
    name: 'completion',
    summary: 'prints a script that completes commands and flags in bash, zsh or fish',
    examples: [
      ['cp-migrate completion bash > shell.sh', 'then: source shell.sh'],
      ['cp-migrate completion fish | source', 'at once, in fish'],
    ],
    declare: (command) => command.addArgument(new Argument('<shell>', 'which one').choices(SHELLS)),
    run: (_, context, [shell]) => printScript([...commands, completion], shell as Shell, context),
  }
  return completion
}

async function printScript(
  commands: readonly CommandModule[],
  shell: Shell,
  { stdout }: Context,
): Promise<ExitCode> {
  const specs = commands.map(specOf)
  stdout.write(await scriptFor(shell, specs))
  return EXIT.ok
}

async function scriptFor(shell: Shell, specs: readonly CommandSpec[]): Promise<string> {
  switch (shell) {
    case 'bash':
      return (await import('../report/completion/bash.js')).bashCompletion(specs)
    case 'zsh':
      return (await import('../report/completion/zsh.js')).zshCompletion(specs)
    case 'fish':
      return (await import('../report/completion/fish.js')).fishCompletion(specs)
    default:
      throw new Failure('usage', { message: `no shell ${shell} is known`, command: 'cp-migrate completion' })
  }
}

/** What a command declares. */
function specOf({ name, summary, declare }: CommandModule): CommandSpec {
  const command = declare(new Command(name).helpOption('-h, --help', 'print this help'))
  const [argument] = command.registeredArguments
  const flags = command.options.map(flagOf)
  const help: FlagSpec = {
    names: ['-h', '--help'],
    description: 'print this help',
    value: null,
    isOptional: false,
    isRepeatable: false,
  }
  const words = argument?.argChoices ?? (/file|archive/.test(argument?.name() ?? '') ? 'file' : null)
  return { name, summary, flags: [...flags, help], words }
}

function flagOf({
  short,
  long,
  description,
  required,
  optional,
  argChoices,
  flags,
  parseArg,
}: Option): FlagSpec {
  const takesPath = /[<[](file|folder|path)[>\]]/.test(flags)
  return {
    names: [short, long].filter((name) => name !== undefined),
    description,
    value: required || optional ? (argChoices ?? (takesPath ? 'file' : 'text')) : null,
    isOptional: optional,
    // The flags that may come several times collect what they are given.
    isRepeatable: parseArg !== undefined && argChoices === undefined,
  }
}
