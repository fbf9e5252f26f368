/** A report of restore-archive for a terminal: what came back, what did not and why, what may be done with it. */
import { printableText } from '../model/printable.js'
import { type RestoreReport, restoreExitCodeOf } from '../model/restore-report.js'
import type { Form } from './form.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from './format.js'
import { reportJson } from './report-json.js'
import { lastLines, sectionsText } from './sections.js'
import { styleOf } from './style.js'
import { tableLines } from './table.js'
import { wrapText } from './wrap.js'

export interface RestoreRenderOptions extends Form {
  readonly again: { readonly target: string }
}

export function renderRestore(report: RestoreReport, options: RestoreRenderOptions): string {
  switch (options.format) {
    case 'json':
      return reportJson(report, { exitCode: restoreExitCodeOf(report) })
    case 'line':
      return `${report.source.endpoint}: ${restoreVerdict(report)}\n`
    case 'text':
      return restoreText(report, options)
  }
}

/** `purged.cpmarc → redis://cache/0 (REDIS_URL)` */
export const restoreEndpointsLine = ({
  archive,
  source,
}: Pick<RestoreReport, 'archive' | 'source'>): string =>
  `${printableText(archive)} → ${source.endpoint} (${source.setBy})`

/** Keys and threads that are named. */
const NAMED = 10

function restoreText(report: RestoreReport, { columns, colored, again }: RestoreRenderOptions): string {
  const style = styleOf(colored)
  const { keys, damaged, notRestored, incomplete, notFound, dryRun, target, unlocked } = report
  const rows = [
    [formatCount(keys.restored), dryRun ? 'would be restored' : 'restored'],
    ...(keys.alreadyThere > 0 ? [[formatCount(keys.alreadyThere), 'there already, the same']] : []),
    ...(keys.differing > 0
      ? [[formatCount(keys.differing), 'there with other content, left as they are']]
      : []),
    ...(keys.refused > 0 ? [[formatCount(keys.refused), 'that this server cannot read']] : []),
    ...(damaged > 0 ? [[formatCount(damaged), 'damaged in the archive']] : []),
  ]
  const named = [
    ...notRestored.slice(0, NAMED).map(({ key, why }) => `  ${why.padEnd(8)}  ${key}`),
    ...notFound.slice(0, NAMED).map((threadId) => `  not in the archive  ${printableText(threadId)}`),
    ...incomplete
      .slice(0, NAMED)
      .map((threadId) => `  not all of its keys are back  ${printableText(threadId)}`),
  ]
  const ledger = dryRun
    ? []
    : target === null
      ? wrapText(
          'No Postgres was named: its ledger does not know yet, and rollback still refuses.',
          columns,
          {
            first: '  · ',
            hanging: '    ',
          },
        )
      : [`  · ${formatCounted(unlocked, 'thread')} may be rolled back again`]
  const exit = restoreExitCodeOf(report)
  const mark = report.stoppedBy === undefined ? style.good('✓') : style.bad('✗')
  const next = report.stoppedBy === undefined && unlocked > 0 ? `cp-migrate verify${again.target}` : null
  const sections = [
    tableLines(rows, [{ align: 'right' }, { align: 'left' }]),
    named.map(style.warn),
    ledger.map(style.faint),
    lastLines({ verdict: restoreVerdict(report), exit, next, mark }, { columns, style }),
  ]
  return sectionsText(sections)
}

function restoreVerdict({ keys, threads, bytes, seconds, dryRun, stoppedBy }: RestoreReport): string {
  // None where all of them are the store's.
  const ofThreads = threads === 0 && keys.restored > 0 ? '' : ` of ${formatCounted(threads, 'thread')}`
  const what = `${formatCounted(keys.restored, 'key')}${ofThreads}, ${formatBytes(bytes)}`
  if (stoppedBy !== undefined) return `stopped after ${formatDuration(seconds)}: ${what} restored`
  return dryRun ? `${what} would be restored` : `${what} restored in ${formatDuration(seconds)}`
}
