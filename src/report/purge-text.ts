/** A purge report for a terminal: what goes or went, what stays and why, the verdict, the next command; and for cron, one line. */
import { printableText } from '../model/printable.js'
import { PURGE_LEFT, type PurgeLeft, type PurgeReport, purgeExitCodeOf } from '../model/purge-report.js'
import type { Form } from './form.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from './format.js'
import { reportJson } from './report-json.js'
import { lastLines, sectionsText } from './sections.js'
import { storePurged, storePurgedWords } from './store-text.js'
import { type Style, styleOf } from './style.js'
import { tableLines } from './table.js'
import { wrapText } from './wrap.js'

export interface PurgeRenderOptions extends Form {
  /** The user's own flags for the next command, each with a space before it. */
  readonly again: { readonly target: string; readonly scope: string; readonly purge: string }
}

export function renderPurge(report: PurgeReport, options: PurgeRenderOptions): string {
  switch (options.format) {
    case 'json':
      return reportJson(report, { exitCode: purgeExitCodeOf(report), next: nextAfterPurge(report, options) })
    case 'line':
      return `${report.source.endpoint}: ${purgeVerdict(report)}\n`
    case 'text':
      return purgeText(report, options)
  }
}

/** `redis://cache/0 (REDIS_URL), verified in postgres://db/agents, schema public (--postgres)` */
export const purgeEndpointsLine = ({ source, target }: Pick<PurgeReport, 'source' | 'target'>): string =>
  `${source.endpoint} (${source.setBy}), verified in ${target.endpoint}, schema ${printableText(target.schema ?? '')} (${target.setBy})`

/** Threads of one reason that are named when they were asked for, and when they were not. */
const SHOWN = { named: 20, others: 3 } as const
/** Threads that only a flag of their own sends away. */
const SHOWN_LISTED = 20

function purgeText(report: PurgeReport, options: PurgeRenderOptions): string {
  const style = styleOf(options.colored)
  const exit = purgeExitCodeOf(report)
  const next = nextAfterPurge(report, options)
  const mark = report.stoppedBy === undefined ? style.good('✓') : style.bad('✗')
  const sections = [
    report.planOnly ? ['Plan only; nothing is deleted without --yes.'] : [],
    [...deletedLines(report), ...storePurged(report)],
    leftLines(report, options.columns, style),
    listedLines(report, style),
    notFoundLines(report),
    noteLines(report, options.columns).map(style.faint),
    lastLines(
      { verdict: purgeVerdict(report), exit, next, mark: report.planOnly ? null : mark },
      { columns: options.columns, style },
    ),
  ]
  return sectionsText(sections)
}

function deletedLines({ planOnly, threads, keys, bytes, archived, archive }: PurgeReport): string[] {
  if (threads.purged === 0) return []
  const verb = planOnly ? 'would delete' : 'deleted'
  const rows = [
    [
      verb,
      `${formatCounted(keys.deleted, 'key')} of ${formatCounted(threads.purged, 'thread')}`,
      formatBytes(bytes),
    ],
    ...(keys.kept > 0 ? [['kept', `${formatCounted(keys.kept, 'key')} of these threads`, '']] : []),
    ...(archive === null
      ? []
      : [
          planOnly
            ? ['would archive', 'all of them first, with their TTL', printableText(archive)]
            : ['archived', formatCounted(archived, 'key'), printableText(archive)],
        ]),
  ]
  return tableLines(rows, [{ align: 'left' }, { align: 'left' }, { align: 'left' }])
}

function leftLines(report: PurgeReport, columns: number, style: Style): string[] {
  const reasons = (Object.keys(PURGE_LEFT) as PurgeLeft[]).filter((reason) => report.lefts[reason])
  return reasons.flatMap((reason, at) => {
    const count = report.lefts[reason] ?? 0
    const { title, remedy } = PURGE_LEFT[reason]
    const all = report.left.filter((thread) => thread.reason === reason)
    const named = all.filter((thread) => thread.named)
    const shown = named.length > 0 ? named.slice(0, SHOWN.named) : all.slice(0, SHOWN.others)
    const head = at === 0 ? '  left alone  ' : '              '
    return [
      ...wrapText(`${formatCounted(count, 'thread')} ${title}`, columns, {
        first: head,
        hanging: ' '.repeat(16),
      }),
      ...shown.map(({ threadId, detail }) =>
        style.faint(`${' '.repeat(16)}${printableText(`${threadId}  ${detail}`).trimEnd()}`),
      ),
      ...wrapText(remedy, columns, { first: ' '.repeat(16) }).map(style.faint),
    ]
  })
}

export const LISTED_WHY = {
  orphans: 'orphans',
  deleted: 'rows deleted in Postgres',
  skipped: 'left out by migrate',
} as const

function listedLines({ listed }: PurgeReport, style: Style): string[] {
  if (listed.length === 0) return []
  const lines = tableLines(
    listed
      .slice(0, SHOWN_LISTED)
      .map(({ threadId, why, keys }) => [
        printableText(threadId),
        formatCounted(keys, 'key'),
        LISTED_WHY[why],
      ]),
    [{ align: 'left' }, { align: 'right' }, { align: 'left' }],
  )
  const more = listed.length - SHOWN_LISTED
  return [
    '  only because a flag of its own was given',
    ...lines,
    ...(more > 0 ? [style.faint(`  … and ${formatCount(more)} more (--json)`)] : []),
  ]
}

const notFoundLines = ({ threads }: PurgeReport): string[] =>
  threads.notFound.map((threadId) => `  not found   ${printableText(threadId)}`)

function noteLines({ compares, planOnly, threads }: PurgeReport, columns: number): string[] {
  if (compares === 'on the server' || threads.purged === 0) return []
  const verb = planOnly ? 'was' : 'was'
  return wrapText(
    `Scripts are switched off in this Redis: every value ${verb} read to be compared.`,
    columns,
    {
      first: '  · ',
      hanging: '    ',
    },
  )
}

export function purgeVerdict(report: PurgeReport): string {
  const { threads, keys, bytes, planOnly, seconds, stoppedBy } = report
  const left = threads.left > 0 ? `, ${formatCounted(threads.left, 'thread')} left alone` : ''
  const store = storePurgedWords(report)
  const and = store === '' ? '' : `, ${store}`
  const what = `${formatCounted(keys.deleted, 'key')} of ${formatCounted(threads.purged, 'thread')}`
  if (stoppedBy !== undefined) {
    return `purge stopped after ${formatDuration(seconds)}: ${what} ${planOnly ? 'could go' : 'deleted'}${and}${left}`
  }
  if (threads.purged === 0) return `${store || 'nothing to purge'}${left}`
  if (planOnly) return `${what} would be deleted, ${formatBytes(bytes)}${and}${left}`
  return `purged ${what} in ${formatDuration(seconds)}, ${formatBytes(bytes)} freed${and}${left}`
}

/** The sensible next command. */
export function nextAfterPurge(
  report: PurgeReport,
  { again }: Pick<PurgeRenderOptions, 'again'>,
): string | null {
  const { planOnly, threads, lefts, stoppedBy, store } = report
  if (stoppedBy !== undefined) return null
  if (planOnly && threads.purged + (store?.items ?? 0) > 0) {
    return `cp-migrate purge-redis${again.target}${again.scope}${again.purge} --yes`
  }
  if (lefts.changed || lefts['in-use'] || lefts['not-migrated']) return `cp-migrate migrate${again.target}`
  return lefts['not-verified'] || lefts.differs
    ? `cp-migrate verify${again.target}`
    : `cp-migrate status${again.target}`
}
