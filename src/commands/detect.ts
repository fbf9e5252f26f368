/** `cp-migrate detect`: which savers wrote into a Redis, how sure that is, what would become of every key. */
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import type { CommandModule, Context, Options } from './command.js'
import { formOf } from './form.js'
import { layouts, output, prefixes, source, timeouts, withOptions } from './options.js'
import { ReportOutput, reports } from './reports.js'
import { prefixesToRead } from './run-options.js'
import { parseDuration } from './units.js'

export const detect = {
  name: 'detect',
  summary: 'says which savers wrote into Redis, in seconds: names of all keys, values of a few',
  examples: [
    ['cp-migrate detect', 'layouts, threads, sizes'],
    ['cp-migrate detect --expiring', 'also lists the threads that expire within a day'],
    ['cp-migrate detect --json', 'the same for a program'],
  ],
  declare: (command) => withOptions(command, source, look, layouts, prefixes, timeouts, output),
  run: runDetect,
} as const satisfies CommandModule

const look = (command: Command): Command =>
  reports(
    command
      .optionsGroup('What to look for')
      .option('--expiring [duration]', 'list threads that expire within this time (24h)'),
  )

const DAY_MS = 24 * 3600 * 1000

async function runDetect(options: Options, context: Context): Promise<ExitCode> {
  const [
    { readConfig },
    { chosenLayouts },
    { Connections },
    verb,
    { renderDetect },
    { detectPage },
    { detectMeasures },
    { flagsAgain },
  ] = await Promise.all([
    import('./config.js'),
    import('./layouts.js'),
    import('./connections.js'),
    import('../verbs/detect.js'),
    import('../report/detect-text.js'),
    import('../report/page/detect-page.js'),
    import('../report/metrics/measures.js'),
    import('./flags-again.js'),
  ])
  const config = readConfig(options, context)
  const expiringWithinMs = expiringOf(options)
  const layouts = await chosenLayouts(config, context.cwd)
  const printed = new ReportOutput(options, context)
  const connections = new Connections(config, context)
  try {
    const { source: from, note } = await connections.source()
    if (!context.output.quiet) context.stderr.write(`${note.endpoint} (${note.setBy})\n`)
    const report = await verb.detect({
      source: from,
      from: note,
      prefixes: prefixesToRead(config),
      layouts,
      expiringWithinMs,
      onEvent: context.onEvent,
      signal: context.signal,
      now: context.now,
    })
    const again = flagsAgain(config).scope
    await printed.print({
      text: (format) => renderDetect(report, { ...formOf(context), format, again }),
      page: () => detectPage(report, again),
      measures: () => detectMeasures(report),
    })
    return EXIT.ok
  } finally {
    await connections.close()
  }
}

function expiringOf({ expiring }: Options): number | null {
  if (expiring === undefined) return null
  if (expiring === true) return DAY_MS
  const ms = parseDuration(String(expiring))
  if (ms !== null && ms > 0) return ms
  throw new Failure('bad-setting', {
    setBy: '--expiring',
    problem: `"${String(expiring)}" is no duration such as 24h`,
  })
}
