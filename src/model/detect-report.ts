/** The report of `detect`. */
import type { DetectFindings } from './detect-findings.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'

export interface DetectReport extends DetectFindings {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'detect'
  /** ISO 8601. */
  readonly startedAt: string
  readonly seconds: number
  readonly source: EndpointNote
}
