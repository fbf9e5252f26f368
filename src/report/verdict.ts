/** The verdict of a migration in one sentence: the last line of the report, and all of it with `--quiet`. */
import type { ExitCode } from '../model/failure.js'
import { countOfKind, exitCodeOf, type MigrateReport } from '../model/report.js'
import { formatCount, formatCounted, formatDuration } from './format.js'
import { storeVerdict } from './store-text.js'
import { isWayBack } from './way-back.js'

export interface Verdict {
  /** `✓` also where something was rejected: the run did what it could. */
  readonly mark: '✓' | '✗'
  readonly text: string
  readonly exit: ExitCode
}

const runText = ({ runId, resumed }: MigrateReport): string =>
  resumed === null ? `run ${runId}` : `run ${runId}, resumed,`

export function verdictOf(report: MigrateReport): Verdict {
  const exit = exitCodeOf(report)
  const { threads, checkpoints, writes, blobs, findings } = report
  const run = report.dryRun ? 'dry run' : report.runId === null ? 'migration' : runText(report)
  const ended = `${report.stoppedBy ? 'stopped after' : 'done in'} ${formatDuration(report.seconds)}`
  const store = storeVerdict(report)
  if (threads.selected === 0 && !report.stoppedBy) {
    return { mark: '✓', text: `${run} ${ended}: ${store || 'nothing to move'}`, exit }
  }
  const counts = [
    `${formatCounted(threads.whole, 'thread')} whole`,
    ...(threads.partial > 0 ? [`${formatCount(threads.partial)} partly`] : []),
    ...(threads.rejected > 0 ? [`${formatCount(threads.rejected)} rejected`] : []),
    ...(threads.skipped > 0 ? [`${formatCount(threads.skipped)} left alone`] : []),
  ].join(', ')
  const isFirstPass = threads.changed + threads.unchanged === 0
  const passes = isFirstPass
    ? ''
    : `${formatCount(threads.new)} new, ${formatCount(threads.changed)} changed, ${formatCount(threads.unchanged)} unchanged`
  const changed = [
    [checkpoints, 'checkpoint'],
    [writes, 'write'],
    // Documents hold their values.
    ...(isWayBack(report.target) ? [] : [[blobs, 'value'] as const]),
  ] as const
  const moved = changed.map(([rows, noun]) => formatCounted(rows.inserted + rows.updated, noun)).join(', ')
  const rejected = countOfKind(findings, 'rejected')
  const conflicts = countOfKind(findings, 'conflict')
  const problems = [
    ...(rejected > 0 ? [formatCounted(rejected, 'finding rejected', 'findings rejected')] : []),
    ...(conflicts > 0 ? [formatCounted(conflicts, 'conflict')] : []),
  ].join(', ')
  const parts = [
    counts,
    passes,
    `${moved} ${report.dryRun ? 'would be written; nothing was' : 'written'}`,
    store,
    problems,
  ]
  return {
    mark: report.stoppedBy ? '✗' : '✓',
    text: `${run} ${ended}: ${parts.filter((part) => part !== '').join('; ')}`,
    exit,
  }
}
