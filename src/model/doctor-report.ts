/** The report of `doctor`: what was looked at on both ends, what it means, and what mends it. */
import { EXIT, type ExitCode } from './failure.js'
import { printableText } from './printable.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

/** `must`: mend it before a migration; `warning`: it bites later; `note`: worth knowing; `ok`: as it should be. */
export type CheckLevel = 'ok' | 'note' | 'warning' | 'must'

export interface Check {
  /** Stable: one of `CHECKS`, or of the failures that keep an end from being looked at. */
  readonly id: string
  readonly level: CheckLevel
  /** No full stop. */
  readonly what: string
  /** Whole sentences; null where there is nothing to do. */
  readonly remedy: string | null
}

export interface DoctorEnd {
  readonly note: EndpointNote
  readonly checks: readonly Check[]
}

export interface DoctorReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'doctor'
  /** ISO 8601. */
  readonly startedAt: string
  readonly seconds: number
  /** Null where no setting names one. */
  readonly source: DoctorEnd | null
  readonly target: DoctorEnd | null
  /** That of the failure where an end could not be looked at, else 4 where something must be mended first. */
  readonly exitCode: ExitCode
}

interface CheckEntry {
  readonly level: CheckLevel
  /** `{name}` is filled from the facts. */
  readonly what: string
  readonly remedy: string | null
}

/** Every verdict with its wording. */
export const CHECKS = {
  // Redis
  'redis-server': { level: 'ok', what: '{server}, {keys} keys in logical database {db}', remedy: null },
  'redis-json': { level: 'ok', what: 'RedisJSON {version}', remedy: null },
  'redis-json-missing': {
    level: 'must',
    what: 'checkpoints here are JSON documents, and the server does not answer JSON.MGET',
    remedy: 'Load the RedisJSON module, or name the server itself where a proxy hides the command.',
  },
  'redis-json-unneeded': {
    level: 'note',
    what: 'no RedisJSON, and none of the {looked} keys looked at needs it',
    remedy: null,
  },
  'redis-empty': {
    level: 'must',
    what: 'no checkpoint among the {looked} keys looked at',
    remedy:
      'Check the number of the logical database and the key prefixes; cp-migrate detect looks at every key.',
  },
  'redis-other-database': {
    level: 'must',
    what: 'no checkpoint among the {looked} keys looked at, but logical {others} to hold some',
    remedy: 'Name it: --redis-db {first}.',
  },
  'redis-checkpoints': {
    level: 'ok',
    what: '{matching} of {looked} keys looked at are LangGraph checkpoints',
    remedy: null,
  },
  'redis-memory': { level: 'ok', what: '{used} of memory used, {limit}', remedy: null },
  'redis-memory-tight': {
    level: 'warning',
    what: '{used} of memory used, {limit}: {percent} % are full',
    remedy: 'Migrate soon. Reading takes no memory of the server; what fills it is the application.',
  },
  'redis-evicts': {
    level: 'warning',
    what: 'maxmemory-policy {policy} deletes keys when memory runs out, checkpoints among them',
    remedy: 'Until the cutover: CONFIG SET maxmemory-policy noeviction.',
  },
  'redis-policy': { level: 'ok', what: 'nothing is evicted ({policy})', remedy: null },
  'redis-persistence': { level: 'ok', what: 'survives a restart ({how})', remedy: null },
  'redis-no-persistence': {
    level: 'warning',
    what: 'keeps nothing over a restart: neither an append-only file nor snapshots',
    remedy: 'Migrate before the next restart, or CONFIG SET appendonly yes.',
  },
  'redis-save-failed': {
    level: 'warning',
    what: 'its last snapshot failed',
    remedy:
      'See its log, most often the disk is full. Until a snapshot succeeds it may refuse writes, purge-redis too.',
  },
  'redis-expiring': {
    level: 'warning',
    what: '{soon} of {looked} checkpoint keys looked at expire within 24 hours',
    remedy: 'Migrate them first; cp-migrate detect --expiring lists their threads.',
  },
  'redis-ttls': {
    level: 'note',
    what: '{expiring} of {keys} keys have a time to live; none of those looked at ends within 24 hours',
    remedy: null,
  },
  'redis-denied': {
    level: 'must',
    what: 'user {user} may not run {commands}, which reading needs',
    remedy: 'An administrator can grant it: ACL SETUSER {user} {rules}.',
  },
  'redis-purge-denied': {
    level: 'note',
    what: 'user {user} may not run {commands}; only purge-redis needs that, after the cutover',
    remedy: 'Nothing to do now. Then: ACL SETUSER {user} {rules}.',
  },
  'redis-keys-denied': {
    level: 'must',
    what: 'user {user} may not read every key',
    remedy:
      'An administrator can grant it: ACL SETUSER {user} %R~* (before Redis 7: ~*). A part of the checkpoints would be left out silently otherwise.',
  },
  'redis-permissions': {
    level: 'ok',
    what: 'user {user} may run all that reading and purging need',
    remedy: null,
  },
  'redis-replica': {
    level: 'note',
    what: 'this is a replica',
    remedy:
      'Good for rehearsals: it spares the master. The last pass before the cutover, and purge-redis, need the master.',
  },
  'redis-replica-cut': {
    level: 'must',
    what: 'this is a replica that has lost its master: what it holds is old',
    remedy: 'Wait until master_link_status is up, or name the master.',
  },
  'redis-snapshot': { level: 'ok', what: 'a file: there is no server to look at', remedy: null },
  // Postgres
  'postgres-server': {
    level: 'ok',
    what: 'Postgres {version}, schema {schema}, user {user}',
    remedy: null,
  },
  'postgres-nothing-yet': {
    level: 'note',
    what: 'no checkpoint tables yet',
    remedy: 'cp-migrate init{flags} makes them, exactly as the saver would.',
  },
  'postgres-tables': {
    level: 'ok',
    what: 'tables of the {saver} saver, steps up to {last}',
    remedy: null,
  },
  'postgres-tables-incomplete': {
    level: 'note',
    what: 'tables of the {saver} saver; missing for the newest one: {lacking}',
    remedy: 'cp-migrate init{flags} adds what is missing; rows stay.',
  },
  'postgres-js-rows': {
    level: 'must',
    what: 'tables of the JavaScript saver with its rows, and Redis holds threads of the Python saver',
    remedy: 'Rows of the two cannot share a schema: name another with --schema.',
  },
  'postgres-steps-missing': {
    level: 'note',
    what: 'checkpoint_migrations does not list {missing}, though the tables are there',
    remedy: 'cp-migrate init{flags} runs and records them; so does setup() of the saver.',
  },
  'postgres-rows': {
    level: 'note',
    what: 'about {rows} checkpoints are there already',
    remedy: 'They are kept. What equals is left, what differs is told as a conflict and never overwritten.',
  },
  'postgres-index-invalid': {
    level: 'must',
    what: 'index {index} is invalid: a CREATE INDEX CONCURRENTLY has failed',
    remedy: 'cp-migrate init{flags} makes it anew.',
  },
  'postgres-create-denied': {
    level: 'must',
    what: 'user {user} may not make {what}',
    remedy: '{grant}; or have an administrator run what cp-migrate init --print-sql prints.',
  },
  'postgres-rows-denied': {
    level: 'must',
    what: 'user {user} lacks {rights} on {table}',
    remedy: 'Have its owner grant it: GRANT {rights} ON {table} TO {user}.',
  },
  'postgres-lz4': { level: 'ok', what: 'large columns are compressed with lz4', remedy: null },
  'postgres-lz4-possible': {
    level: 'note',
    what: 'lz4 is there and not used',
    remedy: 'cp-migrate init{flags} --compression lz4 makes tables smaller and loads faster.',
  },
  'postgres-no-lz4': { level: 'note', what: 'this server has no lz4', remedy: null },
  'postgres-connections': { level: 'ok', what: '{free} of {limit} connections are free', remedy: null },
  'postgres-connections-few': {
    level: 'warning',
    what: '{free} of {limit} connections are free, and a migration takes up to {needed} beside the application',
    remedy: 'Raise max_connections, or close some.',
  },
  'postgres-connections-none': {
    level: 'must',
    what: '{free} of {limit} connections are free, and a migration takes up to {needed}',
    remedy: 'Raise max_connections, or close some.',
  },
  'postgres-ledger': { level: 'ok', what: 'ledger in schema {ledger}', remedy: null },
  'postgres-space': {
    level: 'note',
    what: 'to come: rows of at most about {rows}, and {ledger} of ledger for {keys} keys; the database takes {size} now',
    remedy: 'How much room the disk has SQL cannot tell: look on the server, {where}.',
  },
} as const satisfies Record<string, CheckEntry>
export type CheckId = keyof typeof CHECKS

type Facts = Readonly<Record<string, string | number>>
type BlanksOf<Text> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | BlanksOf<Rest> : never
type Blanks<Id extends CheckId> = BlanksOf<(typeof CHECKS)[Id]['what'] | (typeof CHECKS)[Id]['remedy']>

/** One verdict in words; the compiler asks for every blank. */
export function checkOf<Id extends CheckId>(
  id: Id,
  ...[facts]: [Blanks<Id>] extends [never] ? [] : [facts: Readonly<Record<Blanks<Id>, string | number>>]
): Check {
  const { level, what, remedy } = CHECKS[id] as CheckEntry
  return { id, level, what: filled(what, facts ?? {}), remedy: remedy && filled(remedy, facts ?? {}) }
}

const filled = (wording: string, facts: Facts): string =>
  wording.replace(/\{(\w+)\}/g, (_, name: string) => printableText(String(facts[name] ?? '?')))

/** Without the failures of ends that could not be looked at. */
export const exitCodeOfChecks = (checks: readonly Check[]): ExitCode =>
  checks.some(({ level }) => level === 'must') ? EXIT.differences : EXIT.ok
