/** The findings of a report in words: what needs a decision first, each with its keys and what to do about it. */
import { type Finding, type FindingKind, REASONS } from '../model/finding.js'
import { printableKey, printableText } from '../model/printable.js'
import type { FindingCount, MigrateReport } from '../model/report.js'
import { formatCount } from './format.js'
import type { Style } from './style.js'
import { reasonFrom } from './way-back.js'
import { wrapText } from './wrap.js'

/** In the order of their weight, with how many samples are shown of each reason. */
const SHOWN_SAMPLES: Readonly<Record<FindingKind, number>> = {
  conflict: 5,
  rejected: 5,
  repaired: 1,
  gone: 0,
  ignored: 0,
}
const KINDS = Object.keys(SHOWN_SAMPLES) as FindingKind[]

export function findingLines({ source, findings }: MigrateReport, columns: number, style: Style): string[] {
  const ordered = KINDS.flatMap((kind) => findings.filter(({ reason }) => REASONS[reason].kind === kind))
  if (ordered.length === 0) return []
  const countWidth = Math.max(...ordered.map(({ count }) => formatCount(count).length), 4)
  const look = { columns, style, countWidth, sourceUrl: source.endpoint }
  return ['  findings', ...ordered.flatMap((entry) => reasonLines(entry, look))]
}

function reasonLines(
  { reason, count, samples }: FindingCount,
  {
    columns,
    style,
    countWidth,
    sourceUrl,
  }: { columns: number; style: Style; countWidth: number; sourceUrl: string },
): string[] {
  const { kind, title, remedy } = reasonFrom(sourceUrl, reason)
  const color =
    kind === 'conflict' || kind === 'rejected' ? style.bad : kind === 'repaired' ? style.warn : style.faint
  const indent = ' '.repeat(countWidth + 14)
  const [head = '', ...rest] = wrapText(title, columns, { first: indent })
  const shown = samples.slice(0, SHOWN_SAMPLES[kind])
  const hidden = count - shown.length
  return [
    `  ${formatCount(count).padStart(countWidth)}  ${color(kind.padEnd(8))}  ${head.slice(indent.length)}`,
    ...rest,
    ...shown.flatMap((sample) => sampleLines(subjectWithDetail(sample), { columns, indent })),
    ...(shown.length > 0 && hidden > 0
      ? [style.faint(`${indent}… and ${formatCount(hidden)} more (--json)`)]
      : []),
    ...wrapText(remedy, columns, { first: indent }).map(style.faint),
  ]
}

/** What a finding is about, and what exactly; `detail` may be empty. Both are fit to be printed. */
export interface Subject {
  readonly name: string
  readonly detail: string
}

const subjectWithDetail = (sample: Finding): Subject => ({
  name: subjectOf(sample),
  detail: sample.detail === undefined ? '' : printableText(sample.detail),
})

/** On one line where both fit there. */
export function sampleLines(
  { name, detail }: Subject,
  { columns, indent }: { readonly columns: number; readonly indent: string },
): string[] {
  const oneLine = `${indent}${name}  ${detail}`.trimEnd()
  if (oneLine.length <= columns || detail === '') return [oneLine]
  return [`${indent}${name}`, ...wrapText(detail, columns, { first: `${indent}  ` })]
}

/** The key, or where a finding is about no single key: thread, namespace and checkpoint. */
export function subjectOf(finding: Finding): string {
  if (finding.key !== undefined) return printableKey(finding.key)
  const { threadId, checkpointNs, checkpointId } = finding
  const parts = [threadId, checkpointNs, checkpointId].filter((part) => part !== undefined && part !== '')
  return printableText(parts.join(' · '))
}
