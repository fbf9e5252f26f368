/** Completion for fish, with what each word does beside it. */
import { type CommandSpec, type FlagSpec, quote } from './spec.js'

export function fishCompletion(commands: readonly CommandSpec[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  return `# fish completion for cp-migrate
# Now:     cp-migrate completion fish | source
# Always:  cp-migrate completion fish > ~/.config/fish/completions/cp-migrate.fish

set -l commands ${names} help
complete -c cp-migrate -f
complete -c cp-migrate -n "not __fish_seen_subcommand_from $commands" -s h -l help -d 'print this help'
complete -c cp-migrate -n "not __fish_seen_subcommand_from $commands" -s v -l version -d 'print the version'
${commands
  .map(
    ({ name, summary }) =>
      `complete -c cp-migrate -n "not __fish_seen_subcommand_from $commands" -a ${name} -d ${quote(summary)}`,
  )
  .join('\n')}
complete -c cp-migrate -n '__fish_seen_subcommand_from help' -a ${quote(names)}
${commands.map(commandLines).join('\n')}
`
}

function commandLines({ name, flags, words }: CommandSpec): string {
  const here = `complete -c cp-migrate -n '__fish_seen_subcommand_from ${name}'`
  const lines = flags.map((flag) => `${here} ${flagText(flag)}`)
  if (words === 'file') lines.push(`${here} -F`)
  else if (words !== null) lines.push(`${here} -a ${quote(words.join(' '))}`)
  return lines.join('\n')
}

function flagText({ names, description, value, isOptional }: FlagSpec): string {
  const spellings = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  )
  // -r: a value must follow; -F: which is a path; -x: which is one of a list, or anything but a path.
  const taken =
    value === null || isOptional
      ? ''
      : value === 'file'
        ? '-r -F'
        : Array.isArray(value)
          ? `-x -a ${quote(value.join(' '))}`
          : '-x'
  return [...spellings, taken, `-d ${quote(description)}`].filter((part) => part !== '').join(' ')
}
