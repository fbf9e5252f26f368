/** What dropping the ledger disowns. */
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

export interface LedgerDropReport {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'ledger drop'
  /** True: a plan, and nothing was changed. */
  readonly planOnly: boolean
  readonly target: EndpointNote
  readonly ledgerSchema: string
  readonly disowned: {
    /** Threads whose rows count as anybody's afterwards. */
    readonly threads: number
    /** Ids of the first ones. */
    readonly first: readonly string[]
    /** Of them, those of a purge that has not ended: as long as there are any, the ledger stays. */
    readonly purging: number
  }
  /** What the ledger takes or took on disk. */
  readonly bytes: number
}
