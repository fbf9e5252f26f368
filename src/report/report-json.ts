/** The frame of every report's JSON document: why it stopped, how it exits, what comes next. */
import { type ExitCode, explain, type Failure } from '../model/failure.js'
import { jsonText } from './json-text.js'

/** The report itself, with its failure in words in place of the failure. */
export function reportJson<Report extends { readonly stoppedBy?: Failure }>(
  report: Report,
  end: { readonly exitCode: ExitCode; readonly next?: string | null },
): string {
  const { stoppedBy, ...rest } = report
  return jsonText({ ...rest, stoppedBy: stoppedBy === undefined ? null : stoppedByJson(stoppedBy), ...end })
}

function stoppedByJson(failure: Failure) {
  const { id, what, next } = explain(failure)
  return { id, what, next }
}
