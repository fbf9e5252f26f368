/** Reports: what a verb did or found, as a value that is rendered, saved and compared. All of it may be shown: no payload, no password. */
import { type BoundChoice, type Bounds, noRows, type RowAmounts } from './bounds.js'
import type { DetectFindings } from './detect-findings.js'
import { EXIT, type ExitCode, explain, type Failure } from './failure.js'
import { type Finding, type FindingKind, kindOf, REASONS, type ReasonId } from './finding.js'
import type { StoreMoved } from './store.js'
import type { Forecast, Survey } from './survey.js'

/** Rises when a field of the JSON document is renamed, removed or changes its meaning. */
export const REPORT_SCHEMA_VERSION = 1

/** One end of the run, as it is named in front of people. */
export interface EndpointNote {
  /** `redis://cache.internal:6379/0`, from `describeEndpoint`. */
  readonly endpoint: string
  /** The flag or variable that named it: `--redis`, `CHECKPOINT_DB_URI in .env`. */
  readonly setBy: string
  /** `Redis 7.4.1`, where the server said so. */
  readonly server?: string
  /** The Postgres schema. */
  readonly schema?: string
  /** Of a snapshot's file. */
  readonly snapshot?: SnapshotNote
}

/** What a reader of the report has to know of a snapshot. */
export interface SnapshotNote {
  /** ISO 8601; null where the file does not say. */
  readonly savedAt: string | null
  /** Keys that had expired by then, which are left out. */
  readonly expiredBefore: number
  /** Keys that have expired since, which count as they were. */
  readonly expiredSince: number
}

/** What of one layout was found. */
export interface LayoutShare {
  readonly id: string
  readonly title: string
  keys: number
  threads: number
  /** Bytes of the values read. */
  bytes: number
}

/** Rows of one table. In a dry run: what the run would have done. */
export interface RowCounts {
  inserted: number
  /** Rows of ours that followed their source. */
  updated: number
  /** Rows that were in the target already and are equal. */
  alreadyThere: number
}

/** Bytes. */
export interface RedisMemory {
  /** Worked out from the keys that would be written, with what their indexes take. */
  readonly needed: number
  readonly used: number
  /** 0: no limit. */
  readonly limit: number
}

/** How often one reason was found, with the first findings as samples. */
export interface FindingCount {
  readonly reason: ReasonId
  count: number
  readonly samples: Finding[]
}

export interface BoundsReport extends Bounds {
  /** Threads outside of the ages. */
  threadsTooOld: number
  threadsTooYoung: number
  threadsOfUnknownAge: number
  /** Of these, the ones that were named on the command line. */
  readonly named: string[]
  /** Threads that were cut, and the rows of theirs that were not written. */
  threadsCut: number
  readonly leftOut: RowAmounts
}

export interface MigrateReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'migrate'
  readonly dryRun: boolean
  /** Whose saver will read the rows; null where the run ended before that was known. */
  dialect: 'python' | 'js' | null
  /** `--strict`: threads and checkpoints that were left alone as the rules say count as incomplete too. */
  readonly strict: boolean
  /** The run's id in the ledger; null in a dry run. */
  runId: string | null
  /** Set where the run had been interrupted and went on: how many threads it had on record then. */
  resumed: { readonly threadsBefore: number } | null
  /** What `--restart` has made the ledger forget: rows of these threads count as somebody else's now. */
  disowned: { readonly threads: number; readonly first: readonly string[] } | null
  /** ISO 8601. */
  readonly startedAt: string
  seconds: number
  readonly source: EndpointNote
  /** Null in a dry run that was given no target. */
  readonly target: EndpointNote | null
  threads: {
    /** Threads the run looked at. */
    selected: number
    /** Threads of the source that `--thread`, `--match` or `--limit` left out. */
    leftOut: number
    whole: number
    partial: number
    rejected: number
    /** Threads the target knew nothing of, and threads to which something was added. */
    new: number
    changed: number
    /** Of `whole`: threads the target had completely before. */
    unchanged: number
    /** Threads left alone because `--on-existing skip` says so. */
    skipped: number
    /** Threads named on the command line that the source does not hold. */
    readonly notFound: string[]
  }
  checkpoints: RowCounts
  writes: RowCounts
  /** Channel values stored as blobs. */
  blobs: RowCounts
  bytes: {
    /** Bytes of the values read from the source. */
    read: number
    /** Bytes of the rows for the target, before Postgres compresses them. */
    written: number
  }
  /** Every key SCAN named. */
  keysScanned: number
  /** Other logical databases of the same server that seem to hold checkpoints: nothing of them was read. */
  otherDatabases: readonly { readonly db: number; readonly keys: number }[]
  readonly layouts: LayoutShare[]
  /** Which savers wrote the keys, as `detect` says it; only in a rehearsal. */
  found: DetectFindings | null
  /** What --newer-than, --older-than, --keep-last and --latest-only left out; null where none was given. */
  bounds: BoundsReport | null
  /** What bounds would leave out; only in a rehearsal without any. */
  choices: readonly BoundChoice[]
  /** What was seen of the threads that were converted; null where the run ended before the first. */
  survey: Survey | null
  /** What the run would take; only in a rehearsal. */
  forecast: Forecast | null
  /** Only with `--include store`. */
  store: StoreMoved | null
  /** What the keys would take in Redis; only in a rehearsal of the way back. */
  redisMemory?: RedisMemory
  leftAlone: { storeItems: number; foreignKeys: number; indexKeys: number }
  /** One entry a reason, in the order they were first met. */
  readonly findings: FindingCount[]
  /** Why the run ended before its end; the counts above hold what was committed until then. */
  stoppedBy?: Failure
}

/** Threads that their age left out. */
const threadsOutside = (bounds: BoundsReport | null): number =>
  bounds === null ? 0 : bounds.threadsTooOld + bounds.threadsTooYoung + bounds.threadsOfUnknownAge

export const emptyBoundsReport = (bounds: Bounds): BoundsReport => ({
  ...bounds,
  threadsTooOld: 0,
  threadsTooYoung: 0,
  threadsOfUnknownAge: 0,
  named: [],
  threadsCut: 0,
  leftOut: noRows(),
})

const noRowCounts = (): RowCounts => ({ inserted: 0, updated: 0, alreadyThere: 0 })

/** A report before anything happened. */
export function emptyMigrateReport(head: {
  readonly dryRun: boolean
  readonly strict?: boolean
  readonly startedAt: Date
  readonly source: EndpointNote
  readonly target: EndpointNote | null
}): MigrateReport {
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    command: 'migrate',
    dryRun: head.dryRun,
    dialect: null,
    strict: head.strict ?? false,
    runId: null,
    resumed: null,
    disowned: null,
    startedAt: head.startedAt.toISOString(),
    seconds: 0,
    source: head.source,
    target: head.target,
    threads: {
      selected: 0,
      leftOut: 0,
      whole: 0,
      partial: 0,
      rejected: 0,
      new: 0,
      changed: 0,
      unchanged: 0,
      skipped: 0,
      notFound: [],
    },
    checkpoints: noRowCounts(),
    writes: noRowCounts(),
    blobs: noRowCounts(),
    bytes: { read: 0, written: 0 },
    keysScanned: 0,
    otherDatabases: [],
    layouts: [],
    found: null,
    bounds: null,
    choices: [],
    survey: null,
    forecast: null,
    store: null,
    leftAlone: { storeItems: 0, foreignKeys: 0, indexKeys: 0 },
    findings: [],
  }
}

/** What needs a decision of the user is named one by one; what needs none is counted and shown by example. */
const MAX_SAMPLES: Readonly<Record<FindingKind, number>> = {
  ignored: 20,
  gone: 20,
  repaired: 20,
  rejected: 1000,
  conflict: 1000,
}

/** Counts a finding and keeps it as a sample while there is room, so that a report stays small whatever the database holds. */
export function addFinding(findings: FindingCount[], finding: Finding, times = 1): void {
  let entry = findings.find(({ reason }) => reason === finding.reason)
  if (entry === undefined) {
    entry = { reason: finding.reason, count: 0, samples: [] }
    findings.push(entry)
  }
  entry.count += times
  if (entry.samples.length < MAX_SAMPLES[kindOf(finding)]) entry.samples.push(finding)
}

/** So many findings of one reason, of which some are known one by one. */
export function addFindings(findings: FindingCount[], samples: readonly Finding[], count: number): void {
  for (const [at, sample] of samples.entries())
    addFinding(findings, sample, at === 0 ? count - samples.length + 1 : 1)
}

/** How many findings are of that kind. */
export const countOfKind = (findings: readonly FindingCount[], kind: FindingKind): number =>
  findings.reduce((sum, { reason, count }) => (REASONS[reason].kind === kind ? sum + count : sum), 0)

const countOf = (findings: readonly FindingCount[], wanted: ReasonId): number =>
  findings.find(({ reason }) => reason === wanted)?.count ?? 0

/** The exit code a report stands for. Threads that the user did not select are no reason; a thread named and not there is one. */
export function exitCodeOf(report: MigrateReport): ExitCode {
  if (report.stoppedBy !== undefined) return explain(report.stoppedBy).exit
  const { threads, findings, bounds } = report
  const rejected = countOfKind(findings, 'rejected') + countOfKind(findings, 'conflict')
  const leftAlone = report.strict
    ? threads.skipped + threadsOutside(bounds) + countOf(findings, 'deleted')
    : (bounds?.named.length ?? 0)
  const isComplete = rejected + threads.rejected + threads.partial + threads.notFound.length + leftAlone === 0
  return isComplete ? EXIT.ok : EXIT.rejects
}
