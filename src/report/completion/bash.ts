/** Completion for bash 4 and newer. */
import type { CommandSpec, FlagSpec } from './spec.js'

export function bashCompletion(commands: readonly CommandSpec[]): string {
  const names = commands.map(({ name }) => name)
  const flags = commands.flatMap((command) => command.flags)
  const valued = new Map(flags.filter(isValued).flatMap((flag) => flag.names.map((name) => [name, flag])))
  const files = [...valued].filter(([, { value }]) => value === 'file').map(([name]) => name)
  const texts = [...valued].filter(([, { value }]) => value === 'text').map(([name]) => name)
  const chosen = [...valued].filter(([, { value }]) => Array.isArray(value))
  return `# bash completion for cp-migrate
# Now:     source <(cp-migrate completion bash)
# Always:  cp-migrate completion bash > ~/.local/share/bash-completion/completions/cp-migrate

_cp_migrate() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' words='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${names.join('|')}) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  case $before in
    ${files.join('|')})
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
${chosen.map(([name, { value }]) => `    ${name}) mapfile -t COMPREPLY < <(compgen -W '${(value as string[]).join(' ')}' -- "$current"); return ;;`).join('\n')}
    ${texts.join('|')}) return ;;
  esac
  case $command in
    '') words='${[...names, 'help', '--help', '--version'].join(' ')}' ;;
${commands.map((command) => `    ${command.name}) words='${wordsOf(command)}' ;;`).join('\n')}
  esac
${commands
  .filter(({ words }) => words === 'file')
  .map(
    ({ name }) => `  if [[ $command == ${name} && $current != -* ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    return
  fi
`,
  )
  .join('')}  [[ $before == help && -z $command ]] && words='${names.join(' ')}'
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _cp_migrate cp-migrate
`
}

/** What follows is its value; an optional one may also be the next flag. */
const isValued = ({ value, isOptional }: FlagSpec): boolean => value !== null && !isOptional

const wordsOf = ({ flags, words }: CommandSpec): string =>
  [...(Array.isArray(words) ? words : []), ...flags.flatMap(({ names }) => names)].join(' ')
