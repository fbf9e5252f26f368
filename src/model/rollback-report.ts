/** What a rollback would remove or has removed, and the threads it keeps its hands off. All of it may be shown. */
import { EXIT, type ExitCode, explain, type Failure } from './failure.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

interface RefusalText {
  /** One phrase for a table row, no full stop. */
  readonly title: string
  readonly remedy: string
}

/** Why a thread stays as it is. Ids are stable: they are printed in JSON. */
export const ROLLBACK_REFUSALS = {
  purged: {
    title: 'keys were purged from Redis: the rows are all that is left',
    remedy: 'cp-migrate restore-archive FILE puts the keys back; then run this again.',
  },
  'built-on': {
    title: 'a later run built on it',
    remedy: 'Roll back both at once: --to-before the older run.',
  },
  continued: {
    title: 'the application has continued it in Postgres',
    remedy: 'What it wrote would be lost: --discard-continued removes that too.',
  },
  pruned: {
    title: 'its older checkpoints were removed in Postgres since, as prune does',
    remedy: 'The rest is no longer as it was written: --discard-continued removes it all the same.',
  },
  'continued-in-redis': {
    title: 'the application has continued it in Redis',
    remedy: 'What it wrote would be lost. Stop it, and move what is newer to Postgres first.',
  },
  'changed-in-redis': {
    title: 'a key of it holds something else by now',
    remedy: 'Somebody has changed it since: all keys of the thread are left as they are.',
  },
  'in-use': {
    title: 'the application held its rows all the time',
    remedy: 'Stop the application, then run the same command again.',
  },
} as const satisfies Record<string, RefusalText>
export type RollbackRefusal = keyof typeof ROLLBACK_REFUSALS

export interface RefusedThread {
  readonly threadId: string
  readonly reason: RollbackRefusal
  /** The run, the namespace or the checkpoint that is in the way. No full stop. */
  readonly detail: string
}

/** One run of the plan. */
export interface RollbackRun {
  readonly id: number
  readonly startedAt: string
  readonly sourceName: string
  /** Threads of it that are on record, refused ones included. */
  threads: number
  /** Nothing of it is left in the target. */
  isGone: boolean
}

export interface RollbackReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'rollback'
  /** True: a plan, and nothing was changed. */
  readonly planOnly: boolean
  /** ISO 8601. */
  readonly startedAt: string
  seconds: number
  readonly target: EndpointNote
  /** Newest first, as they are undone. */
  runs: RollbackRun[]
  /** The run that was meant, where it was rolled back before. */
  rolledBackBefore: number | null
  threads: {
    /** Rolled back, or what would be. */
    removed: number
    refused: number
    /** Of `removed`: those whose keys in Redis have expired meanwhile, so that nothing of them is left anywhere. */
    expired: number
  }
  /** Rows that the runs inserted, and rows that get back what they held before. */
  rows: { checkpoints: number; writes: number; blobs: number; restored: number }
  /** Items of the long-term memory; null where these runs moved none. */
  store: StoreRolledBack | null
  /** Bytes of these rows, before Postgres compressed them. */
  bytes: number
  /** The first ones of each reason; `refusals` counts all. */
  readonly refused: RefusedThread[]
  readonly refusals: Partial<Record<RollbackRefusal, number>>
  stoppedBy?: Failure
}

export interface StoreRolledBack {
  /** Gone, or what would go. */
  removed: number
  /** As they were before these runs. */
  restored: number
  /** Left as they are: changed by the application, purged, or built on by a later run. */
  refused: number
}

/** Threads that a report names for one reason. */
const MAX_NAMED = 1000

export function emptyRollbackReport(
  head: Pick<RollbackReport, 'schemaVersion' | 'planOnly' | 'startedAt' | 'target'>,
): RollbackReport {
  return {
    ...head,
    command: 'rollback',
    seconds: 0,
    runs: [],
    rolledBackBefore: null,
    threads: { removed: 0, refused: 0, expired: 0 },
    rows: { checkpoints: 0, writes: 0, blobs: 0, restored: 0 },
    store: null,
    bytes: 0,
    refused: [],
    refusals: {},
  }
}

export function addRefused(report: RollbackReport, thread: RefusedThread): void {
  const count = report.refusals[thread.reason] ?? 0
  report.refusals[thread.reason] = count + 1
  report.threads.refused++
  if (count < MAX_NAMED) report.refused.push(thread)
}

/** A plan exits as the rollback would. */
export function rollbackExitCodeOf(report: RollbackReport): ExitCode {
  if (report.stoppedBy !== undefined) return explain(report.stoppedBy).exit
  return report.threads.refused + (report.store?.refused ?? 0) > 0 ? EXIT.rejects : EXIT.ok
}
