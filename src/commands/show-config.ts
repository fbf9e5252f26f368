/** `cp-migrate config`: the settings as they would be used now, each with where it comes from. Connects to nothing. */

import { describeEndpoint } from '../model/endpoint.js'
import { EXIT, type ExitCode } from '../model/failure.js'
import { formatBytes, formatDuration } from '../report/format.js'
import { jsonText } from '../report/json-text.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config, SettingName } from './config.js'
import { layouts, locks, output, prefixes, source, target, threads, timeouts, tuning } from './options.js'

export const showConfig = {
  name: 'config',
  summary: 'shows every setting and where it comes from, without passwords',
  examples: [
    ['cp-migrate config', 'what the next command would use'],
    ['cp-migrate config --json', 'the same for a program'],
  ],
  declare: (command) => output(locks(timeouts(tuning(prefixes(layouts(threads(target(source(command))))))))),
  run: runConfig,
} as const satisfies CommandModule

async function runConfig(options: Options, context: Context): Promise<ExitCode> {
  const { readConfig } = await import('./config.js')
  const config = readConfig(options, context)
  const rows = (Object.keys(config.values) as SettingName[])
    .map((name) => ({ name, value: shown(config, name), origin: config.origins[name] }))
    .filter(({ origin, value }) => origin !== 'default' || value !== '')
  if (context.output.json) {
    context.stdout.write(jsonText({ schemaVersion: 1, command: 'config', settings: rows }))
    return EXIT.ok
  }
  const nameWidth = Math.max(...rows.map(({ name }) => name.length))
  const valueWidth = Math.max(...rows.map(({ value }) => value.length))
  for (const { name, value, origin } of rows) {
    context.stdout.write(`${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${origin}\n`)
  }
  return EXIT.ok
}

function shown({ values }: Config, name: SettingName): string {
  const value = values[name]
  if (value === undefined) return ''
  if (Array.isArray(value)) return value.join(', ')
  if (name === 'memory') return formatBytes(Number(value))
  if (name.endsWith('Timeout')) return formatDuration(Number(value) / 1000)
  if (typeof value !== 'object') return String(value)
  const login = [value.username && 'user', value.password && 'password'].filter(Boolean).join(' and ')
  return `${describeEndpoint(value)}${login === '' ? '' : ` (with ${login})`}`
}
