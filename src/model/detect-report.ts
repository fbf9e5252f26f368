/** The report of `detect`. */
import type { DetectFindings } from './detect-findings.js'
import type { EndpointNote, REPORT_SCHEMA_VERSION } from './report.js'
import type { Forecast, Growth } from './survey.js'

export interface DetectReport extends DetectFindings {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION
  readonly command: 'detect'
  /** ISO 8601. */
  readonly startedAt: string
  readonly seconds: number
  readonly source: EndpointNote
  /** From the ids in the names of checkpoint keys: exact, but without bytes and threads. */
  readonly growth: Growth
  /** From samples, at most; null where the server does not say what keys take. */
  readonly forecast: Forecast | null
}
