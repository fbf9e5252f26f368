/** What `verify` found: every thread in one state, every difference named. All of it may be shown: no payload unless asked for. */
import { EXIT, type ExitCode, explain, type Failure } from './failure.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'
import type { StoreVerified } from './store.js'

/**
 * What became of a thread, gravest first; a thread counts for the first that fits.
 * `differs`: a difference that nothing explains · `behind`: Redis has more than was migrated · `rejected`: nothing of it could be
 * migrated · `partial`: some of it stays in Redis · `deleted`: rows were deleted in Postgres on purpose · `ahead`: the app went on in
 * Postgres · `expired`: Redis holds less than was migrated, the rest is as it was written · `equal`
 */
export const THREAD_STATES = [
  'differs',
  'behind',
  'rejected',
  'partial',
  'deleted',
  'ahead',
  'expired',
  'equal',
] as const
export type ThreadState = (typeof THREAD_STATES)[number]

export type DifferenceKind = 'missing' | 'extra' | 'differs'

/**
 * What it is that is missing, too much or different. `rows`: the rows of a checkpoint that only the ledger still knows; `pointer`,
 * `registry`: keys of the way back that lead to the newest checkpoint, and to a checkpoint's writes.
 */
export type DifferentPart =
  | 'thread'
  | 'checkpoint'
  | 'parent'
  | 'field'
  | 'version'
  | 'versions-seen'
  | 'metadata'
  | 'channel'
  | 'write'
  | 'write-order'
  | 'blob'
  | 'rows'
  | 'pointer'
  | 'registry'

export interface DifferentSide {
  /** Type and size, or an id or a version; never payload. */
  readonly is: string
  /** The beginning of the value, only when it was asked for. */
  readonly value?: string
}

export interface Difference {
  readonly kind: DifferenceKind
  readonly part: DifferentPart
  readonly threadId: string
  readonly checkpointNs?: string
  readonly checkpointId?: string
  /** The channel, the member, `node · channel`, or of a write `task:idx`. */
  readonly name?: string
  readonly source?: DifferentSide
  readonly target?: DifferentSide
  /** What it means, where that is known. No full stop. */
  readonly note?: string
}

/** Why a thread is in its state: how many checkpoints and writes of each kind. */
export interface Explained {
  /** Redis has them, newer than what was migrated. */
  behind: number
  /** Could not be migrated; they stay in Redis. */
  leftOut: number
  /** Were migrated, and deleted in Postgres since. */
  deleted: number
  /** Postgres has them, from the app. */
  ahead: number
  /** Postgres has them as they were written; Redis no longer does. */
  expired: number
  /** Older than the migration, and not ours. */
  history: number
  /** Left in Redis because a run was told to, as by --keep-last. */
  skipped: number
}

export const NOTHING_EXPLAINED: Readonly<Explained> = {
  behind: 0,
  leftOut: 0,
  deleted: 0,
  ahead: 0,
  expired: 0,
  history: 0,
  skipped: 0,
}

export interface ThreadNote extends Readonly<Explained> {
  readonly threadId: string
}

export interface VerifyReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'verify'
  /** What Postgres was compared with. */
  readonly against: 'source' | 'ledger'
  /** Its number in the ledger; null where nothing is recorded. */
  verificationId: number | null
  /** ISO 8601. */
  readonly startedAt: string
  seconds: number
  /** How many threads were to be chosen by chance, and what gives the same ones again. */
  readonly sample: { readonly size: number; readonly seed: string } | null
  /** Null against the ledger. */
  readonly source: EndpointNote | null
  readonly target: EndpointNote
  threads: Record<ThreadState, number> & {
    /** All that were compared. */
    compared: number
    /** Left out by `--thread`, `--match`, `--sample`, `--limit`, `--since-run`. */
    leftOut: number
    /** Compared with what the ledger says of them, because Redis no longer has them. */
    onlyInLedger: number
    /** Threads in Postgres that neither Redis nor the ledger knows; null where they were not counted. */
    onlyInTarget: number | null
    /** Named on the command line and nowhere to be found. */
    readonly notFound: string[]
  }
  compared: { checkpoints: number; writes: number; values: number }
  bytes: {
    /** Bytes of source values read. */
    source: number
    /** Bytes of rows read. */
    target: number
  }
  /** Of the way back: values that Redis gives back in another form, as migrate has told; they are no differences. */
  otherForms?: { threads: number; places: number; readonly first: string[] }
  /** Of the states that are worth a look, the first few threads. */
  readonly notes: Partial<Record<ThreadState, ThreadNote[]>>
  /** All of them; `differences` may hold fewer. */
  differenceCount: number
  readonly differences: Difference[]
  /** Only with `--include store`. */
  store: StoreVerified | null
  stoppedBy?: Failure
}

/** Differences and notes of one state that a report holds. */
export const MAX_DIFFERENCES = 1000
export const MAX_NOTES = 20

export function emptyVerifyReport(
  head: Pick<VerifyReport, 'schemaVersion' | 'against' | 'startedAt' | 'source' | 'target' | 'sample'>,
): VerifyReport {
  const states = Object.fromEntries(THREAD_STATES.map((state) => [state, 0])) as Record<ThreadState, number>
  return {
    ...head,
    command: 'verify',
    verificationId: null,
    seconds: 0,
    threads: { ...states, compared: 0, leftOut: 0, onlyInLedger: 0, onlyInTarget: null, notFound: [] },
    compared: { checkpoints: 0, writes: 0, values: 0 },
    bytes: { source: 0, target: 0 },
    notes: {},
    differenceCount: 0,
    differences: [],
    store: null,
  }
}

/** 4 for any difference; 3 where a thread that was named is not there. */
export function exitCodeOfVerify({ stoppedBy, threads, store }: VerifyReport): ExitCode {
  if (stoppedBy !== undefined) return explain(stoppedBy).exit
  if (threads.differs + (store?.differs ?? 0) > 0) return EXIT.differences
  return threads.notFound.length > 0 ? EXIT.rejects : EXIT.ok
}
