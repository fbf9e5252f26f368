/** `cp-migrate purge-redis`: deletes keys whose threads are verified and unchanged; a plan unless `--yes` is given. Made for cron. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { type ExitCode, Failure } from '../model/failure.js'
import { shellWord } from '../model/printable.js'
import { type PurgeReport, purgeExitCodeOf } from '../model/purge-report.js'
import type { PurgeRequest } from '../verbs/purge/request.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { formOf } from './form.js'
import {
  collect,
  locks,
  output,
  prefixes,
  source,
  store,
  target,
  threads,
  timeouts,
  tuning,
  withOptions,
} from './options.js'
import { ReportOutput, reports } from './reports.js'
import { prefixesToRead } from './run-options.js'
import { parseDuration, parseSize } from './units.js'

export const purgeRedis = {
  name: 'purge-redis',
  summary: 'frees Redis of threads that are verified in Postgres and unchanged since; a plan unless --yes',
  examples: [
    ['cp-migrate purge-redis', 'what would go'],
    ['cp-migrate purge-redis --yes --archive purged.cpmarc', 'with a copy'],
    ['cp-migrate purge-redis --yes --quiet --older-than 7d', 'from cron'],
  ],
  declare: (command) =>
    withOptions(command, source, target, purge, threads, prefixes, store, tuning, timeouts, locks, output),
  run: runPurge,
} as const satisfies CommandModule

const purge = (command: Command): Command =>
  reports(
    command
      .optionsGroup('Purge')
      .option('--older-than <duration>', 'only threads without a change for so long; 0: of any age (24h)')
      .option('--archive <file>', 'write each key there before it goes; restore-archive brings it back')
      .option('--max-keys <n>', 'at most this many keys')
      .option('--max-value-bytes <size>', 'leave threads with a larger value alone, such as 5MB')
      .option('--rate <n>', 'at most this many keys a second')
      .option('--orphans', 'also writes and indexes whose checkpoint is gone')
      .option('--include-deleted', 'also threads of which rows were deleted in Postgres')
      .option('--include-skipped', 'also what migrate left out as it was told')
      .option('--strict', 'exit code 3 wherever a thread was left alone')
      .option('--yes', 'do it')
      // Never --layout: keys that were not looked at could be those of somebody who still writes.
      .option('--layout-file <file>', 'a saver of your own, as for migrate; may be repeated', collect),
  )

async function runPurge(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { Connections }] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
  ])
  const config = readConfig(options, context)
  const printed = new ReportOutput(options, context)
  const connections = new Connections(config, context)
  try {
    const report = await reportOf({ options, context, config, connections })
    await print(report, { config, context, options, printed })
    if (report.stoppedBy !== undefined) throw report.stoppedBy
    return purgeExitCodeOf(report)
  } finally {
    await connections.close()
  }
}

const DAY_MS = 24 * 3600 * 1000

/** What the flags say, checked before anything is opened. */
function rulesOf(options: Options) {
  const { olderThan, maxKeys, maxValueBytes, rate, orphans, includeDeleted, includeSkipped, strict } = options
  const olderThanMs =
    olderThan === undefined ? DAY_MS : olderThan === '0' ? 0 : parseDuration(String(olderThan))
  if (olderThanMs === null) {
    throw new Failure('bad-setting', {
      setBy: '--older-than',
      problem: `"${olderThan}" is no duration such as 24h`,
    })
  }
  return {
    olderThanMs,
    maxKeys: wholeNumber(maxKeys, '--max-keys'),
    maxValueBytes: sizeOf(maxValueBytes, '--max-value-bytes'),
    keysPerSecond: wholeNumber(rate, '--rate'),
    orphans: orphans === true,
    includeDeleted: includeDeleted === true,
    includeSkipped: includeSkipped === true,
    strict: strict === true,
  } satisfies Partial<PurgeRequest>
}

function wholeNumber(text: unknown, setBy: string): number | null {
  if (text === undefined) return null
  if (/^[1-9]\d{0,11}$/.test(String(text))) return Number(text)
  throw new Failure('bad-setting', { setBy, problem: 'a whole number from 1 is needed' })
}

function sizeOf(text: unknown, setBy: string): number | null {
  if (text === undefined) return null
  const bytes = parseSize(String(text))
  if (bytes !== null && bytes > 0) return bytes
  throw new Failure('bad-setting', { setBy, problem: `"${text}" is no size such as 5MB` })
}

async function reportOf(run: {
  readonly options: Options
  readonly context: Context
  readonly config: Config
  readonly connections: Connections
}): Promise<PurgeReport> {
  const { options, context, config, connections } = run
  const { values } = config
  const rules = rulesOf(options)
  const acts = options.yes === true
  const [
    verb,
    { openLedger },
    { openPurger, writableRedis },
    { readScope },
    { PurgeArchive },
    { purgeEndpointsLine },
    { chosenLayouts },
    { storeOf },
  ] = await Promise.all([
    import('../verbs/purge.js'),
    import('./ledger.js'),
    import('./purger.js'),
    import('./scope.js'),
    import('../verbs/purge/archive.js'),
    import('../report/purge-text.js'),
    import('./layouts.js'),
    import('./store.js'),
  ])
  writableRedis(config, purgeRedis.name) // refused before anything is opened
  const scope = readScope(config, context.cwd)
  const layouts = await chosenLayouts(config, context.cwd)
  const { source: redis, note: from, name } = await connections.source()
  const ledger = await openLedger(connections, config, { context, writes: acts })
  if (!context.output.quiet) {
    context.stderr.write(`${purgeEndpointsLine({ source: from, target: ledger.note })}\n`)
  }
  const lease = acts ? await ledger.lease('purge-redis') : null
  const purger = openPurger(config, purgeRedis.name)
  const archivePath = options.archive === undefined ? null : resolve(context.cwd, String(options.archive))
  let archive: Awaited<ReturnType<typeof PurgeArchive.open>> | null = null
  try {
    if (archivePath !== null && acts) {
      const at = new Date(context.now()).toISOString()
      archive = await PurgeArchive.open(archivePath, { at, sourceName: name, endpoint: from.endpoint })
    }
    return await verb.purge({
      ...rules,
      source: redis,
      purger,
      postgres: ledger.postgres,
      scope: { ...ledger.scope, sourceName: name },
      from,
      to: ledger.note,
      lease,
      prefixes: prefixesToRead(config),
      layouts,
      store: storeOf(config),
      threads: scope,
      archive,
      archivePath,
      memoryBytes: values.memory / 3,
      recover: ledger.recover(lease, from.endpoint),
      onEvent: context.onEvent,
      signal: context.signal,
      now: context.now,
    })
  } finally {
    await archive?.close()
    await purger.close()
    await lease?.release()
  }
}

async function print(
  report: PurgeReport,
  {
    config,
    context,
    options,
    printed,
  }: {
    readonly config: Config
    readonly context: Context
    readonly options: Options
    readonly printed: ReportOutput
  },
): Promise<void> {
  const [{ renderPurge }, { purgePage }, { purgeMeasures }, { flagsAgain }] = await Promise.all([
    import('../report/purge-text.js'),
    import('../report/page/purge-page.js'),
    import('../report/metrics/measures.js'),
    import('./flags-again.js'),
  ])
  const again = { ...flagsAgain(config), purge: purgeFlags(options) }
  await printed.print({
    text: (format) => renderPurge(report, { ...formOf(context), format, again }),
    page: () => purgePage(report, again),
    measures: () => purgeMeasures(report),
  })
}

const VALUE_FLAGS = ['older-than', 'archive', 'max-keys', 'max-value-bytes', 'rate'] as const
const SWITCHES = ['orphans', 'include-deleted', 'include-skipped', 'strict'] as const

/** The user's own, as they were given. */
function purgeFlags(options: Options): string {
  const optionOf = (flag: string): unknown =>
    options[flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())]
  return [
    ...VALUE_FLAGS.filter((flag) => optionOf(flag) !== undefined).map(
      (flag) => ` --${flag} ${shellWord(String(optionOf(flag)))}`,
    ),
    ...SWITCHES.filter((flag) => optionOf(flag) === true).map((flag) => ` --${flag}`),
  ].join('')
}
