/** What a purge would delete or has deleted, and every thread it left alone with its reason. All of it may be shown: no payload. */
import { EXIT, type ExitCode, explain, type Failure } from './failure.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

interface LeftText {
  /** After `12 threads`; no full stop. */
  readonly title: string
  readonly remedy: string
}

/** Why keys stay. Ids are stable: they are printed in JSON. In the order of how much there is to do. */
export const PURGE_LEFT = {
  changed: {
    title: 'changed in Redis since they were verified',
    remedy: 'cp-migrate migrate, then verify, bring them up to date.',
  },
  'in-use': {
    title: 'with keys that no run of migrate has seen: somebody writes to them',
    remedy: 'cp-migrate migrate, then verify, bring them up to date.',
  },
  'not-verified': { title: 'not verified yet', remedy: 'cp-migrate verify compares them.' },
  differs: { title: 'that differ in Postgres', remedy: 'cp-migrate verify says where.' },
  partial: { title: 'partly migrated', remedy: 'What was rejected is in Redis alone: they stay whole.' },
  rejected: { title: 'that could not be migrated', remedy: 'They are in Redis alone.' },
  'not-migrated': { title: 'not migrated', remedy: 'cp-migrate migrate moves them.' },
  orphans: {
    title: 'of which only writes and indexes are left, their checkpoints are gone',
    remedy: '--orphans deletes them.',
  },
  skipped: {
    title: 'left out of the migration by their age',
    remedy: '--include-skipped deletes them: they are in Redis alone.',
  },
  deleted: {
    title: 'of which rows were deleted in Postgres',
    remedy: '--include-deleted deletes their keys in Redis too.',
  },
  'too-young': { title: 'active within --older-than', remedy: 'They go when they are older.' },
  'age-unknown': {
    title: 'whose age nothing tells',
    remedy: '--older-than 0 takes threads of any age.',
  },
  'large-values': {
    title: 'with a value larger than --max-value-bytes',
    remedy:
      'Comparing a value keeps the server busy for as long as reading it does: take them at a quiet hour.',
  },
  'max-keys': { title: 'beyond --max-keys', remedy: 'The next purge goes on with them.' },
} as const satisfies Record<string, LeftText>
export type PurgeLeft = keyof typeof PURGE_LEFT

export interface LeftThread {
  readonly threadId: string
  readonly reason: PurgeLeft
  /** Keys, checkpoints or a time. No full stop; empty where there is nothing to add. */
  readonly detail: string
  /** By `--thread` or `--threads-from`. */
  readonly named: boolean
}

/** Keys that only a flag of their own sends away, by thread. */
export interface ListedThread {
  readonly threadId: string
  readonly why: 'orphans' | 'deleted' | 'skipped'
  readonly keys: number
}

export interface PurgeReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'purge-redis'
  /** True: a plan, and nothing was changed. */
  readonly planOnly: boolean
  readonly strict: boolean
  /** ISO 8601. */
  readonly startedAt: string
  seconds: number
  readonly source: EndpointNote
  readonly target: EndpointNote
  /** Null where none was asked for. */
  readonly archive: string | null
  /** Where values are compared with what was verified: in the server, or here where scripts are switched off. */
  compares: 'on the server' | 'here'
  threads: {
    /** All that the scope selects and that have keys in Redis. */
    selected: number
    purged: number
    /** Of `purged`: those that an earlier purge had begun. */
    finished: number
    left: number
    /** Of `left`: those that were named. */
    namedLeft: number
    /** Named, and neither in Redis nor in the ledger. */
    readonly notFound: string[]
  }
  keys: {
    deleted: number
    /** Gone before we came. */
    absent: number
    /** Keys of purged threads that stay: foreign ones, orphans, indexes that name them. */
    kept: number
  }
  /** Memory of the deleted keys, as the server measures it. */
  bytes: number
  /** Keys that were archived. */
  archived: number
  readonly lefts: Partial<Record<PurgeLeft, number>>
  /** The first ones of each reason. */
  readonly left: LeftThread[]
  /** What `--orphans`, `--include-deleted` and `--include-skipped` add, or would. */
  readonly listed: ListedThread[]
  /** Items of the long-term memory; only with `--include store`. */
  store: StorePurged | null
  stoppedBy?: Failure
}

export interface StorePurged {
  /** Gone, or what would go. */
  items: number
  /** Embeddings are keys of their own. */
  keys: number
  bytes: number
  readonly lefts: Partial<Record<PurgeLeft, number>>
}

/** Threads that a report names for one reason, and keys it lists. */
const MAX_NAMED = 100
const MAX_LISTED = 1000

export function emptyPurgeReport(
  head: Pick<
    PurgeReport,
    'schemaVersion' | 'planOnly' | 'strict' | 'startedAt' | 'source' | 'target' | 'archive'
  >,
): PurgeReport {
  return {
    ...head,
    command: 'purge-redis',
    seconds: 0,
    compares: 'on the server',
    threads: { selected: 0, purged: 0, finished: 0, left: 0, namedLeft: 0, notFound: [] },
    keys: { deleted: 0, absent: 0, kept: 0 },
    bytes: 0,
    archived: 0,
    lefts: {},
    left: [],
    listed: [],
    store: null,
  }
}

export function addLeft(report: PurgeReport, thread: LeftThread): void {
  const count = report.lefts[thread.reason] ?? 0
  report.lefts[thread.reason] = count + 1
  report.threads.left++
  if (thread.named) report.threads.namedLeft++
  if (count < MAX_NAMED) report.left.push(thread)
}

export function addListed(report: PurgeReport, thread: ListedThread): void {
  if (report.listed.length < MAX_LISTED) report.listed.push(thread)
}

/** Threads that are left alone are no reason for an alarm in the night, unless they were asked for. */
export function purgeExitCodeOf(report: PurgeReport): ExitCode {
  if (report.stoppedBy !== undefined) return explain(report.stoppedBy).exit
  const { namedLeft, left, notFound } = report.threads
  const isComplete = namedLeft + notFound.length + (report.strict ? left : 0) === 0
  return isComplete ? EXIT.ok : EXIT.rejects
}
