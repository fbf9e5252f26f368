/** A clean-up of Postgres for a terminal: what goes or went, what stays and why, the verdict, what gives the space back. */
import { explain } from '../model/failure.js'
import { printableText } from '../model/printable.js'
import {
  PRUNE_REFUSALS,
  type PruneRefusal,
  type PruneReport,
  pruneExitCodeOf,
} from '../model/prune-report.js'
import type { Form } from './form.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from './format.js'
import { reportJson } from './report-json.js'
import { lastLines, leftAloneLines, sectionsText } from './sections.js'
import { styleOf } from './style.js'
import { wrapText } from './wrap.js'

export interface PruneRenderOptions extends Form {
  /** The user's own flags for the next command, with a space before them. */
  readonly again: string
}

export function renderPrune(report: PruneReport, options: PruneRenderOptions): string {
  switch (options.format) {
    case 'json':
      return reportJson(report, { exitCode: pruneExitCodeOf(report), next: nextOf(report, options) })
    case 'line':
      return `${pruneEndpointLine(report)}: ${verdictOf(report)}\n`
    case 'text':
      return pruneText(report, options)
  }
}

/** `postgres://db.internal/agents, schema public (--postgres)` */
export const pruneEndpointLine = ({ target }: Pick<PruneReport, 'target'>): string =>
  `${target.endpoint}, schema ${printableText(target.schema ?? '')} (${target.setBy})`

function pruneText(report: PruneReport, options: PruneRenderOptions): string {
  const style = styleOf(options.colored)
  const { columns } = options
  const { planOnly, threads, rows, notFound, target } = report
  const exit = pruneExitCodeOf(report)
  const next = nextOf(report, options)
  const mark = report.stoppedBy !== undefined ? style.bad('✗') : style.good('✓')
  const schema = printableText(target.schema ?? '')
  const tables = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'].map((table) => `${schema}.${table}`)
  const amounts = [
    formatCounted(rows.checkpoints, 'checkpoint'),
    formatCounted(rows.writes, 'write'),
    formatCounted(rows.blobs, 'value'),
  ]
  const sections = [
    planOnly && threads.pruned > 0 ? ['Plan only; nothing is removed without --yes.'] : [],
    threads.pruned === 0
      ? []
      : [
          `  ${planOnly ? 'would remove' : 'removed'}  ${amounts.join(' · ')}  ${formatBytes(rows.bytes)}`,
          `  ${planOnly ? 'from        ' : 'from   '}  ${formatCounted(threads.pruned, 'thread')} of ${formatCount(threads.looked)}`,
        ],
    (Object.keys(PRUNE_REFUSALS) as PruneRefusal[]).flatMap((reason) => {
      const of = report.refused
        .filter((thread) => thread.reason === reason)
        .map(({ threadId }) => ({ threadId }))
      const left = { ...PRUNE_REFUSALS[reason], count: of.length, threads: of }
      return of.length === 0 ? [] : leftAloneLines(left, { columns, style, where: ' (--json)' })
    }),
    threads.ageUnknown === 0
      ? []
      : [style.warn(`  ${formatCounted(threads.ageUnknown, 'thread')} left alone: nothing tells the age`)],
    threads.withoutTtl === 0
      ? []
      : wrapText(
          `${formatCounted(threads.withoutTtl, 'thread')} left alone: no TTL is recorded, because they began in Postgres or never expired in Redis`,
          columns,
          { first: '  ', hanging: '    ' },
        ).map(style.faint),
    notFound.length === 0
      ? []
      : wrapText(`not there: ${notFound.map(printableText).join(', ')}`, columns, { first: '  ' }),
    planOnly || threads.pruned === 0
      ? []
      : [
          ...wrapText(
            'The space is free for new rows; VACUUM FULL would give it back to the disk and lock the tables meanwhile. So that they stay quick:',
            columns,
            { first: '  ' },
          ).map(style.faint),
          ...wrapText(`VACUUM ANALYZE ${tables.join(', ')};`, columns, { first: '    ' }),
        ],
    lastLines({ verdict: verdictOf(report), exit, next, mark: planOnly ? null : mark }, { columns, style }),
  ]
  return sectionsText(sections)
}

/** The whole of it in one line, for a log. */
function verdictOf({ planOnly, threads, rows, seconds, stoppedBy }: PruneReport): string {
  const count = rows.checkpoints + rows.writes + rows.blobs
  const left = threads.refused > 0 ? `, ${formatCounted(threads.refused, 'thread')} left alone` : ''
  if (threads.pruned === 0 && stoppedBy === undefined) return `nothing to remove${left}`
  const what = `${formatCounted(count, 'row')} of ${formatCounted(threads.pruned, 'thread')}`
  const done = planOnly ? `${what} would be removed` : `${what} removed in ${formatDuration(seconds)}`
  const all = `${done}, ${formatBytes(rows.bytes)}${left}`
  return stoppedBy === undefined ? all : `${all}; stopped: ${explain(stoppedBy).what}`
}

function nextOf({ planOnly, threads, stoppedBy }: PruneReport, { again }: PruneRenderOptions): string | null {
  return planOnly && threads.pruned > 0 && stoppedBy === undefined ? `cp-migrate prune${again} --yes` : null
}
