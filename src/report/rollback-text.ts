/** A rollback report for a terminal: which runs, what goes or went, what stays and why, the verdict, the next command. */
import { printableText } from '../model/printable.js'
import {
  ROLLBACK_REFUSALS,
  type RollbackRefusal,
  type RollbackReport,
  rollbackExitCodeOf,
} from '../model/rollback-report.js'
import type { Form } from './form.js'
import { formatBytes, formatCounted, formatDuration } from './format.js'
import { reportJson } from './report-json.js'
import { lastLines, leftAloneLines, sectionsText } from './sections.js'
import { storeUndone, storeUndoneWords } from './store-text.js'
import { styleOf } from './style.js'
import { tableLines } from './table.js'
import { isWayBack } from './way-back.js'
import { wrapText } from './wrap.js'

export interface RollbackRenderOptions extends Form {
  /** The user's own flags for the next command, each with a space before it. */
  readonly again: { readonly target: string; readonly rollback: string }
}

export function renderRollback(report: RollbackReport, options: RollbackRenderOptions): string {
  switch (options.format) {
    case 'json':
      return reportJson(report, { exitCode: rollbackExitCodeOf(report), next: nextOf(report, options) })
    case 'line':
      return `${rollbackEndpointLine(report)}: ${rollbackVerdict(report)}\n`
    case 'text':
      return rollbackText(report, options)
  }
}

/** `postgres://db.internal/agents, schema public (--postgres)` */
export const rollbackEndpointLine = ({ target }: Pick<RollbackReport, 'target'>): string =>
  `${target.endpoint}${target.schema === undefined ? '' : `, schema ${printableText(target.schema)}`} (${target.setBy})`

function rollbackText(report: RollbackReport, options: RollbackRenderOptions): string {
  const { columns } = options
  const style = styleOf(options.colored)
  const exit = rollbackExitCodeOf(report)
  const runs = tableLines(
    report.runs.map(({ id, startedAt, sourceName, threads, isGone }) => [
      `run ${id}`,
      startedAt.replace('T', ' ').slice(0, 16),
      printableText(sourceName),
      formatCounted(threads, 'thread'),
      isGone ? 'gone' : '',
    ]),
    [{ align: 'left' }, { align: 'left' }, { align: 'left' }, { align: 'right' }, { align: 'left' }],
  )
  const reasons = Object.keys(report.refusals) as RollbackRefusal[]
  const refused = reasons.flatMap((reason) =>
    leftAloneLines(
      {
        ...ROLLBACK_REFUSALS[reason],
        count: report.refusals[reason] ?? 0,
        threads: report.refused.filter((thread) => thread.reason === reason),
      },
      { columns, style },
    ),
  )
  const next = nextOf(report, options)
  const mark = report.stoppedBy !== undefined ? style.bad('✗') : style.good('✓')
  const sections = [
    report.planOnly && report.runs.length > 0 ? ['Plan only; nothing is removed without --yes.'] : [],
    runs,
    [...rowLines(report), ...storeUndone(report)],
    expiredLines(report, columns).map(style.warn),
    refused,
    lastLines(
      { verdict: rollbackVerdict(report), exit, next, mark: report.planOnly ? null : mark },
      { columns, style },
    ),
  ]
  return sectionsText(sections)
}

function rowLines({ planOnly, threads, rows, bytes, target }: RollbackReport): string[] {
  if (threads.removed === 0) return []
  return tableLines(
    [
      [planOnly ? 'would remove' : 'removed', formatCounted(threads.removed, 'thread'), formatBytes(bytes)],
      ['', formatCounted(rows.checkpoints, 'checkpoint'), ''],
      ['', formatCounted(rows.writes, 'write'), ''],
      ...(isWayBack(target) ? [] : [['', formatCounted(rows.blobs, 'value'), '']]),
      ...(rows.restored > 0
        ? [
            [
              '',
              `${formatCounted(rows.restored, isWayBack(target) ? 'key' : 'row')} as before`,
              planOnly ? 'would be restored' : 'restored',
            ],
          ]
        : []),
    ],
    [{ align: 'left' }, { align: 'left' }, { align: 'left' }],
  )
}

function expiredLines({ planOnly, threads }: RollbackReport, columns: number): string[] {
  if (threads.expired === 0) return []
  const what = `${formatCounted(threads.expired, 'thread')} ${planOnly ? 'would be' : 'are'} gone for good: their keys in Redis have expired since.`
  return wrapText(what, columns, { first: '  ! ', hanging: '    ' })
}

function rollbackVerdict(report: RollbackReport): string {
  const { runs, threads, planOnly, stoppedBy, seconds } = report
  const left = threads.refused > 0 ? `, ${formatCounted(threads.refused, 'thread')} left alone` : ''
  if (stoppedBy !== undefined) {
    return `rollback stopped after ${formatDuration(seconds)}: ${formatCounted(threads.removed, 'thread')} rolled back${left}`
  }
  if (runs.length === 0) {
    const { rolledBackBefore } = report
    if (rolledBackBefore === null) return 'nothing to roll back: no run has rows here'
    return `nothing to roll back: run ${rolledBackBefore} was rolled back before; --run or --to-before takes back an earlier one`
  }
  const which =
    runs.length === 1 ? `run ${runs[0]!.id}` : `${runs.length} runs (${runs[0]!.id} to ${runs.at(-1)!.id})`
  if (planOnly)
    return `${which}: ${formatCounted(threads.removed, 'thread')} would be rolled back${storeUndoneWords(report)}${left}`
  return `${which} rolled back in ${formatDuration(seconds)}: ${formatCounted(threads.removed, 'thread')}${storeUndoneWords(report)}${left}`
}

function nextOf(report: RollbackReport, { again }: RollbackRenderOptions): string | null {
  const { planOnly, threads, refusals, stoppedBy, runs } = report
  if (stoppedBy !== undefined) return null
  if (runs.length === 0) return `cp-migrate status${again.target}`
  if (planOnly && (threads.removed > 0 || threads.refused === 0)) {
    return `cp-migrate rollback${again.target}${again.rollback} --yes`
  }
  if (refusals.purged !== undefined) return 'cp-migrate restore-archive FILE'
  return `cp-migrate status${again.target}`
}
