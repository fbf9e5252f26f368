/** The status of a target in words: who is at work, the runs, and of one run what it found. */
import { printableKey, printableText, utf8TextOf } from '../model/printable.js'
import type { ListedFinding, RunStatus, StatusReport } from '../model/status-report.js'
import type { Form } from './form.js'
import { formatBytes, formatCount, formatCounted } from './format.js'
import { jsonText } from './json-text.js'
import type { NextStep } from './next.js'
import { nextLines, sectionsText } from './sections.js'
import { type Style, styleOf } from './style.js'
import { tableLines } from './table.js'
import { type Subject, sampleLines } from './text-findings.js'
import { reasonFrom } from './way-back.js'
import { wrapText } from './wrap.js'

export interface StatusRenderOptions extends Form {
  /** The user's own flags for the next command, with a space before them. */
  readonly again: { readonly target: string }
}

export function renderStatus(report: StatusReport, options: StatusRenderOptions): string {
  switch (options.format) {
    case 'json':
      return statusJson(report, nextOf(report, options))
    case 'line':
      return `${statusLine(report)}\n`
    case 'text':
      return statusText(report, options)
  }
}

function statusJson(report: StatusReport, next: NextStep): string {
  const { findings, ...rest } = report
  const listed = findings && { findings: findings.map(findingJson) }
  return jsonText({ ...rest, ...listed, exitCode: 0, next: next.command })
}

/** `key` is exact where the key is UTF-8; else it is for reading, and `keyBase64` is exact. */
function findingJson({ key, ...rest }: ListedFinding) {
  if (key === null) return rest
  const text = utf8TextOf(key)
  return text === null
    ? { key: printableKey(key), keyBase64: key.toString('base64'), ...rest }
    : { key: text, ...rest }
}

function statusLine({ runs, holder }: StatusReport): string {
  const [last] = runs
  if (last === undefined) return 'no run yet'
  const now = holder === null ? '' : `; ${holder.verb} at work`
  return `${formatCounted(runs.length, 'run')}, the last: run ${last.id} ${stateText(last)}, ${threadsText(last)}${now}`
}

/** Runs that are shown; older ones are counted. */
const SHOWN_RUNS = 20
/** Findings of each reason that are shown of a run. */
const SHOWN_FINDINGS = 20

function statusText(report: StatusReport, options: StatusRenderOptions): string {
  const style = styleOf(options.colored)
  const next = nextOf(report, options)
  const { runs, holder, findings, ledgerBytes } = report
  const [one] = runs
  const sections = [
    holder === null
      ? []
      : [
          style.strong(
            `  at work: cp-migrate ${printableText(holder.verb)}, process ${holder.pid} on ${printableText(holder.host)}, since ${timeText(holder.since)}`,
          ),
        ],
    findings === undefined || one === undefined
      ? runLines(runs, options.columns, style)
      : oneRunLines(one, options.columns, style),
    findings === undefined ? [] : findingsText(findings, one?.sourceUrl, options, style),
    wayBackLine(report, style),
    [`  the ledger takes ${formatBytes(ledgerBytes)}`],
    nextLines(next, { columns: options.columns, style }),
  ]
  return sectionsText(sections)
}

function wayBackLine({ runsOfWayBack = 0 }: StatusReport, style: Style): string[] {
  if (runsOfWayBack === 0) return []
  const command = style.strong('cp-migrate status --from POSTGRES --to REDIS')
  return [`  ${formatCounted(runsOfWayBack, 'run')} of the way back: ${command}`]
}

/** What source, threads and findings may take of a wide line, and of one that is too narrow for that. */
const WIDE = [24, 40, 24] as const
const NARROW = [18, 14, 11] as const

function runLines(runs: readonly RunStatus[], columns: number, style: Style): string[] {
  if (runs.length === 0) return ['  No run yet.']
  const rows = runs
    .slice(0, SHOWN_RUNS)
    .map((run) => [
      String(run.id),
      stateText(run),
      timeText(run.startedAt),
      printableText(run.sourceName),
      threadsText(run),
      findingsCount(run),
    ])
  const tableIn = ([source, threads, findings]: typeof WIDE | typeof NARROW): string[] =>
    tableLines(
      [['run', 'state', 'started', 'source', 'threads', 'findings'], ...rows],
      [
        { align: 'right' },
        { align: 'left' },
        { align: 'left' },
        { align: 'left', maxWidth: source },
        { align: 'left', maxWidth: threads },
        { align: 'left', maxWidth: findings },
      ],
    )
  const wide = tableIn(WIDE)
  const table = wide.every((line) => line.length <= columns) ? wide : tableIn(NARROW)
  const hidden = runs.length - SHOWN_RUNS
  return hidden > 0 ? [...table, style.faint(`  … and ${formatCount(hidden)} earlier (--json)`)] : table
}

function oneRunLines(run: RunStatus, columns: number, style: Style): string[] {
  const { rows, lastError } = run
  const state = run.state === 'failed' || run.state === 'interrupted' ? style.warn : (text: string) => text
  const facts: [string, string][] = [
    [
      'run',
      `${run.id}, ${state(stateText(run))}${run.resumed > 0 ? `, resumed ${formatCounted(run.resumed, 'time')}` : ''}`,
    ],
    ['started', timeText(run.startedAt)],
    ...(run.finishedAt === null ? [] : [['ended', timeText(run.finishedAt)] as [string, string]]),
    ['source', `${printableText(run.sourceName)} (${printableText(run.sourceUrl)})`],
    ['tool', `cp-migrate ${printableText(run.toolVersion)}`],
    ['threads', threadsText(run)],
    [
      'rows',
      `${formatCounted(rows.checkpoints, 'checkpoint')}, ${formatCounted(rows.writes, 'write')}, ${formatCounted(rows.blobs, 'value')} inserted · ${formatCount(rows.rewritten)} rewritten · ${formatBytes(run.bytes)}`,
    ],
    ...(lastError === null ? [] : [['stopped by', printableText(lastError.what)] as [string, string]]),
  ]
  return facts.flatMap(([name, text]) =>
    wrapText(text, columns, { first: `  ${name.padEnd(10)}  `, hanging: ' '.repeat(14) }),
  )
}

function findingsText(
  findings: readonly ListedFinding[],
  sourceUrl: string | undefined,
  { columns }: Form,
  style: Style,
): string[] {
  if (findings.length === 0) return []
  const reasons = [...new Set(findings.map(({ reason }) => reason))]
  return [
    '  findings',
    ...reasons.flatMap((reason) => {
      const ofReason = findings.filter((finding) => finding.reason === reason)
      const count = ofReason.reduce((sum, finding) => sum + finding.count, 0)
      const { kind, title, remedy } = reasonFrom(sourceUrl, reason)
      const shown = kind === 'ignored' || kind === 'gone' ? [] : ofReason.slice(0, SHOWN_FINDINGS)
      const hidden = count - shown.length
      return [
        `  ${formatCount(count).padStart(6)}  ${kind.padEnd(8)}  ${title}`,
        ...shown.flatMap((finding) => sampleLines(subject(finding), { columns, indent: ' '.repeat(20) })),
        ...(shown.length > 0 && hidden > 0
          ? [style.faint(`                    … and ${formatCount(hidden)} more (--json)`)]
          : []),
        ...wrapText(remedy, columns, { first: ' '.repeat(20) }).map(style.faint),
      ]
    }),
  ]
}

function subject({ key, threadId, checkpointNs, checkpointId, detail }: ListedFinding): Subject {
  const name =
    key === null
      ? [threadId, checkpointNs, checkpointId]
          .filter(Boolean)
          .map((part) => printableText(part!))
          .join(' / ')
      : printableKey(key)
  return { name, detail: detail === null ? '' : printableText(detail) }
}

/** Keys, or a file of them: of any other source nothing is ever deleted. */
const OF_REDIS = /^(rediss?|unix|file):/

function nextOf(
  { runs, holder, findings }: StatusReport,
  { again }: Pick<StatusRenderOptions, 'again'>,
): NextStep {
  const [last] = runs
  const next = (command: string, why: string): NextStep => ({ command: `cp-migrate ${command}`, why })
  const migrate = `migrate${again.target}`
  if (holder !== null) return next(`status${again.target}`, 'again, when that has ended')
  if (last === undefined) return next(migrate, 'moves the threads')
  if (last.state === 'interrupted' || last.state === 'stopped' || last.state === 'failed') {
    return next(migrate, 'goes on where it stopped')
  }
  const isTold = findings !== undefined
  if (!isTold && last.findings.some(({ kind }) => kind === 'rejected' || kind === 'conflict')) {
    return next(`status${again.target} --run ${last.id}`, 'what was rejected, and why')
  }
  const { whole, partial, differs, verified, purging, purged } = last.threads
  if (purging > 0) return next(`purge-redis${again.target} --yes`, 'ends the purge that has begun')
  if (differs > 0) return next(migrate, 'writes what is missing, touches nothing else')
  if (verified + purged < whole + partial) return next(`verify${again.target}`, 'proves it value by value')
  return verified > 0 && OF_REDIS.test(last.sourceUrl)
    ? next(`purge-redis${again.target}`, 'what Redis can let go; a plan')
    : next(migrate, 'brings what is new since')
}

const stateText = ({ state }: RunStatus): string => state.replace('_', ' ')

/** `2026-11-20 17:04` in UTC. */
const timeText = (iso: string): string => `${iso.replace('T', ' ').slice(0, 16)}Z`

function threadsText({ threads, rows }: RunStatus): string {
  const counts: readonly (readonly [number, string])[] = [
    [threads.whole, 'whole'],
    [threads.partial, 'partly'],
    [threads.rejected, 'rejected'],
    [threads.verified, 'verified'],
    [threads.differs, 'differing'],
    [threads.purging, 'being purged'],
    [threads.purged, 'purged'],
    [threads.rolledBack, 'rolled back'],
    [rows.storeItems, rows.storeItems === 1 ? 'store item' : 'store items'],
  ]
  const named = counts.filter(([count]) => count > 0).map(([count, name]) => `${formatCount(count)} ${name}`)
  return named.length === 0 ? 'none changed' : named.join(' · ')
}

function findingsCount({ findings }: RunStatus): string {
  const of = (kind: string) => findings.reduce((sum, one) => (one.kind === kind ? sum + one.count : sum), 0)
  return ['conflict', 'rejected', 'repaired', 'gone', 'ignored']
    .flatMap((kind) => (of(kind) > 0 ? [`${formatCount(of(kind))} ${kind}`] : []))
    .join(' · ')
}
