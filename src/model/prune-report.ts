/** What a clean-up in Postgres would remove or has removed. All of it may be shown. */
import { noRows, type RowAmounts } from './bounds.js'
import { EXIT, type ExitCode, explain, type Failure } from './failure.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

/** Why a thread stays as it is. Ids are stable: they are printed in JSON. */
export const PRUNE_REFUSALS = {
  delta: {
    title: 'a DeltaChannel needs the older checkpoints',
    remedy: 'The official prune() refuses it, too; --older-than removes such threads whole.',
  },
  'in-use': {
    title: 'somebody held its rows all the time',
    remedy: 'Run the same command again.',
  },
} as const
export type PruneRefusal = keyof typeof PRUNE_REFUSALS

/** One of the three. */
export interface PruneRule {
  /** Whole threads without a younger checkpoint, milliseconds. */
  readonly olderThanMs: number | null
  /** Of each namespace all but the newest checkpoints. */
  readonly keepLast: number | null
  /** Whole threads that would have expired in Redis by now, as runs have recorded it. */
  readonly byRedisTtl: boolean
}

export interface PruneReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'prune'
  /** True: a plan, and nothing was changed. */
  readonly planOnly: boolean
  /** ISO 8601. */
  readonly startedAt: string
  seconds: number
  readonly target: EndpointNote
  readonly rule: PruneRule
  readonly threads: {
    looked: number
    /** Threads of which rows go. */
    pruned: number
    refused: number
    /** Nothing tells their age, so they are never old enough. */
    ageUnknown: number
    /** By the TTLs of Redis: no run has moved them, or some key of theirs never expired. */
    withoutTtl: number
  }
  /** Bytes as stored: compressed, without what Postgres needs around them. */
  readonly rows: RowAmounts
  /** The first ones. */
  readonly refused: { readonly threadId: string; readonly reason: PruneRefusal }[]
  /** Threads that were named and are not there. */
  notFound: string[]
  /** True where a thread was named and refused. */
  namedRefused: boolean
  stoppedBy?: Failure
}

const MAX_NAMED = 1000

export const emptyPruneReport = (
  head: Pick<PruneReport, 'schemaVersion' | 'planOnly' | 'startedAt' | 'target' | 'rule'>,
): PruneReport => ({
  ...head,
  command: 'prune',
  seconds: 0,
  threads: { looked: 0, pruned: 0, refused: 0, ageUnknown: 0, withoutTtl: 0 },
  rows: noRows(),
  refused: [],
  notFound: [],
  namedRefused: false,
})

export function addPruneRefused(report: PruneReport, threadId: string, reason: PruneRefusal): void {
  report.threads.refused++
  if (report.refused.length < MAX_NAMED) report.refused.push({ threadId, reason })
}

/** A plan exits as the clean-up would. What no clean-up can ever cut is no reason to complain every night. */
export function pruneExitCodeOf(report: PruneReport): ExitCode {
  if (report.stoppedBy !== undefined) return explain(report.stoppedBy).exit
  const isUndone = report.refused.some(({ reason }) => reason === 'in-use')
  return isUndone || report.namedRefused || report.notFound.length > 0 ? EXIT.rejects : EXIT.ok
}
