/** What came back from an archive, and what did not. All of it may be shown: no payload. */
import { EXIT, type ExitCode, explain, type Failure } from './failure.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

export interface RestoreReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'restore-archive'
  /** Nothing was written. */
  readonly dryRun: boolean
  /** ISO 8601. */
  readonly startedAt: string
  seconds: number
  readonly archive: string
  readonly source: EndpointNote
  /** Null where no ledger could be told. */
  readonly target: EndpointNote | null
  /** Threads of the archive that the scope selects. */
  threads: number
  /** Threads named on the command line that the archive does not hold. */
  readonly notFound: string[]
  keys: {
    restored: number
    /** There already with the same content. */
    alreadyThere: number
    /** There with other content: left as they are. */
    differing: number
    /** This server cannot read the dump. */
    refused: number
  }
  /** Bytes of what was restored, as dumped. */
  bytes: number
  /** Frames whose checksum is wrong. */
  damaged: number
  /** Threads all of whose keys are back: they may be rolled back again, and have to be verified before the next purge. */
  unlocked: number
  /** Threads of which the ledger knows keys that are not back. */
  readonly incomplete: string[]
  /** The first ones that differ or were refused, as they are printed. */
  readonly notRestored: { readonly key: string; readonly why: 'differs' | 'refused' }[]
  stoppedBy?: Failure
}

const MAX_LISTED = 100

export function emptyRestoreReport(
  head: Pick<RestoreReport, 'schemaVersion' | 'dryRun' | 'startedAt' | 'archive' | 'source' | 'target'>,
): RestoreReport {
  return {
    ...head,
    command: 'restore-archive',
    seconds: 0,
    threads: 0,
    notFound: [],
    keys: { restored: 0, alreadyThere: 0, differing: 0, refused: 0 },
    bytes: 0,
    damaged: 0,
    unlocked: 0,
    incomplete: [],
    notRestored: [],
  }
}

export function addNotRestored(report: RestoreReport, key: string, why: 'differs' | 'refused'): void {
  if (report.notRestored.length < MAX_LISTED) report.notRestored.push({ key, why })
}

export function restoreExitCodeOf(report: RestoreReport): ExitCode {
  if (report.stoppedBy !== undefined) return explain(report.stoppedBy).exit
  const { keys, damaged, notFound, incomplete } = report
  const isComplete = keys.differing + keys.refused + damaged + notFound.length + incomplete.length === 0
  return isComplete ? EXIT.ok : EXIT.rejects
}
