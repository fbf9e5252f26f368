/** `cp-migrate verify --from postgres:… --to redis:…`: both sides of the way back. */
import { Failure } from '../model/failure.js'
import type { VerifyReport } from '../model/verify-report.js'
import { verifyBack } from '../verbs/verify-back.js'
import type { Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { chosenLayouts } from './layouts.js'
import { openLedger } from './ledger.js'
import { runOptions } from './run-options.js'
import { readScope } from './scope.js'
import { openWayBack, prefixesOf, wayBackLine } from './way-back.js'

const ONLY_THERE = ['ledger', 'sample', 'seed', 'sinceRun', 'limit'] as const

/** Throws `usage` for options that only the way there takes. */
export async function reportOfBack(run: {
  readonly options: Options
  readonly context: Context
  readonly config: Config
  readonly connections: Connections
}): Promise<VerifyReport> {
  const { options, context, config, connections } = run
  const misplaced = ONLY_THERE.find((name) => options[name] !== undefined)
  if (misplaced !== undefined) {
    const message = `--${misplaced === 'sinceRun' ? 'since-run' : misplaced} is for the way to Postgres`
    throw new Failure('usage', { message, command: 'cp-migrate verify' })
  }
  const { values } = config
  const { ledgerSchema } = values
  const ends = await openWayBack(connections, config, {
    command: 'verify',
    writes: false,
    needsLedger: false,
  })
  const { postgres, from, to, names, redis, checkTables } = ends
  if (!context.output.quiet) context.stderr.write(`${wayBackLine(ends)}\n`)
  await ends.checkTables(null)
  const scope = { ledgerSchema, sourceName: names.source, targetSchema: names.target }
  const ledger = ends.hasLedger ? await openLedger(connections, config, { context, writes: false }) : null
  return verifyBack({
    postgres,
    checkTables,
    schema: from.schema,
    ledger: ends.hasLedger ? scope : null,
    source: redis.source,
    hasWrites: (documents) => redis.writer.hasWrites(documents),
    from,
    to,
    dialect: (options.dialect ?? null) as 'python' | 'js' | null,
    prefixes: { ...prefixesOf(config), checkpointBlob: values.checkpointBlobPrefix },
    layouts: await chosenLayouts(config, context.cwd),
    scope: readScope(config, context.cwd),
    showValues: options.showValues === true,
    recover: ledger?.recover(null, to.endpoint) ?? (async (error) => Promise.reject(error)),
    ...runOptions(config, context),
  })
}
