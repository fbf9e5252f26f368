/** What the functions give: the documents that `--json` prints. Renamed or removed fields raise `schemaVersion`. */
import type { DetectReport } from '../model/detect-report.js'
import type { ExitCode, FailureId } from '../model/failure.js'
import type { Finding, Reason, ReasonId } from '../model/finding.js'
import type { InitReport } from '../model/init-report.js'
import type { PurgeReport } from '../model/purge-report.js'
import type { MigrateReport } from '../model/report.js'
import type { RollbackReport } from '../model/rollback-report.js'
import type { StatusReport } from '../model/status-report.js'
import type { VerifyReport } from '../model/verify-report.js'

/** Why a run ended before its work was done. */
export interface StoppedBy {
  readonly id: FailureId
  readonly what: string
  readonly next: string
}

interface Ended {
  /** What the command would have ended with: 0 where everything is as it should be. */
  readonly exitCode: ExitCode
  /** The command line that makes sense next. */
  readonly next: string | null
}

interface Stoppable extends Ended {
  readonly stoppedBy: StoppedBy | null
}

/** A finding, with its key as text. */
export interface FindingSample extends Omit<Finding, 'reason' | 'key'> {
  readonly key?: string
  /** Where the key is no UTF-8: its bytes; `key` is for reading then. */
  readonly keyBase64?: string
}

export interface FindingGroup extends Reason {
  readonly reason: ReasonId
  readonly count: number
  readonly samples: readonly FindingSample[]
}

export type DetectResult = DetectReport
export type InitResult = InitReport & Ended
export type MigrateResult = Omit<MigrateReport, 'stoppedBy' | 'findings'> &
  Stoppable & { readonly findings: readonly FindingGroup[] }
export type VerifyResult = Omit<VerifyReport, 'stoppedBy'> & Stoppable
export type RollbackResult = Omit<RollbackReport, 'stoppedBy'> & Stoppable
export type PurgeResult = Omit<PurgeReport, 'stoppedBy'> & Stoppable
export type StatusResult = StatusReport
