/** `cp-migrate config`: the settings as they would be used now, each with where it comes from. Connects to nothing. */

import { EXIT, type ExitCode } from '../model/failure.js'
import { nearestOf } from '../model/nearest.js'
import { printableText } from '../model/printable.js'
import { jsonText } from '../report/json-text.js'
import type { CommandModule, Context, Options } from './command.js'
import {
  layouts,
  locks,
  output,
  pace,
  prefixes,
  source,
  target,
  threads,
  timeouts,
  tuning,
  withOptions,
} from './options.js'
import type { Variables } from './variables.js'

export const showConfig = {
  name: 'config',
  summary: 'shows every setting and where it comes from, without passwords',
  examples: [
    ['cp-migrate config', 'what the next command would use'],
    ['cp-migrate config --json', 'the same for a program'],
  ],
  declare: (command) =>
    withOptions(command, source, target, threads, layouts, prefixes, tuning, pace, timeouts, locks, output),
  run: runConfig,
} as const satisfies CommandModule

async function runConfig(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { shownSettings }, { VARIABLES }, { readVariables }] = await Promise.all([
    import('./config.js'),
    import('./shown-settings.js'),
    import('./settings.js'),
    import('./variables.js'),
  ])
  const config = readConfig(options, context, { goesBack: true })
  const unknown = strangersAmong(readVariables(context.env, context.cwd), Object.values(VARIABLES).flat())
  const rows = shownSettings(config)
  if (context.output.json) {
    context.stdout.write(
      jsonText({ schemaVersion: 1, command: 'config', settings: rows, unknown, exitCode: EXIT.ok }),
    )
    return EXIT.ok
  }
  const nameWidth = Math.max(...rows.map(({ name }) => name.length))
  const valueWidth = Math.max(...rows.map(({ value }) => value.length))
  for (const { name, value, origin } of rows) {
    context.stdout.write(`${name.padEnd(nameWidth)}  ${value.padEnd(valueWidth)}  ${origin}\n`)
  }
  for (const { origin, nearest } of unknown) {
    context.stdout.write(`\n${printableText(origin)} is no setting; did you mean ${nearest}?\n`)
  }
  context.stdout.write('\nNext  cp-migrate doctor   whether both ends are ready\n')
  return EXIT.ok
}

const OWN_PREFIX = 'CP_MIGRATE_'

/** Variables that look like ours and are none: most likely a slip of the keyboard. */
function strangersAmong(
  variables: Variables,
  known: readonly string[],
): { readonly origin: string; readonly nearest: string }[] {
  const ours = known.filter((name) => name.startsWith(OWN_PREFIX))
  return variables
    .beginningWith(OWN_PREFIX)
    .filter(({ name }) => !ours.includes(name.replace(/_FILE$/, '')) && !name.startsWith(TEST_PREFIX))
    .map(({ name, origin }) => ({ origin, nearest: nearestOf(name, ours) }))
}

/** Of our own tests. */
const TEST_PREFIX = 'CP_MIGRATE_TEST_'
