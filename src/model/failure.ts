/** Every reason a run can stop, with its wording and its exit code. Nothing else writes user-facing error text. */
import { printableText } from './printable.js'

/** Published once, never renumbered. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  rejects: 3,
  differences: 4,
  connection: 5,
  locked: 11,
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

interface FailureEntry {
  readonly exit: ExitCode
  /** What happened, no full stop; `{name}` is filled from the failure's facts, which never hold a secret. */
  readonly what: string
  /** What it means and what to do next, whole sentences; may use facts too. */
  readonly next: string
}

export const FAILURES = {
  unexpected: {
    exit: EXIT.failed,
    what: 'unexpected error: {message}',
    next: 'This is a defect of cp-migrate. Run again with --verbose and report what it prints.',
  },
  usage: { exit: EXIT.usage, what: '{message}', next: 'See {command} --help.' },
  'no-source': {
    exit: EXIT.usage,
    what: 'no Redis was named',
    next: 'Give --redis redis://HOST:6379/0, file:dump.rdb or sqlite:FILE.db, or set REDIS_URL in the environment or in .env.',
  },
  'no-target': {
    exit: EXIT.usage,
    what: 'no Postgres was named',
    next: 'Give --postgres postgres://HOST/DATABASE, or set CHECKPOINT_DB_URI in the environment or in .env.',
  },
  'bad-url': {
    exit: EXIT.usage,
    what: 'the URL in {setBy} cannot be used: {problem}',
    next: 'It should look like {example}.',
  },
  'bad-setting': {
    exit: EXIT.usage,
    what: '{setBy} is not valid: {problem}',
    next: 'cp-migrate config shows every value and where it comes from.',
  },
  'unreadable-file': {
    exit: EXIT.usage,
    what: 'cannot read the file {path} named by {setBy}: {problem}',
    next: 'Check the path and its permissions.',
  },
  'bad-layout-file': {
    exit: EXIT.usage,
    what: 'the layout file {path} is not valid: {problem}',
    next: 'What may stand where is told in docs/layout-files.md, with three complete files.',
  },
  'unknown-layout': {
    exit: EXIT.usage,
    what: 'there is no layout {name}; did you mean {nearest}?',
    next: 'There are: {known}.',
  },
  'two-dialects': {
    exit: EXIT.usage,
    what: 'the source holds threads of the Python and of the JavaScript runtime',
    next: 'Their rows cannot share a schema. Migrate twice: with --dialect python, and with --dialect js --schema ANOTHER.',
  },
  'nothing-called-so': {
    exit: EXIT.failed,
    what: '{endpoint} holds no key and no thread called "{name}"',
    next: 'Names are exact; cp-migrate detect says what is there.',
  },
  interrupted: {
    exit: EXIT.interrupted,
    what: 'stopped by Ctrl-C; what was committed stays',
    next: 'Run the same command again: it goes on where it stopped.',
  },
  aborted: {
    exit: EXIT.interrupted,
    what: 'stopped by its caller; what was committed stays',
    next: 'The same call goes on where it stopped.',
  },
  terminated: {
    exit: EXIT.terminated,
    what: 'stopped by a request to end; what was committed stays',
    next: 'Run the same command again: it goes on where it stopped.',
  },
  // Redis: reaching it and logging in
  'redis-refused': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: nothing listens there (connection refused)',
    next: 'Check host and port, and that Redis runs and listens on that address.',
  },
  'redis-unknown-host': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: the name {host} is not known',
    next: 'Check its spelling; names of containers and services resolve only inside their own network.',
  },
  'redis-no-answer': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: no answer within {seconds} s',
    next: 'A firewall may drop the packets, something else than Redis may listen there, or one side speaks TLS and the other does not: rediss:// encrypts, redis:// does not.',
  },
  'redis-unreachable': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: {problem}',
    next: 'Check host and port, and that Redis runs there.',
  },
  'redis-lost': {
    exit: EXIT.connection,
    what: 'the connection to {endpoint} was lost: {problem}',
    next: 'Run the same command again: it goes on where it stopped. Only purge-redis and restore-archive change anything in Redis.',
  },
  'redis-certificate': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: its certificate is not trusted ({problem})',
    next: 'Name the certificate of its authority with --redis-ca FILE (or REDIS_CA), and the name it bears with --redis-server-name where that is not the host. ?ssl_cert_reqs=none in the URL encrypts without checking who answers.',
  },
  'redis-certificate-wanted': {
    exit: EXIT.connection,
    what: '{endpoint} accepts only clients with a certificate of their own',
    next: 'Give one with --redis-cert FILE and --redis-key FILE (or REDIS_CERT and REDIS_KEY), or have the server run with tls-auth-clients no.',
  },
  'redis-without-tls': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: what answers there does not speak TLS ({problem})',
    next: 'Write redis:// where the network between is trusted, or name the TLS port of the server.',
  },
  'not-redis': {
    exit: EXIT.connection,
    what: '{endpoint} does not answer as Redis does: {problem}',
    next: 'Check host and port. A server that wants TLS hangs up on redis://: write rediss:// then.',
  },
  'redis-password': {
    exit: EXIT.connection,
    what: 'cannot log in to {endpoint}: wrong user name or password for user {user}',
    next: 'Check both in the URL; in it, signs such as @ / ? # are written %40 %2F %3F %23.',
  },
  'redis-no-password': {
    exit: EXIT.connection,
    what: 'cannot log in to {endpoint}: the server wants a password, and none was given',
    next: 'Write it into the URL (redis://:PASSWORD@HOST:6379/0), or keep the URL in REDIS_URL or in .env.',
  },
  'redis-full': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: it has no connection left ({problem})',
    next: 'Close others or raise maxclients, then run the same command again.',
  },
  'redis-loading': {
    exit: EXIT.connection,
    what: '{endpoint} is loading its data; waited {seconds} s for it',
    next: 'Run the same command again when it is up.',
  },
  'redis-master-down': {
    exit: EXIT.connection,
    what: '{endpoint} is a replica that has lost its master and refuses to answer',
    next: 'Name the master, or wait until the replica follows it again.',
  },
  // Redis: not a server we can read
  'redis-command-denied': {
    exit: EXIT.usage,
    what: 'user {user} of {endpoint} may not run {command}',
    next: 'An administrator can grant it: ACL SETUSER {user} {rule}. Reading needs +@read +@connection +info, and with RedisJSON +json.get +json.mget.',
  },
  'redis-keys-denied': {
    exit: EXIT.usage,
    what: 'user {user} of {endpoint} may not read every key that {command} asks for',
    next: 'An administrator can grant it: ACL SETUSER {user} %R~* (before Redis 7: ~*). A part of the checkpoints would be left out silently otherwise.',
  },
  'redis-cluster': {
    exit: EXIT.usage,
    what: '{endpoint} is a node of a Redis Cluster',
    next: 'One node holds a part of every thread, so it is refused until clusters are supported. Copy the data to a standalone server and name that.',
  },
  'redis-sentinel': {
    exit: EXIT.usage,
    what: '{endpoint} is a Sentinel: it watches servers and holds no keys',
    next: 'Name the master itself; SENTINEL GET-MASTER-ADDR-BY-NAME tells its address.',
  },
  'redis-too-old': {
    exit: EXIT.usage,
    what: '{endpoint} runs Redis {version}; 6 is the oldest that works',
    next: 'Load its data into a newer server and name that.',
  },
  'redis-no-database': {
    exit: EXIT.usage,
    what: '{endpoint} cannot be opened: the server has no logical database {db}',
    next: 'The number behind the port in the URL chooses it; most applications use 0.',
  },
  'redis-json-missing': {
    exit: EXIT.usage,
    what: '{endpoint} holds JSON documents but does not know {command}',
    next: 'Checkpoints of the official savers are JSON documents: load the RedisJSON module, or name the server itself where a proxy hides the command.',
  },
  'redis-command-missing': {
    exit: EXIT.usage,
    what: '{endpoint} does not know {command}',
    next: 'It is renamed or switched off there (rename-command in its configuration), or a proxy in between does not pass it on. Allow it, or name the server itself.',
  },
  'redis-error': {
    exit: EXIT.failed,
    what: '{endpoint} answered {command} with an error: {problem}',
    next: 'Run again with --verbose for the whole error. Only purge-redis and restore-archive change anything in Redis.',
  },
  // Redis: a snapshot's file
  'snapshot-unreadable': {
    exit: EXIT.usage,
    what: 'cannot read the snapshot {endpoint}: {problem}',
    next: 'Check the path and its permissions. A path without a leading / counts from the current folder.',
  },
  'not-a-snapshot': {
    exit: EXIT.usage,
    what: '{endpoint} is no RDB snapshot: {problem}',
    next: 'Name a file that SAVE or BGSAVE has written (dump.rdb), or an export of your provider in RDB format.',
  },
  'snapshot-version': {
    exit: EXIT.usage,
    what: '{endpoint} is a snapshot in version {version} of the format; {oldest} to {newest} are known',
    next: 'Load it into a server that reads it, and name that server.',
  },
  'snapshot-truncated': {
    exit: EXIT.failed,
    what: '{endpoint} is not whole: at byte {offset} begins what its end cuts off',
    next: 'A copy was broken off, or the server was still writing. Take it again; nothing was moved from it.',
  },
  'snapshot-damaged': {
    exit: EXIT.failed,
    what: '{endpoint} is damaged at byte {offset}: {problem}',
    next: 'Copy it again, in binary mode; redis-check-rdb says what a server makes of it.',
  },
  'snapshot-changed': {
    exit: EXIT.failed,
    what: '{endpoint} was written to while it was read',
    next: 'What was committed stays and is right. Run the same command again on a copy that nobody writes to.',
  },
  'snapshot-not-writable': {
    exit: EXIT.usage,
    what: '{command} cannot work on {endpoint}: a snapshot is a copy, and is only read',
    next: 'Name the server itself: --redis redis://HOST:6379/0.',
  },
  // A SQLite file
  'sqlite-missing': {
    exit: EXIT.usage,
    what: '{endpoint} needs the package node-sqlite3-wasm, which is not installed',
    next: 'Install it beside cp-migrate (npm install node-sqlite3-wasm).',
  },
  'sqlite-unreadable': {
    exit: EXIT.usage,
    what: 'cannot read the SQLite file {endpoint}: {problem}',
    next: 'Check the path and its permissions. A path without a leading / counts from the current folder.',
  },
  'sqlite-no-saver': {
    exit: EXIT.usage,
    what: '{endpoint} holds no tables of a LangGraph saver that is known: {problem}',
    next: 'Name the file that SqliteSaver was given. If the application has it open, NAME-wal must stand beside it: new data may be only there.',
  },
  'sqlite-busy': {
    exit: EXIT.failed,
    what: '{endpoint} was written to whenever it was copied, or a journal of an interrupted write stands beside it',
    next: 'Run the same command again at a quieter time, or on a copy: sqlite3 FILE ".backup copy.db".',
  },
  'sqlite-not-writable': {
    exit: EXIT.usage,
    what: '{command} cannot work on {endpoint}: it deletes or writes keys of a Redis, and SQLite files are only read',
    next: 'The file belongs to the application: once verify is content and nobody opens it any more, put it away yourself.',
  },
  // This machine
  'spill-failed': {
    exit: EXIT.failed,
    what: 'the list of keys does not fit into memory, and writing it to {folder} failed: {problem}',
    next: 'Make room there, name another folder in TMPDIR, or give more --memory.',
  },
  // Postgres: reaching it and logging in
  'postgres-refused': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: nothing listens there (connection refused)',
    next: 'Check host and port, and that Postgres runs and listens on that address.',
  },
  'postgres-unknown-host': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: the name {host} is not known',
    next: 'Check its spelling; names of containers and services resolve only inside their own network.',
  },
  'postgres-no-answer': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: no answer within {seconds} s',
    next: 'A firewall may drop the packets, or something else than Postgres listens on that port. --connect-timeout waits longer.',
  },
  'postgres-unreachable': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: {problem}',
    next: 'Check host and port, and that Postgres runs there.',
  },
  'postgres-lost': {
    exit: EXIT.connection,
    what: 'the connection to {endpoint} was lost: {problem}',
    next: 'What was not committed is undone. Run the same command again: it goes on where it stopped.',
  },
  'postgres-without-tls': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: the server does not encrypt, but the URL asks for it',
    next: 'Where the network between is trusted, write sslmode=disable in the URL.',
  },
  'postgres-certificate': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: its certificate is not trusted ({problem})',
    next: 'Name the certificate of its authority with --postgres-ca FILE (sslrootcert in the URL, PGSSLROOTCERT), and the name it bears with --postgres-server-name where that is not the host. sslmode=require without an authority encrypts and checks nothing.',
  },
  'postgres-certificate-wanted': {
    exit: EXIT.connection,
    what: '{endpoint} does not accept what this client shows of itself: {problem}',
    next: 'Give a certificate that its authority has signed with --postgres-cert FILE and --postgres-key FILE (sslcert and sslkey in the URL, PGSSLCERT and PGSSLKEY).',
  },
  'postgres-password': {
    exit: EXIT.connection,
    what: 'cannot log in to {endpoint}: wrong password for user {user}',
    next: 'Check user and password in the URL; in it, signs such as @ / ? # are written %40 %2F %3F %23.',
  },
  'postgres-no-password': {
    exit: EXIT.connection,
    what: 'cannot log in to {endpoint}: the server wants a password for user {user}, and none was given',
    next: 'Put it into the URL, into PGPASSWORD, or into .env.',
  },
  'postgres-not-admitted': {
    exit: EXIT.connection,
    what: 'cannot log in to {endpoint} as user {user}: {problem}',
    next: 'Check the user. Where the server speaks of "no encryption", add sslmode=require to the URL; of pg_hba.conf, it does not admit this machine.',
  },
  'postgres-full': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: it has no connection left for user {user}',
    next: 'Close others or raise its limit, then run the same command again.',
  },
  'postgres-starting': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: {problem}',
    next: 'It is starting, stopping or recovering. Run the same command again in a moment.',
  },
  'database-missing': {
    exit: EXIT.connection,
    what: 'cannot connect to {endpoint}: database "{database}" does not exist',
    next: 'Databases on that server that this user may open: {databases}.',
  },
  // Postgres: not a server we can write to
  'not-postgres': {
    exit: EXIT.usage,
    what: '{endpoint} is {engine}, not Postgres',
    next: 'The advisory locks and indexes that keep a migration safe do not work there. Name a Postgres server.',
  },
  'postgres-too-old': {
    exit: EXIT.usage,
    what: '{endpoint} runs Postgres {version}; 13 is the oldest that works',
    next: 'Upgrade the server, or name another.',
  },
  'postgres-encoding': {
    exit: EXIT.usage,
    what: 'database {endpoint} stores text as {encoding}, and checkpoints need UTF8',
    next: "Create a database with ENCODING 'UTF8' (TEMPLATE template0) and name that one.",
  },
  'transaction-pooler': {
    exit: EXIT.usage,
    what: '{endpoint} is a connection pooler in transaction mode: each transaction may reach another session',
    next: 'Locks would not hold there. Name the server itself or a session pooler: PgBouncer pool_mode=session, Supabase port 5432, Neon host without "-pooler".',
  },
  'postgres-standby': {
    exit: EXIT.usage,
    what: '{endpoint} is a standby: it can only be read',
    next: 'Name the primary server.',
  },
  'postgres-read-only': {
    exit: EXIT.usage,
    what: '{endpoint} lets user {user} only read (default_transaction_read_only is on)',
    next: 'Use a user that may write, or switch the setting off for this one.',
  },
  'permission-denied': {
    exit: EXIT.usage,
    what: 'user {user} may not make {what}: that needs {right} on {endpoint}',
    next: '{remedy}. Or have an administrator run what cp-migrate init --print-sql prints.',
  },
  'statement-denied': {
    exit: EXIT.usage,
    what: 'user {user} lacks a permission on {endpoint}: {problem}',
    next: 'Have its owner grant it: {grant}. What was not committed is undone; then run the same command again.',
  },
  // Postgres: what is there already
  'shallow-tables': {
    exit: EXIT.usage,
    what: 'schema {schema} of {endpoint} holds the tables of ShallowPostgresSaver ({evidence})',
    next: 'They keep one checkpoint per thread under the same names, so the full saver cannot use them. Name another schema with --schema, or move these tables away.',
  },
  'foreign-tables': {
    exit: EXIT.usage,
    what: "schema {schema} of {endpoint} holds a {table} that is not LangGraph's: {evidence}",
    next: 'It is left as it is. Name another schema with --schema, or rename that table.',
  },
  'tables-missing': {
    exit: EXIT.usage,
    what: 'schema {schema} of {endpoint} is not ready: it lacks {lacking}',
    next: "Run cp-migrate init{flags} first: it makes exactly what the official saver's setup() makes.",
  },
  'ledger-newer': {
    exit: EXIT.usage,
    what: 'the ledger in schema {schema} of {endpoint} was made by a newer cp-migrate (step {found}, this one knows {known})',
    next: 'Use that newer version.',
  },
  'ledger-names-taken': {
    exit: EXIT.usage,
    what: "schema {schema} of {endpoint} holds {tables}, which the ledger would need, and they are not the ledger's",
    next: 'Name another schema with --ledger-schema.',
  },
  'no-compression': {
    exit: EXIT.usage,
    what: 'the server at {endpoint} (Postgres {version}) cannot compress columns with {method}',
    next: 'It needs Postgres 14 or newer, built with {method}. Run init without --compression.',
  },
  'port-taken': {
    exit: EXIT.connection,
    what: 'nothing can listen on port {port} of this machine: {problem}',
    next: 'Name another one with --port.',
  },
  'pglite-missing': {
    exit: EXIT.usage,
    what: '{endpoint} needs the package @electric-sql/pglite, which is not installed',
    next: 'Install it beside cp-migrate (npm install @electric-sql/pglite), or name a Postgres server.',
  },
  'pglite-locked': {
    exit: EXIT.locked,
    what: '{endpoint} is in use by another process: {holder}',
    next: 'A database in a folder serves one process at a time. Let it end or stop it, then run this again.',
  },
  'pglite-unreadable': {
    exit: EXIT.connection,
    what: 'no database could be opened at {endpoint}: {problem}',
    next: 'Name a folder that does not exist yet, or one that PGlite made.',
  },
  'schema-locked': {
    exit: EXIT.locked,
    what: 'another cp-migrate init has held {endpoint} for {seconds} s ({holder})',
    next: 'Let it end, then run init again.',
  },
  'table-in-use': {
    exit: EXIT.failed,
    what: '{what} in {endpoint} could not be made: other sessions use the table all the time',
    next: 'Nothing was changed. Try again in a quieter moment, or end long transactions (pg_stat_activity).',
  },
  'init-unfinished': {
    exit: EXIT.failed,
    what: '{what} in {endpoint} is still missing after {rounds} attempts',
    next: 'Something else changes the tables at the same time. Stop it, then run init again.',
  },
  // The ledger and its lock
  'ledger-missing': {
    exit: EXIT.usage,
    what: 'there is no ledger in schema {ledger} of {endpoint}: what runs remember would have no place',
    next: 'Run cp-migrate init{flags} first: it makes the ledger and whatever else is missing.',
  },
  'unknown-run': {
    exit: EXIT.usage,
    what: 'there is no run {run} for schema {schema} of {endpoint}',
    next: 'cp-migrate status shows those there are.',
  },
  'target-locked': {
    exit: EXIT.locked,
    what: 'schema {schema} of {endpoint} is in use by another run: {holder}',
    next: 'Let it end or stop it, then run this again.',
  },
  'lease-lost': {
    exit: EXIT.locked,
    what: 'another run has taken over schema {schema} of {endpoint}: {holder}',
    next: 'What this one had committed stays and is on record; what it had not is undone. Let the other one end.',
  },
  'takeover-timeout': {
    exit: EXIT.locked,
    what: 'a batch of a former run is still at work in schema {schema} of {endpoint} after {seconds} s',
    next: 'Its process is gone, its transaction is not. Wait for it, or give --takeover-timeout more; pg_stat_activity shows it as cp-migrate.',
  },
  'commits-lost': {
    exit: EXIT.failed,
    what: '{endpoint} has lost {threads} threads that it had confirmed, as after a failover to a standby that was behind',
    next: 'Run the same command again: it brings what is missing.',
  },
  'purge-unfinished': {
    exit: EXIT.usage,
    what: 'a purge of {threads} threads has begun and not ended: without the ledger nobody could finish it',
    next: 'Let cp-migrate purge-redis finish it first.',
  },
  // Rollback, purge and its archive
  'no-such-run': {
    exit: EXIT.usage,
    what: 'run {run} cannot be rolled back in schema {schema} of {endpoint}: {why}',
    next: 'Runs that can be: {known}.',
  },
  'redis-keeps-keys': {
    exit: EXIT.failed,
    what: '{endpoint} refused to change keys: {problem}',
    next: 'What was changed before stays so and is on record. Run the same command again when it takes changes: it goes on where it stopped.',
  },
  'report-unwritable': {
    exit: EXIT.failed,
    what: 'cannot write the report {path}: {problem}',
    next: 'What the command did is done. The report stands above; name another file and run it again for the page.',
  },
  'archive-unwritable': {
    exit: EXIT.failed,
    what: 'cannot write the archive {path}: {problem}',
    next: 'No key was deleted that is not in it. Make room or name another file, then run the same command again.',
  },
  'archive-unreadable': {
    exit: EXIT.usage,
    what: 'cannot read the archive {path}: {problem}',
    next: 'Name a file that purge-redis --archive has written.',
  },
  // Postgres: a statement failed
  'statement-timeout': {
    exit: EXIT.failed,
    what: 'a statement on {endpoint} was cancelled: {problem}',
    next: 'What was not committed is undone. --statement-timeout 0 waits without limit.',
  },
  'disk-full': {
    exit: EXIT.failed,
    what: 'the disk of {endpoint} is full: {problem}',
    next: 'What was not committed is undone. Make room, then run the same command again.',
  },
  'memory-full': {
    exit: EXIT.failed,
    what: 'the server at {endpoint} has no memory left: {problem}',
    next: 'What was not committed is undone. Try again with --connections 1, or give the server more.',
  },
  'postgres-error': {
    exit: EXIT.failed,
    what: '{endpoint} refused a statement: {problem} (SQLSTATE {sqlstate})',
    next: 'What was not committed is undone. Run again with --verbose for the whole error.',
  },
} as const satisfies Record<string, FailureEntry>
export type FailureId = keyof typeof FAILURES

type Fact = string | number
type BlanksOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | BlanksOf<Rest>
  : never
type Blanks<Id extends FailureId> = BlanksOf<(typeof FAILURES)[Id]['what'] | (typeof FAILURES)[Id]['next']>
type FactArguments<Id extends FailureId> = [Blanks<Id>] extends [never]
  ? [facts?: Readonly<Record<string, Fact>>, cause?: unknown]
  : [facts: Readonly<Record<Blanks<Id>, Fact> & Record<string, Fact>>, cause?: unknown]

/**
 * Ends the run. `facts` fill the wording: the compiler asks for every blank of the entry. `cause` keeps the driver's own
 * error for --verbose.
 */
export class Failure<Id extends FailureId = FailureId> extends Error {
  readonly id: FailureId
  readonly facts: Readonly<Record<string, Fact>>
  constructor(id: Id, ...[facts, cause]: FactArguments<Id>) {
    super(id, { cause })
    this.name = 'Failure'
    this.id = id
    this.facts = facts ?? {}
  }
}

/** A failure in words: what happened, what to do next, and the exit code. */
export interface Explanation {
  readonly id: FailureId
  readonly what: string
  readonly next: string
  readonly exit: ExitCode
}

export function explain(failure: Failure): Explanation {
  const { what, next, exit } = FAILURES[failure.id]
  return { id: failure.id, what: filled(what, failure.facts), next: filled(next, failure.facts), exit }
}

const filled = (wording: string, facts: Readonly<Record<string, Fact>>): string =>
  wording.replace(/\{(\w+)\}/g, (_, name: string) => printableText(String(facts[name] ?? '?')))

/** Any thrown value as a failure; what is none of ours is a defect, and says so. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  const message = error instanceof Error ? error.message : textOf(error)
  return new Failure('unexpected', { message }, error)
}

/** Anything can be thrown, also what cannot be turned into text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return Object.prototype.toString.call(thrown)
  }
}
