/** A migration report for a terminal: what was found, what happened, the findings with their remedies, the verdict, the next command. */
import { printableText } from '../model/printable.js'
import type { MigrateReport, RowCounts } from '../model/report.js'
import { rehearsalLines } from './detect-text.js'
import { formatBytes, formatCount, formatCounted } from './format.js'
import { type FlagsAgain, nextStepOf } from './next.js'
import { nextLines, sectionsText } from './sections.js'
import { shortText } from './short-text.js'
import { databaseHint, snapshotNotices } from './snapshot-notices.js'
import { storeLines } from './store-text.js'
import type { Style } from './style.js'
import { tableLines } from './table.js'
import { boundLines } from './text-bounds.js'
import { findingLines } from './text-findings.js'
import { durationLines, forecastNote, surveyLines } from './text-survey.js'
import { verdictOf } from './verdict.js'
import { isWayBack, sayFor } from './way-back.js'
import { wrapText } from './wrap.js'

export interface TextOptions {
  readonly columns: number
  readonly style: Style
  readonly again: FlagsAgain
}

export function migrateText(report: MigrateReport, options: TextOptions): string {
  const { columns, style } = options
  const sections = [
    [...sourceLines(report), ...layoutLines(report, style), ...rehearsalLines(report.found, columns, style)],
    [...amountLines(report, columns), ...storeLines(report)],
    surveyLines(report, columns, style),
    boundLines(report, style),
    findingLines(report, columns, style),
    noticeLines(report, columns, style),
    [
      ...verdictLines(report, options),
      ...durationLines(report),
      ...nextLines(nextStepOf(report, options.again), options),
    ],
  ]
  return sectionsText(sections)
}

function sourceLines({ source, keysScanned }: MigrateReport): string[] {
  if (keysScanned === 0) return []
  const server = source.server === undefined ? '' : `${printableText(source.server)} · `
  return [`  ${server}${formatCounted(keysScanned, 'key')}`]
}

function layoutLines({ layouts, leftAlone }: MigrateReport, style: Style): string[] {
  const rows = [...layouts]
    .sort((a, b) => b.threads - a.threads)
    .map(({ title, keys, threads, bytes }) => [
      title,
      formatCount(keys),
      formatCount(threads),
      formatBytes(bytes),
    ])
  const table = tableLines(rows.length === 0 ? [] : [['layout', 'keys', 'threads', 'size'], ...rows], [
    { align: 'left', maxWidth: 44 },
    { align: 'right' },
    { align: 'right' },
    { align: 'right' },
  ])
  const left = [
    [leftAlone.storeItems, 'store items'],
    [leftAlone.indexKeys, 'index keys'],
    [leftAlone.foreignKeys, 'other keys'],
  ].flatMap(([count, name]) => (count === 0 ? [] : [`${name} ${formatCount(Number(count))}`]))
  if (left.length > 0) table.push(style.faint(`  ─ left alone: ${left.join(' · ')}`))
  return table
}

function amountLines(report: MigrateReport, columns: number): string[] {
  const { threads, checkpoints, writes, blobs, bytes } = report
  if (threads.selected === 0) return []
  const rows = [
    ['threads', formatCount(threads.selected), threadNote(report)],
    ['checkpoints', formatCount(totalOf(checkpoints)), rowNote(checkpoints, report)],
    ['pending writes', formatCount(totalOf(writes)), rowNote(writes, report) || interruptNote(report)],
    ...(isWayBack(report.target)
      ? []
      : [['channel values', formatCount(totalOf(blobs)), rowNote(blobs, report) || repeatNote(report)]]),
    ['size', formatBytes(bytes.read), memoryNote(report) || forecastNote(report)],
  ]
  const numberWidth = Math.max(...rows.map(([, amount]) => amount!.length))
  const noteWidth = columns - 'pending writes'.length - numberWidth - 3 * 2
  return tableLines(rows, [{ align: 'left' }, { align: 'right' }, { align: 'left', maxWidth: noteWidth }])
}

/** Of the way back. */
function memoryNote({ redisMemory, target, bytes }: MigrateReport): string {
  if (redisMemory === undefined) return isWayBack(target) ? `→  ${formatBytes(bytes.written)} of keys` : ''
  const { needed, used, limit } = redisMemory
  const of = limit === 0 ? 'without a limit' : `of ${formatBytes(limit)}`
  return `about ${formatBytes(needed)} more in Redis, which holds ${formatBytes(used)} ${of}`
}

function interruptNote({ survey }: MigrateReport): string {
  const waiting = survey?.waitsAtInterrupt ?? 0
  return waiting === 0
    ? ''
    : `${formatCounted(waiting, 'thread waits', 'threads wait')} at an interrupt and will resume`
}

function repeatNote(report: MigrateReport): string {
  const { survey, blobs } = report
  const seen = survey?.valuesSeen ?? 0
  return seen <= totalOf(blobs)
    ? ''
    : sayFor(report)(`of ${formatCount(seen)} stored in Redis: the rest are repeats`)
}

const totalOf = ({ inserted, updated, alreadyThere }: RowCounts): number => inserted + updated + alreadyThere

/** What became of the threads, as far as there is something to say. */
export function threadNote({ threads, stoppedBy }: MigrateReport): string {
  const told = threads.whole + threads.partial + threads.rejected + threads.skipped
  return joined([
    [threads.whole, 'whole'],
    [threads.partial, 'partly'],
    [threads.rejected, 'rejected'],
    ...passCounts(threads),
    [threads.skipped, 'left alone'],
    // Writes whose checkpoint is gone, pointers to nothing: the findings name them.
    [stoppedBy === undefined ? threads.selected - told : 0, 'without a checkpoint'],
    [threads.leftOut, 'not selected'],
  ])
}

/** Nothing in a first pass, where all is new. */
const passCounts = (threads: MigrateReport['threads']): (readonly [number, string])[] =>
  threads.changed + threads.unchanged === 0
    ? []
    : [
        [threads.new, 'new'],
        [threads.changed, 'changed'],
        [threads.unchanged, 'unchanged'],
      ]

/** Nothing where every row is new: that is the usual case. */
function rowNote({ inserted, updated, alreadyThere }: RowCounts, { dryRun }: MigrateReport): string {
  if (updated + alreadyThere === 0) return ''
  return joined([
    [inserted, dryRun ? 'to insert' : 'inserted'],
    [updated, dryRun ? 'to update' : 'updated'],
    [alreadyThere, 'there already'],
  ])
}

const joined = (counts: readonly (readonly [number, string])[]): string =>
  counts
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${formatCount(count)} ${name}`)
    .join(' · ')

/** What a reader should know before the numbers. */
export function noticesOf(report: MigrateReport): string[] {
  const notices = snapshotNotices(report.source, report.store !== null)
  const { notFound, selected } = report.threads
  const { resumed, disowned, redisMemory } = report
  if (redisMemory !== undefined && redisMemory.limit > 0) {
    const { needed, used, limit } = redisMemory
    if (used + needed > limit)
      notices.push(
        `Redis has room for ${formatBytes(Math.max(0, limit - used))} until maxmemory, and the keys would take about ${formatBytes(needed)}: raise it, or move fewer threads.`,
      )
  }
  if (resumed !== null) {
    notices.push(
      `Run ${report.runId} had been interrupted and went on: ${formatCounted(resumed.threadsBefore, 'thread')} had been moved by then.`,
    )
  }
  if (disowned !== null && disowned.threads > 0) {
    const shown = disowned.first.slice(0, 5).map(shortText).join(', ')
    const more = disowned.threads > 5 ? ', …' : ''
    notices.push(
      `Forgotten, as --restart says: ${formatCounted(disowned.threads, 'thread')} of earlier runs (${shown}${more}). Their rows count as those of others now.`,
    )
  }
  if (selected === 0 && report.store === null && report.stoppedBy === undefined)
    notices.push(nothingSelected(report))
  if (notFound.length > 0) {
    const shown = notFound.slice(0, 5).map(shortText).join(', ')
    notices.push(
      `${formatCounted(notFound.length, 'named thread')} not found in ${isWayBack(report.target) ? 'Postgres' : 'Redis'}: ${shown}${notFound.length > 5 ? ', …' : ''}`,
    )
  }
  for (const { db, keys } of report.otherDatabases) {
    notices.push(
      `Logical database ${db} of this server seems to hold checkpoints too (about ${formatCounted(keys, 'key')}); it was not read. ${databaseHint(report.source, db)}`,
    )
  }
  return notices
}

function nothingSelected({ target, threads, keysScanned }: MigrateReport): string {
  if (isWayBack(target)) return `No thread of this schema is ${threads.leftOut > 0 ? 'selected' : 'there'}.`
  if (keysScanned === 0) return 'This logical database is empty.'
  return `None of ${formatCounted(keysScanned, 'key')} belongs to a selected LangGraph thread. A saver with its own key prefixes needs --checkpoint-prefix and --checkpoint-write-prefix.`
}

function noticeLines(report: MigrateReport, columns: number, style: Style): string[] {
  return noticesOf(report).flatMap((notice) =>
    wrapText(notice, columns, { first: '  ! ', hanging: '    ' }).map(style.warn),
  )
}

function verdictLines(report: MigrateReport, { columns, style }: TextOptions): string[] {
  const { mark, text, exit } = verdictOf(report)
  const color = mark === '✗' ? style.bad : exit === 0 ? style.good : style.warn
  const [first = '', ...rest] = wrapText(text, columns, { first: `${mark} `, hanging: '  ' })
  return [
    `${color(mark)}${first.slice(1)}`,
    ...rest,
    ...(exit === 0 || report.stoppedBy ? [] : [`  exit code ${exit}`]),
  ]
}
