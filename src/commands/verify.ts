/** `cp-migrate verify`: reads both sides again and compares them, value by value. */
import type { Command } from 'commander'
import { type ExitCode, Failure } from '../model/failure.js'
import { exitCodeOfVerify, type VerifyReport } from '../model/verify-report.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { formOf } from './form.js'
import {
  eitherSource,
  eitherTarget,
  layouts,
  locks,
  output,
  pace,
  prefixes,
  store,
  threads,
  timeouts,
  tuning,
  withOptions,
} from './options.js'
import { ReportOutput, reports } from './reports.js'
import { prefixesToRead, runOptions } from './run-options.js'

export const verify = {
  name: 'verify',
  summary: 'reads both sides again and compares every value; exit code 4 for any difference',
  examples: [
    ['cp-migrate verify', 'everything, on record'],
    ['cp-migrate verify --thread t-12', 'only this thread'],
    ['cp-migrate verify --sample 200 --seed 7', '200 threads, always the same'],
    ['cp-migrate verify --to redis://HOST', 'the way back'],
    ['cp-migrate verify --ledger', 'without Redis: rows against digests'],
  ],
  declare: (command) =>
    withOptions(
      command,
      eitherSource,
      eitherTarget,
      threads,
      which,
      layouts,
      prefixes,
      store,
      tuning,
      pace,
      timeouts,
      locks,
      output,
    ),
  run: runVerify,
} as const satisfies CommandModule

const which = (command: Command): Command =>
  reports(
    command
      .option('--sample <n>', 'so many threads, chosen by chance')
      .option('--seed <text>', 'of the sample: the same threads for the same seed')
      .option('--since-run <id>', 'only threads that this run or a later one changed')
      .optionsGroup('Comparison')
      .option('--ledger', 'without Redis: rows against what the ledger recorded of them')
      .option('--show-values', 'print how values begin, where they differ')
      .addOption(
        command
          .createOption('--dialect <language>', 'whose saver reads the target (that of what is found)')
          .choices(['python', 'js']),
      ),
  )

async function runVerify(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { Connections }] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
  ])
  const config = readConfig(options, context, { goesBack: true })
  const chosen = choiceOf(options, context)
  const printed = new ReportOutput(options, context)
  const connections = new Connections(config, context)
  try {
    const run = { options, context, config, connections, chosen }
    const report =
      config.direction === 'back'
        ? await (await import('./verify-back.js')).reportOfBack(run)
        : await reportOf(run)
    await print(report, config, context, printed)
    if (report.stoppedBy !== undefined) throw report.stoppedBy
    return exitCodeOfVerify(report)
  } finally {
    await connections.close()
  }
}

interface Choice {
  readonly sample: { readonly size: number; readonly seed: string } | null
  readonly sinceRun: number | null
}

function choiceOf({ sample, seed, sinceRun, ledger }: Options, { now }: Context): Choice {
  if (ledger === true && sample !== undefined) {
    throw new Failure('usage', {
      message: '--sample chooses threads of Redis, which --ledger does without',
      command: 'cp-migrate verify',
    })
  }
  const size = wholeNumber(sample, '--sample')
  return {
    sample: size === null ? null : { size, seed: seed === undefined ? String(now()) : String(seed) },
    sinceRun: wholeNumber(sinceRun, '--since-run'),
  }
}

function wholeNumber(text: unknown, setBy: string): number | null {
  if (text === undefined) return null
  if (/^[1-9]\d{0,8}$/.test(String(text))) return Number(text)
  throw new Failure('bad-setting', { setBy, problem: `"${text}" is no whole number from 1 on` })
}

async function reportOf(run: {
  readonly options: Options
  readonly context: Context
  readonly config: Config
  readonly connections: Connections
  readonly chosen: Choice
}): Promise<VerifyReport> {
  const { options, context, config, connections, chosen } = run
  const [verb, { storeOf }, { openBoth }, { verifyEndpointsLine }, { readScope }, { chosenLayouts }] =
    await Promise.all([
      import('../verbs/verify.js'),
      import('./store.js'),
      import('./both-sides.js'),
      import('../report/verify/render.js'),
      import('./scope.js'),
      import('./layouts.js'),
    ])
  const scope = readScope(config, context.cwd)
  const layouts = await chosenLayouts(config, context.cwd)
  const dialect = (options.dialect ?? null) as 'python' | 'js' | null
  const sides = await openBoth(connections, config, {
    withoutSource: options.ledger === true,
    needsLedger: options.ledger === true || chosen.sinceRun !== null,
    dialect,
  })
  if (!context.output.quiet)
    context.stderr.write(`${verifyEndpointsLine({ source: sides.from, target: sides.to })}\n`)
  return verb.verify({
    ...sides,
    ...chosen,
    dialect,
    store: storeOf(config),
    layouts,
    scope,
    prefixes: prefixesToRead(config),
    showValues: options.showValues === true,
    ...runOptions(config, context),
  })
}

async function print(
  report: VerifyReport,
  config: Config,
  context: Context,
  printed: ReportOutput,
): Promise<void> {
  const [{ renderVerify }, { verifyPage }, { verifyMeasures }, { flagsAgain }] = await Promise.all([
    import('../report/verify/render.js'),
    import('../report/page/verify-page.js'),
    import('../report/metrics/measures.js'),
    import('./flags-again.js'),
  ])
  const again = flagsAgain(config)
  await printed.print({
    text: (format) => renderVerify(report, { ...formOf(context), format, again }),
    page: () => verifyPage(report, again),
    measures: () => verifyMeasures(report),
  })
}
