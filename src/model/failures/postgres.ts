/** Failures about Postgres as a server: reaching it, logging in, what a statement ran into. */
import { EXIT, type FailureEntry } from './entry.js'

export const POSTGRES_FAILURES = {
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
  'no-compression': {
    exit: EXIT.usage,
    what: 'the server at {endpoint} (Postgres {version}) cannot compress columns with {method}',
    next: 'It needs Postgres 14 or newer, built with {method}. Run init without --compression.',
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
