/** What the ledger remembers of one target: its runs, how far they came, what they found. All of it may be shown. */
import type { FindingKind, ReasonId } from './finding.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

/** `interrupted`: called running, but nobody holds the lock. */
export type ShownRunState =
  | 'running'
  | 'interrupted'
  | 'done'
  | 'stopped'
  | 'failed'
  | 'rolled_back'
  | 'forgotten'

export interface FindingTotal {
  readonly kind: FindingKind
  readonly reason: ReasonId
  readonly count: number
}

export interface ListedFinding {
  readonly kind: FindingKind
  readonly reason: ReasonId
  readonly threadId: string | null
  readonly checkpointNs: string | null
  readonly checkpointId: string | null
  readonly key: Buffer | null
  readonly detail: string | null
  readonly count: number
}

/** Sums over what is committed, never counters of a process. */
export interface RunTotals {
  readonly threads: {
    readonly whole: number
    readonly partial: number
    readonly rejected: number
    /** Of all of them, by how far they have come since. */
    readonly differs: number
    readonly verified: number
    readonly purging: number
    readonly purged: number
    readonly rolledBack: number
  }
  readonly rows: {
    readonly checkpoints: number
    readonly writes: number
    readonly blobs: number
    readonly rewritten: number
    /** Items of the long-term memory that the run wrote and that are still on record. */
    readonly storeItems: number
  }
  /** Bytes of the rows, before Postgres compresses them. */
  readonly bytes: number
}

export interface RunStatus extends RunTotals {
  readonly id: number
  readonly state: ShownRunState
  /** ISO 8601, as all times here. */
  readonly startedAt: string
  readonly finishedAt: string | null
  /** How often it was resumed. */
  readonly resumed: number
  readonly toolVersion: string
  readonly sourceName: string
  readonly sourceUrl: string
  readonly dialect: 'python' | 'js' | null
  readonly options: Readonly<Record<string, unknown>>
  readonly lastError: { readonly id: string; readonly what: string } | null
  readonly findings: readonly FindingTotal[]
}

export interface StatusReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'status'
  readonly target: EndpointNote
  /** Who works on the target now. */
  readonly holder: {
    readonly verb: string
    readonly pid: number
    readonly host: string
    readonly since: string
    readonly lastBeat: string | null
  } | null
  /** Newest first. */
  readonly runs: readonly RunStatus[]
  /** Runs of the way back, which a Redis named by --to lists; absent where it is their status, or that of one run. */
  readonly runsOfWayBack?: number
  /** Only where one run was asked for: its findings, gravest first. */
  readonly findings?: readonly ListedFinding[]
  /** What the ledger takes on disk. */
  readonly ledgerBytes: number
}
