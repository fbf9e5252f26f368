/** The verdict of a migration in one sentence: the last line of the report, and all of it with `--quiet`. */
import type { ExitCode } from '../model/failure.js'
import { countOfKind, exitCodeOf, type MigrateReport } from '../model/report.js'
import { formatCount, formatCounted, formatDuration } from './format.js'

export interface Verdict {
  /** `✓` also where something was rejected: the run did what it could. */
  readonly mark: '✓' | '✗'
  readonly text: string
  readonly exit: ExitCode
}

export function verdictOf(report: MigrateReport): Verdict {
  const exit = exitCodeOf(report)
  const { threads, checkpoints, writes, blobs, findings } = report
  const run = report.dryRun ? 'dry run' : report.runId === null ? 'migration' : `run ${report.runId}`
  const ended = `${report.stoppedBy ? 'stopped after' : 'done in'} ${formatDuration(report.seconds)}`
  if (threads.selected === 0 && !report.stoppedBy) {
    return { mark: '✓', text: `${run} ${ended}: nothing to move`, exit }
  }
  const counts = [
    `${formatCounted(threads.whole, 'thread')} whole`,
    ...(threads.partial > 0 ? [`${formatCount(threads.partial)} partly`] : []),
    ...(threads.rejected > 0 ? [`${formatCount(threads.rejected)} rejected`] : []),
  ].join(', ')
  const changed = [
    [checkpoints, 'checkpoint'],
    [writes, 'write'],
    [blobs, 'value'],
  ] as const
  const moved = changed.map(([rows, noun]) => formatCounted(rows.inserted + rows.updated, noun)).join(', ')
  const rejected = countOfKind(findings, 'rejected')
  const conflicts = countOfKind(findings, 'conflict')
  const problems = [
    ...(rejected > 0 ? [formatCounted(rejected, 'finding rejected', 'findings rejected')] : []),
    ...(conflicts > 0 ? [formatCounted(conflicts, 'conflict')] : []),
  ].join(', ')
  const parts = [counts, `${moved} ${report.dryRun ? 'would be written; nothing was' : 'written'}`, problems]
  return {
    mark: report.stoppedBy ? '✗' : '✓',
    text: `${run} ${ended}: ${parts.filter((part) => part !== '').join('; ')}`,
    exit,
  }
}
