/** `cp-migrate init`: makes the saver's tables and the ledger, or says what is missing. */
import type { Command } from 'commander'
import { EXIT, type ExitCode, Failure } from '../model/failure.js'
import type { InitReport } from '../model/init-report.js'
import { shellWord } from '../model/printable.js'
import { initEndpointLine, initExitCodeOf, renderInit } from '../report/init-text.js'
import type { CommandModule, Context, Options } from './command.js'
import type { Config } from './config.js'
import { formOf } from './form.js'
import { eitherSource, eitherTarget, included, output, prefixes, timeouts, withOptions } from './options.js'

export const init = {
  name: 'init',
  summary: "makes the official saver's tables and the ledger in Postgres, where they are missing",
  examples: [
    ['cp-migrate init', 'what setup() makes, and the ledger'],
    ['cp-migrate init --check', 'only looks; exits 4 if it is not whole'],
    ['cp-migrate init --print-sql > init.sql', 'for whoever may create tables'],
    ['cp-migrate init --to redis://HOST', 'for the way back'],
    ['cp-migrate init --compression lz4', 'smaller tables, faster loads'],
    ['cp-migrate init --include store', 'tables for the long-term memory'],
  ],
  declare: (command) => withOptions(command, eitherSource, eitherTarget, shape, prefixes, timeouts, output),
  run: runInit,
} as const satisfies CommandModule

const shape = (command: Command): Command =>
  included(command.optionsGroup('Tables'))
    .option('--vector-dims <n>', 'with the store: its table for embeddings of so many dimensions (pgvector)')
    .addOption(
      command
        .createOption(
          '--dialect <language>',
          "whose tables: python (JavaScript's saver can use them too) or js",
        )
        .choices(['python', 'js'])
        .default('python'),
    )
    .addOption(
      command
        .createOption(
          '--compression <method>',
          'compress large columns with lz4; setup() leaves it to the server',
        )
        .choices(['lz4', 'pglz']),
    )
    .option('--defer-indexes', 'leave the thread_id indexes for after the load')
    .option('--check', 'change nothing; exit code 4 when something is missing')
    .option('--print-sql', 'change nothing; print the missing as a script for psql')

async function runInit(options: Options, context: Context): Promise<ExitCode> {
  const [{ readConfig }, { Connections }, verb] = await Promise.all([
    import('./config.js'),
    import('./connections.js'),
    import('../verbs/init.js'),
  ])
  const config = readConfig(options, context, { goesBack: true })
  const planOnly = options.check === true || options.printSql === true
  const compression = options.compression as 'lz4' | 'pglz' | undefined
  const wanted = {
    ledgerSchema: config.values.ledgerSchema,
    dialect: options.dialect as 'python' | 'js',
    deferIndexes: options.deferIndexes === true,
    // By default the tables go where the saver itself would look: the URL or the role may set a search path.
    ...(config.origins.schema === 'default' ? {} : { schema: config.values.schema }),
    ...(compression === undefined ? {} : { compression }),
    ...storeOf(options),
  }
  if (config.direction === 'back') return runBack(options, context, config)
  if (config.values.postgres === undefined) {
    if (options.printSql !== true) throw new Failure('no-target')
    context.stdout.write(await verb.initScript(wanted))
    return EXIT.ok
  }

  const connections = new Connections(config, context)
  try {
    const { target: postgres } = await connections.target({ writes: !planOnly, makes: !planOnly })
    const schema = verb.schemaOf(postgres, wanted)
    if (!context.output.quiet) {
      context.stderr.write(
        `${initEndpointLine({ endpoint: postgres.name, schema })} (${config.origins.postgres})\n`,
      )
    }
    const report = await verb.init(postgres, { ...wanted, planOnly }, context)
    if (options.printSql === true) {
      context.stdout.write(report.script === '' ? '-- Nothing is missing.\n' : report.script)
      return options.check === true ? initExitCodeOf(report) : EXIT.ok
    }
    const { flagsAgain } = await import('./flags-again.js')
    print(report, context, { ...initFlags(options), target: flagsAgain(config).target })
    return initExitCodeOf(report)
  } finally {
    await connections.close()
  }
}

/** Throws `bad-setting` where the number of dimensions is none that pgvector has. */
function storeOf({ include, vectorDims }: Options): { store?: { vectorDims: number | null } } {
  const dims = vectorDims === undefined ? null : String(vectorDims)
  const setBy = '--vector-dims'
  if (dims !== null && (!/^[1-9]\d{0,4}$/.test(dims) || Number(dims) > 16_000))
    throw new Failure('bad-setting', { setBy, problem: 'a whole number from 1 to 16000 is needed' })
  if (dims !== null && include === undefined)
    throw new Failure('bad-setting', { setBy, problem: 'it needs --include store' })
  return include === undefined ? {} : { store: { vectorDims: dims === null ? null : Number(dims) } }
}

async function runBack(options: Options, context: Context, config: Config): Promise<ExitCode> {
  const [{ Connections }, { initBack }, { flagsAgain }] = await Promise.all([
    import('./connections.js'),
    import('./init-back.js'),
    import('./flags-again.js'),
  ])
  if (options.printSql === true)
    throw new Failure('usage', { message: '--print-sql is for Postgres', command: 'cp-migrate init' })
  const connections = new Connections(config, context)
  try {
    const wanted = { dialect: options.dialect as 'python' | 'js', planOnly: options.check === true }
    const report = await initBack({ config, context, connections }, wanted)
    const again = { target: flagsAgain(config).target, init: initFlags(options).init }
    print(report, context, again)
    return initExitCodeOf(report)
  } finally {
    await connections.close()
  }
}

function print(
  report: InitReport,
  context: Context,
  again: { readonly target: string; readonly init: string },
): void {
  context.stdout.write(
    renderInit(report, {
      ...formOf(context),
      again,
    }),
  )
}

/** What the user typed of what is init's own, for the next command. */
function initFlags({ dialect, compression, deferIndexes, include, vectorDims }: Options) {
  const flag = (name: string, value: unknown) => ` --${name} ${shellWord(String(value))}`
  return {
    init: [
      dialect === 'js' ? flag('dialect', dialect) : '',
      compression === undefined ? '' : flag('compression', compression),
      deferIndexes === true ? ' --defer-indexes' : '',
      include === undefined ? '' : flag('include', include),
      vectorDims === undefined ? '' : flag('vector-dims', vectorDims),
    ].join(''),
    migrate: include === undefined ? '' : flag('include', include),
  }
}
