/** A migration report as one JSON document. Names are those of the model; `schemaVersion` says when they change. */
import type { Finding } from '../model/finding.js'
import { printableKey, utf8TextOf } from '../model/printable.js'
import { exitCodeOf, type FindingCount, type MigrateReport } from '../model/report.js'
import { type FlagsAgain, nextStepOf } from './next.js'
import { reportJson } from './report-json.js'
import { reasonFrom } from './way-back.js'

export const migrateJson = (report: MigrateReport, again: FlagsAgain): string =>
  reportJson(
    { ...report, findings: report.findings.map((found) => findingCountJson(found, report.source.endpoint)) },
    { exitCode: exitCodeOf(report), next: nextStepOf(report, again)?.command ?? null },
  )

function findingCountJson({ reason, count, samples }: FindingCount, sourceUrl: string) {
  return { reason, ...reasonFrom(sourceUrl, reason), count, samples: samples.map(findingJson) }
}

/** `key` is exact where the key is UTF-8; else it is for reading, and `keyBase64` is exact. */
function findingJson({ key, reason: _, ...rest }: Finding) {
  if (key === undefined) return rest
  const text = utf8TextOf(key)
  return text === null
    ? { key: printableKey(key), keyBase64: key.toString('base64'), ...rest }
    : { key: text, ...rest }
}
