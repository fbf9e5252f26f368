/** Completion for zsh, with what each word does beside it. */
import { type CommandSpec, type FlagSpec, quote } from './spec.js'

export function zshCompletion(commands: readonly CommandSpec[]): string {
  return `#compdef cp-migrate
# zsh completion for cp-migrate
# Now:     source <(cp-migrate completion zsh)
# Always:  cp-migrate completion zsh > "\${fpath[1]}/_cp-migrate"

_cp_migrate_commands() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary.replaceAll(':', '\\:')}`)}`).join('\n')}
    'help:prints the help of a command'
  )
  _describe -t commands command commands
}

_cp_migrate() {
  local context state line
  typeset -A opt_args
  _arguments -C \\
    '(-h --help)'{-h,--help}'[print this help]' \\
    '(-v --version)'{-v,--version}'[print the version]' \\
    '1: :_cp_migrate_commands' \\
    '*:: :->rest'
  [[ $state == rest ]] || return
  case $words[1] in
    help) _cp_migrate_commands ;;
${commands.map(commandCase).join('\n')}
  esac
}

if [[ $funcstack[1] == _cp-migrate ]]; then
  _cp_migrate "$@"
else
  compdef _cp_migrate cp-migrate
fi
`
}

function commandCase({ name, flags, words }: CommandSpec): string {
  const specs = flags.flatMap(flagSpecs)
  if (words === 'file') specs.push(quote('*:file:_files'))
  else if (words !== null) specs.push(quote(`1: :(${words.join(' ')})`))
  return `    ${name})
      _arguments ${specs.map((spec) => `\\\n        ${spec}`).join(' ')} ;;`
}

/** \`'(-q --quiet)-q[print …]'\`: each spelling, which excludes the others. */
function flagSpecs({ names, description, value, isOptional, isRepeatable }: FlagSpec): string[] {
  const text = description.replace(/[[\]\\:]/g, '\\$&')
  const others = isRepeatable ? '*' : names.length > 1 ? `(${names.join(' ')})` : ''
  const colon = isOptional ? '::' : ':'
  const action = value === 'file' ? '_files' : Array.isArray(value) ? `(${value.join(' ')})` : ' '
  const taken = value === null ? '' : `${colon}value:${action}`
  return names.map((name) => quote(`${others}${name}[${text}]${taken}`))
}
