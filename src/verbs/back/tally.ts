/** Adds up the report of a way back, a batch at a time. */
import { addFinding, type MigrateReport } from '../../model/report.js'
import type { MovedBatch } from './mover.js'
import type { ThreadWork } from './thread-work.js'

export function addBatch(report: MigrateReport, { threads, findings, newer }: MovedBatch): void {
  for (const work of threads) addThread(report, work, newer.has(work.threadId))
  for (const finding of findings) addFinding(report.findings, finding)
}

function addThread(report: MigrateReport, work: ThreadWork, isNewer: boolean): void {
  const { threads, checkpoints, writes, bytes } = report
  threads.selected++
  if (isNewer) threads.skipped++
  else threads[work.completeness]++
  if (work.hasMoved)
    threads[work.recorded === undefined && work.amounts.document.there === 0 ? 'new' : 'changed']++
  else if (!isNewer && work.completeness === 'whole') threads.unchanged++
  for (const [rows, { created, changed, there }] of [
    [checkpoints, work.amounts.document],
    [writes, work.amounts.write],
  ] as const) {
    rows.inserted += created
    rows.updated += changed
    rows.alreadyThere += there
  }
  bytes.read += work.readBytes
  bytes.written += work.writtenBytes
}
