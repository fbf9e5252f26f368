/** What init found, made or would make, as a value. */
import type { REPORT_SCHEMA_VERSION } from './report.js'

export interface InitStepNote {
  /** `table checkpoints`, `index checkpoints_thread_id_idx` */
  readonly what: string
  /** `missing`, `left invalid by a build that failed`, … */
  readonly why: string
}

export interface InitReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'init'
  readonly endpoint: string
  readonly schema: string
  readonly ledgerSchema: string
  readonly dialect: 'python' | 'js'
  readonly found: {
    /** Both savers' oldest tables look alike: then `python-or-js`. */
    readonly saver: 'none' | 'python' | 'python-or-js'
    /** Highest number in checkpoint_migrations; null where there is none. */
    readonly step: number | null
    readonly ledgerStep: number | null
    /** Rows of checkpoints as of the last ANALYZE; null where there was none. */
    readonly checkpointsEstimate: number | null
  }
  readonly made: readonly InitStepNote[]
  /** What is still missing; empty after an init that made everything. */
  readonly missing: readonly InitStepNote[]
  /** Worth knowing, but nothing to do. */
  readonly notes: readonly string[]
  /** What would make the missing, as a script for psql. */
  readonly script: string
}
