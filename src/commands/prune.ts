/** `cp-migrate prune`: removes old checkpoints from Postgres; a plan unless `--yes` is given. */
import type { Command } from 'commander'
import { type ExitCode, Failure } from '../model/failure.js'
import { type PruneRule, pruneExitCodeOf } from '../model/prune-report.js'
import type { Postgres } from '../target/connection/connect.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import { formOf } from './form.js'
import { collect, locks, output, target, timeouts, withOptions } from './options.js'

export const prune = {
  name: 'prune',
  summary: 'removes old checkpoints from Postgres; a plan unless --yes is given',
  examples: [
    ['cp-migrate prune --latest-only', 'what could go; a plan'],
    ['cp-migrate prune --keep-last 10 --yes', 'keeps ten of each thread'],
    ['cp-migrate prune --older-than 90d --yes --quiet', 'for cron'],
    ['cp-migrate prune --by-redis-ttl --yes', 'keeps to the TTLs of Redis'],
  ],
  declare: (command) => withOptions(command, target, rule, which, timeouts, locks, output),
  run: runPrune,
} as const satisfies CommandModule

const rule = (command: Command): Command =>
  command
    .optionsGroup('What goes; one of these')
    .option('--older-than <duration>', 'whole threads that were last written before that, such as 30d')
    .option('--keep-last <n>', 'of each namespace all but the newest checkpoints, as the official prune()')
    .option('--latest-only', 'the same as --keep-last 1')
    .option(
      '--by-redis-ttl',
      'whole threads that would have expired in Redis by now, as the ledger has recorded it',
    )
    .option('--yes', 'do it')

const which = (command: Command): Command =>
  command
    .optionsGroup('Threads')
    .option('--thread <id>', 'only this thread; may be given several times', collect)
    .option('--threads-from <file>', 'only the threads in this file, one id a line (- reads standard input)')
    .option('--match <glob>', 'only threads whose id matches, such as "user-4*"; may be repeated', collect)

async function runPrune(options: Options, context: Context): Promise<ExitCode> {
  const [
    { readConfig },
    { Connections },
    { readScope },
    { threadFilter },
    { hasLedger, requireTables },
    verb,
    text,
    again,
  ] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
    import('./scope.js'),
    import('../model/scope.js'),
    import('../verbs/target-tables.js'),
    import('../verbs/prune.js'),
    import('../report/prune-text.js'),
    import('./flags-again.js'),
  ])
  const config = readConfig(options, context)
  const { rule: chosen, flag } = await ruleOf(options)
  const scope = readScope(config, context.cwd)
  const connections = new Connections(config, context)
  const acts = options.yes === true
  try {
    const { target: postgres, note } = await connections.target({ writes: acts })
    const { schema, endpoint } = note
    const { ledgerSchema } = config.values
    await requireTables(postgres, { schema, ledgerSchema })
    if (!context.output.quiet) context.stderr.write(`${text.pruneEndpointLine({ target: note })}\n`)
    if (chosen.byRedisTtl && !(await hasLedger(postgres, ledgerSchema)))
      throw new Failure('ledger-missing', {
        endpoint,
        ledger: ledgerSchema,
        flags: again.flagsAgain(config).target,
      })
    const lock = acts ? await lockOf(postgres, schema, { config, context }) : null
    try {
      const report = await verb.prune({
        postgres,
        schema,
        ledgerSchema,
        to: note,
        rule: chosen,
        named: scope.threads,
        wants: threadFilter(scope),
        acting: lock,
        onEvent: context.onEvent,
        signal: context.signal,
        now: context.now,
      })
      const flags = again.flagsAgain(config)
      context.stdout.write(
        text.renderPrune(report, {
          ...formOf(context),
          again: `${flags.target}${flags.scope} ${flag}`,
        }),
      )
      if (report.stoppedBy !== undefined) throw report.stoppedBy
      return pruneExitCodeOf(report)
    } finally {
      await lock?.release()
    }
  } finally {
    await connections.close()
  }
}

async function ruleOf(options: Options): Promise<{ readonly rule: PruneRule; readonly flag: string }> {
  const { readBounds, boundsAgain } = await import('./bounds.js')
  const { olderThan, keepLast, latestOnly } = options
  const bounds = { olderThan, keepLast, latestOnly }
  const byRedisTtl = options.byRedisTtl === true
  if (Object.values(bounds).filter((value) => value !== undefined).length + Number(byRedisTtl) !== 1) {
    const message = 'give one of --older-than, --keep-last, --latest-only and --by-redis-ttl'
    throw new Failure('usage', { message, command: 'cp-migrate prune' })
  }
  const { olderThanMs, keepLast: newest } = readBounds(bounds)
  const flag = byRedisTtl ? '--by-redis-ttl' : boundsAgain(bounds).trim()
  return { rule: { olderThanMs, keepLast: newest, byRedisTtl }, flag }
}

/** The lock of the target: with the ledger's token where there is a ledger. Throws `target-locked`. */
async function lockOf(
  postgres: Postgres,
  schema: string,
  { config, context }: { readonly config: Config; readonly context: Context },
) {
  const { ledgerSchema, takeoverTimeout: takeoverTimeoutMs } = config.values
  const [{ hasLedger }, { takeLease }, { advisoryKeyOf, tryAdvisoryLock }] = await Promise.all([
    import('../verbs/target-tables.js'),
    import('../target/ledger/lease.js'),
    import('../target/connection/advisory-lock.js'),
  ])
  const { signal } = context
  try {
    if (await hasLedger(postgres, ledgerSchema))
      return await takeLease(postgres, { schema, ledgerSchema, verb: 'prune', takeoverTimeoutMs, signal })
    const session = await postgres.open()
    if (await tryAdvisoryLock(session, advisoryKeyOf('target', schema)))
      return { fence: async () => {}, release: () => session.close() }
    await session.close()
    throw new Failure('target-locked', { endpoint: postgres.name, schema, holder: 'another cp-migrate' })
  } catch (error) {
    throw error instanceof Failure ? error : postgres.failureOf(error)
  }
}
