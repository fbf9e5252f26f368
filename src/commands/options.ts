/** Option groups: functions that add a few options to a command, so that commands share them without a base class. */
import type { Command } from 'commander'
import type { Options, Output } from './command.js'

type OptionGroup = (command: Command) => Command

/** In the order in which the help shows them. */
export const withOptions = (command: Command, ...groups: readonly OptionGroup[]): Command =>
  groups.reduce((declared, group) => group(declared), command)

const sourceGroup =
  (from: string): OptionGroup =>
  (command) =>
    command
      .optionsGroup('Source')
      .option(
        '--redis <url>',
        'Redis to read, redis://HOST:6379/0; or file:dump.rdb, sqlite:FILE.db (or REDIS_URL)',
      )
      .option('--from <url>', from)
      .option('--source-name <name>', 'what the ledger calls it (its host, port and database)')

const targetGroup =
  (to: string): OptionGroup =>
  (command) =>
    command
      .optionsGroup('Target')
      .option(
        '--postgres <url>',
        'Postgres to write, postgres://HOST/DATABASE (or CHECKPOINT_DB_URI, DATABASE_URL, PG…)',
      )
      .option('--to <url>', to)
      .option('--schema <name>', "schema of the saver's tables (where it would look by itself: public)")
      .option('--ledger-schema <name>', 'schema of what runs remember (cp_migrate)')

/** Where the checkpoints are. */
export const source = sourceGroup('the same as --redis')
/** Where they go. */
export const target = targetGroup('the same as --postgres')

/** The same two for commands that know the way back, too. */
export const eitherSource = sourceGroup('the same as --redis; back: postgres://HOST/DATABASE, --to redis://…')
export const eitherTarget = targetGroup(
  'the same as --postgres; back: redis://HOST:6379/0, --from postgres://…',
)

/** Which threads. */
export const threads: OptionGroup = (command) =>
  command
    .optionsGroup('Threads')
    .option('--thread <id>', 'only this thread; may be given several times', collect)
    .option('--threads-from <file>', 'only the threads in this file, one id a line (- reads standard input)')
    .option('--match <glob>', 'only threads whose id matches, such as "user-4*"; may be repeated', collect)
    .option('--limit <n>', 'at most this many threads')

/** Names that the savers let their users choose. */
export const prefixes: OptionGroup = (command) =>
  command
    .optionsGroup('Key prefixes, where the saver was given its own; each may be repeated')
    .option('--checkpoint-prefix <text>', 'instead of checkpoint', collect)
    .option('--checkpoint-write-prefix <text>', 'instead of checkpoint_write', collect)
    .option('--checkpoint-blob-prefix <text>', 'instead of checkpoint_blob', collect)

/** LangGraph's long-term memory: it goes only where it is asked for. */
export const store: OptionGroup = (command) => {
  included(command.optionsGroup('Long-term memory'))
  return command
    .option('--store-prefix <text>', 'its keys, instead of store; may be repeated', collect)
    .option('--store-vector-prefix <text>', 'its embeddings, instead of store_vectors', collect)
}

export const included: OptionGroup = (command) =>
  command.addOption(
    command.createOption('--include <what>', "store: LangGraph's long-term memory, too").choices(['store']),
  )

/** Where the keys are none that we know by ourselves, or could be several. */
export const layouts: OptionGroup = (command) =>
  command
    .optionsGroup('Layouts')
    .option('--layout-file <file>', 'a saver of your own (docs/layout-files.md)', collect)
    .option('--layout <name>', 'only keys of this layout')

/** What a run may use. */
export const tuning: OptionGroup = (command) =>
  command.optionsGroup('Tuning').option('--memory <size>', 'memory for data on its way (48MB)')

/** For who converts a lot. */
export const processors: OptionGroup = (command) =>
  command.optionsGroup('Tuning').option('--jobs <n>', 'move threads side by side on so many processors (1)')

/** How kind to a source that others use at the same time. */
export const pace: OptionGroup = (command) =>
  command
    .optionsGroup('Tuning')
    .option('--rate <n>', 'read at most so much a second: 2000 (keys), 20MB')
    .option('--redis-max-latency <duration>', 'rest while Redis answers later than this, such as 20ms')

/** How to reach the ends that the command has already: certificates for each, and how long servers may take. */
export const timeouts: OptionGroup = (command) => {
  const has = (flag: string): boolean => command.options.some(({ long }) => long === flag)
  if (has('--redis')) redisAccess(command)
  if (has('--postgres')) postgresAccess(command)
  return command
    .optionsGroup('Timeouts')
    .option('--wait <duration>', 'for servers that are still starting (not at all)')
    .option('--connect-timeout <duration>', 'for a server to accept a connection (10s)')
    .option('--statement-timeout <duration>', 'for Postgres to finish one statement (no limit)')
}

const redisAccess: OptionGroup = (command) =>
  command
    .optionsGroup('Access to Redis; a password belongs into REDIS_PASSWORD or the URL')
    .option('--redis-db <number>', 'logical database (or REDIS_DB)')
    .option('--redis-user <name>', 'user (or REDIS_USERNAME)')
    .option('--redis-ca <file>', 'certificate of the authority to trust (or REDIS_CA)')
    .option('--redis-cert <file>', 'certificate to show (or REDIS_CERT)')
    .option('--redis-key <file>', 'its key (or REDIS_KEY)')
    .option('--redis-server-name <name>', "that the server's certificate bears (the host)")

const postgresAccess: OptionGroup = (command) =>
  command
    .optionsGroup('Access to Postgres; a password belongs into PGPASSWORD or the URL')
    .option('--postgres-ca <file>', 'certificate of the authority to trust (or PGSSLROOTCERT)')
    .option('--postgres-cert <file>', 'certificate to show (or PGSSLCERT)')
    .option('--postgres-key <file>', 'its key (or PGSSLKEY)')
    .option('--postgres-server-name <name>', "that the server's certificate bears (the host)")
    .option('--connections <n>', 'at most so many at once, and one for the lock (3)')

/** How long a run waits for another, and for a server that went away. */
export const locks: OptionGroup = (command) =>
  command
    .option('--retry-for <duration>', 'for a server that goes away in the middle of a run (5m)')
    .option('--takeover-timeout <duration>', 'for the last batch of a run that is gone (60s)')

/** How the command talks. */
export const output: OptionGroup = (command) =>
  command
    .optionsGroup('Output')
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'print one line of summary, no progress')
    .option('--verbose', 'tell settings, servers, batches and retries; of an error its cause and stack')
    .option('--no-color', 'no colours (or NO_COLOR)')
    .addOption(
      command
        .createOption('--progress <how>', 'on stderr: auto, json (a line a second) or none (auto)')
        .choices(['auto', 'json', 'none']),
    )
    .addOption(
      command.createOption('--log-format <form>', 'messages on stderr (text)').choices(['text', 'json']),
    )
    .option('--metrics-file <file>', 'metrics for Prometheus: .prom, for the textfile collector')

/** For options that may be given several times. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
]

/** Read without the configuration: its own errors are printed by them too. `NO_COLOR` counts as soon as it is set to anything (no-color.org). */
export function outputOf(options: Options, env: Readonly<Record<string, string | undefined>>): Output {
  return {
    json: options.json === true || options.format === 'json',
    markdown: options.format === 'markdown' && options.json !== true,
    quiet: options.quiet === true,
    progress: progressOf(options),
    log: options.logFormat === 'json' ? 'json' : 'text',
    verbose: options.verbose === true,
    color: options.color !== false && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
  }
}

function progressOf({ progress, quiet, logFormat }: Options): Output['progress'] {
  if (quiet === true || progress === 'none') return 'none'
  return progress === 'json' || (progress === undefined && logFormat === 'json') ? 'json' : 'auto'
}
