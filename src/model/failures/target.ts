/** Failures about the tables and the ledger in it: what is missing, in another's hands, or not finished. */
import { EXIT, type FailureEntry } from './entry.js'

export const TARGET_FAILURES = {
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
  'no-pgvector': {
    exit: EXIT.usage,
    what: '{endpoint} has no extension vector, and the table for embeddings is made of it',
    next: 'Install pgvector on that server; or leave --vector-dims out: store items are moved without their embeddings.',
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
} as const satisfies Record<string, FailureEntry>
