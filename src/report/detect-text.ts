/** A detect report for a terminal: the server, a line a layout with its evidence, what is left alone, what needs a look, the next command. */
import type { DetectFindings, Estimate, LayoutVerdict } from '../model/detect-findings.js'
import type { DetectReport } from '../model/detect-report.js'
import { printableText } from '../model/printable.js'
import { detectNotices, expiringText } from './detect-notices.js'
import type { Form } from './form.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from './format.js'
import { jsonText } from './json-text.js'
import { sectionsText } from './sections.js'
import { type Style, styleOf } from './style.js'
import { tableLines } from './table.js'
import { wrapText } from './wrap.js'

export interface DetectRenderOptions extends Form {
  /** The user's own flags for the next command, each with a space before it. */
  readonly again: string
}

export function renderDetect(report: DetectReport, options: DetectRenderOptions): string {
  switch (options.format) {
    case 'json':
      return jsonText({ ...report, exitCode: 0, next: nextAfterDetect(report, options.again) })
    case 'line':
      return `${report.source.endpoint}: ${formatCounted(report.keys.scanned, 'key')} · ${verdictLine(report)}\n`
    case 'text':
      return detectText(report, options)
  }
}

function detectText(report: DetectReport, { columns, colored, again }: DetectRenderOptions): string {
  const style = styleOf(colored)
  const next = nextAfterDetect(report, again)
  const took = `${formatCounted(report.keys.scanned, 'key')} in ${formatDuration(report.seconds)}`
  const sections = [
    [
      ...serverLines(report, columns),
      ...wrapText(`${took} · ${verdictLine(report)}`, columns, { first: '' }),
    ],
    foundLines(report, columns, style),
    detectNotices(report, { columns, style, again }),
    expiringLines(report, style),
    next === null ? [] : [`Next  ${style.strong(next)}`],
  ]
  return sectionsText(sections)
}

/** The table of layouts and what is left alone; the head of every rehearsal, too. */
export function foundLines(found: DetectFindings, columns: number, style: Style): string[] {
  const rows = found.layouts.map((layout) => [
    layout.title,
    formatEstimate(layout.keys),
    formatEstimate(layout.threads),
    layout.memoryBytes === null ? '' : formatBytes(layout.memoryBytes),
    shareOf(layout, found),
    layout.certainty,
  ])
  const head = ['layout', 'keys', 'threads', 'memory', '', 'certainty']
  const table = tableLines(rows.length === 0 ? [] : [head, ...rows], [
    { align: 'left', maxWidth: Math.max(24, columns - 48) },
    { align: 'right' },
    { align: 'right' },
    { align: 'right' },
    { align: 'right' },
    { align: 'left' },
  ])
  return [...table, ...evidenceLines(found.layouts, columns, style), ...leftAloneLines(found, columns, style)]
}

/** Of the memory that the server uses. */
function shareOf({ memoryBytes }: LayoutVerdict, { server }: DetectFindings): string {
  if (memoryBytes === null || server.usedMemoryBytes === 0) return ''
  const percent = (100 * memoryBytes) / server.usedMemoryBytes
  return percent < 1 ? '<1 %' : `${Math.min(100, Math.round(percent))} %`
}

const FATES: Readonly<Record<LayoutVerdict['happens'], string>> = {
  migrated: 'will be migrated',
  'own-schema': 'will be migrated, into a schema of its own language',
  refused: 'is refused, and stays in Redis',
}

/** What a rehearsal says of how sure the layouts are, and of what will not wait. */
export function rehearsalLines(found: DetectFindings | null, columns: number, style: Style): string[] {
  if (found === null) return []
  const soon = expiringText(found)
  return [
    ...evidenceLines(found.layouts, columns, style),
    ...(soon === null ? [] : wrapText(soon, columns, { first: '  ! ', hanging: '    ' }).map(style.warn)),
  ]
}

function evidenceLines(layouts: readonly LayoutVerdict[], columns: number, style: Style): string[] {
  return layouts.flatMap(({ id, evidence, unrecognised, happens }) => {
    const [first] = evidence
    const said =
      first === undefined
        ? 'by the names of its keys alone'
        : `${formatCount(first.count)} of ${formatCount(first.of)} samples: ${first.text}`
    const hedge = unrecognised === 0 ? '' : `; ${formatCount(unrecognised)} are of no known layout`
    const basis = `${printableText(said)}${first === undefined ? '' : hedge}`
    return wrapText(`${id} ${FATES[happens]}: ${basis}`, columns, {
      first: '  · ',
      hanging: '    ',
    }).map(style.faint)
  })
}

function leftAloneLines({ keys }: DetectFindings, columns: number, style: Style): string[] {
  const left = [
    [keys.storeItems, 'store items'],
    [keys.index, 'index keys'],
    [keys.foreign, 'other keys'],
  ].flatMap(([count, name]) => (count === 0 ? [] : [`${name} ${formatCount(Number(count))}`]))
  if (left.length === 0) return []
  return wrapText(`left alone: ${left.join(' · ')}`, columns, { first: '  ─ ', hanging: '    ' }).map(
    style.faint,
  )
}

function serverLines({ source, server }: DetectReport, columns: number): string[] {
  const { name, modules, usedMemoryBytes, maxMemoryBytes, maxMemoryPolicy } = server
  const limit = maxMemoryBytes === 0 ? '' : ` of ${formatBytes(maxMemoryBytes)}`
  const memory = `${formatBytes(usedMemoryBytes)}${limit} used${maxMemoryPolicy === '' ? '' : `, ${maxMemoryPolicy}`}`
  const about = printableText([name, ...modules, memory].join(' · '))
  const line = `${source.endpoint}   ${about}`
  return line.length <= columns ? [line] : [source.endpoint, ...wrapText(about, columns, { first: '  ' })]
}

export function verdictLine({ keys, threads, layouts }: DetectFindings): string {
  if (layouts.length === 0) return 'none of them belongs to a LangGraph checkpoint'
  const about = threads.exact ? '' : 'about '
  return `${formatCount(keys.claimed)} belong to LangGraph checkpoints · ${about}${formatCounted(threads.count, 'thread')}`
}

const LISTED = 50

function expiringLines({ expiring }: DetectReport, style: Style): string[] {
  if (expiring.listed === null) return []
  if (expiring.listed.length === 0)
    return [`No thread expires within ${formatDuration(expiring.withinMs / 1000)}.`]
  const shown = expiring.listed.slice(0, LISTED)
  const hidden = expiring.threads.count - shown.length
  return [
    `expire within ${formatDuration(expiring.withinMs / 1000)}`,
    ...shown.map(
      ({ threadId, expiresInMs }) =>
        `  ${printableText(threadId)}   in ${formatDuration(expiresInMs / 1000)}`,
    ),
    ...(hidden > 0 ? [style.faint(`  … and ${formatCount(hidden)} more (--json)`)] : []),
  ]
}

export const formatEstimate = ({ count, exact }: Estimate): string =>
  exact || count === 0 ? formatCount(count) : `~${formatCount(count)}`

/** The sensible next command. */
export function nextAfterDetect({ layouts }: DetectFindings, again: string): string | null {
  if (layouts.length === 0) return null
  const movable = layouts.filter(({ happens }) => happens !== 'refused')
  if (movable.length === 0) return null
  const isMixed = movable.some(({ happens }) => happens === 'own-schema')
  return `cp-migrate migrate --dry-run${isMixed ? ` --dialect ${movable[0]!.dialect}` : ''}${again}`
}
