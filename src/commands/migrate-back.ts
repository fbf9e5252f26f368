/** `cp-migrate migrate --from postgres:… --to redis:…`: the way back. */
import { type Bounds, isBounded } from '../model/bounds.js'
import { Failure } from '../model/failure.js'
import type { MigrateReport } from '../model/report.js'
import type { ThreadScope } from '../model/scope.js'
import { migrateBack } from '../verbs/migrate-back.js'
import type { Context, Options } from './command.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { runOptions } from './run-options.js'
import { openWayBack, prefixesOf, wayBackLine } from './way-back.js'

/** Options that have no meaning for keys. */
const ONLY_THERE = [
  'onExisting',
  'restoreDeleted',
  'allowOlderHead',
  'layout',
  'layoutFile',
  'include',
] as const

/** Throws `usage` for options that only the way there takes. */
export async function reportOfBack(run: {
  readonly options: Options
  readonly context: Context
  readonly config: Config
  readonly scope: ThreadScope
  readonly bounds: Bounds
  readonly connections: Connections
}): Promise<MigrateReport> {
  const { options, context, config, scope, bounds, connections } = run
  const misplaced = ONLY_THERE.find((name) => options[name] !== undefined)
  if (misplaced !== undefined || isBounded(bounds)) {
    const flag = misplaced?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    const message = `${flag === undefined ? 'a bound' : `--${flag}`} is for the way to Postgres; back goes everything of a thread`
    throw new Failure('usage', { message, command: 'cp-migrate migrate' })
  }
  const { values } = config
  const dryRun = options.dryRun === true
  const ttlSeconds = ttlOf(options.ttl)
  const prefixes = prefixesOf(config)
  const ends = await openWayBack(connections, config, {
    command: 'migrate',
    writes: true,
    needsLedger: !dryRun,
    ttlSeconds,
  })
  if (!context.output.quiet) context.stderr.write(`${wayBackLine(ends)}\n`)
  await ends.checkTables(null)
  return migrateBack({
    ...ends,
    schema: ends.from.schema,
    ledgerSchema: values.ledgerSchema,
    dryRun,
    dialect: (options.dialect ?? null) as 'python' | 'js' | null,
    prefixes,
    scope,
    ttlSeconds,
    restart: options.restart === true,
    strict: options.strict === true,
    pace: await connections.paceOf(ends.redis.source),
    ...runOptions(config, context),
  })
}

/** Whole minutes as seconds: the saver counts so. */
function ttlOf(text: unknown): number | null {
  if (text === undefined) return null
  if (/^[1-9]\d{0,8}$/.test(String(text))) return Number(text) * 60
  throw new Failure('bad-setting', {
    setBy: '--ttl',
    problem: `"${text}" is no whole number of minutes from 1 on`,
  })
}
