/** What was seen of the threads, for a terminal: growth, the largest, what expires, classes, and what Postgres will need. */
import type { MigrateReport } from '../model/report.js'
import type { Growth, Survey } from '../model/survey.js'
import { formatBytes, formatCount, formatCounted, formatDuration } from './format.js'
import { shortText } from './short-text.js'
import type { Style } from './style.js'
import { tableLines } from './table.js'
import { wrapText } from './wrap.js'

/** More is in `--json` and on the page of `--report`. */
const LARGEST = 5
const CLASSES = 12
const LEVELS = '▁▂▃▄▅▆▇█'
/** Size, checkpoints and day beside the id. */
const FIGURES_WIDTH = 46

/** Only in a rehearsal: a run is about what it did. */
export function surveyLines({ survey, dryRun }: MigrateReport, columns: number, style: Style): string[] {
  if (survey === null || !dryRun || survey.threads === 0) return []
  return [
    ...growthLines(survey.growth, columns, style),
    ...largestLines(survey, columns),
    ...expiryLines(survey, columns),
    ...classLines(survey, columns, style),
  ]
}

/** `about 610 MiB in Postgres, 570 MiB with lz4` */
export function forecastNote({ forecast, bytes }: MigrateReport): string {
  const rows = `${formatBytes(bytes.written)} of rows`
  if (forecast === null || bytes.written === 0) return `→  ${rows}`
  const { postgresBytes, lz4Bytes } = forecast
  const lz4 = lz4Bytes === null ? '' : `, ${formatBytes(lz4Bytes)} with lz4`
  return `→  about ${formatBytes(postgresBytes)} in Postgres${lz4}`
}

/** `The same run would write for about 41 s.` */
export function durationLines({ forecast, threads }: MigrateReport): string[] {
  if (forecast === null || forecast.seconds === null || threads.selected === 0) return []
  const { seconds, ledgerBytes } = forecast
  const ledger = ledgerBytes === null ? '' : `; its ledger would take about ${formatBytes(ledgerBytes)}`
  return [`  The run itself would take about ${formatDuration(seconds)}${ledger}.`]
}

function growthLines({ step, steps, undated }: Growth, columns: number, style: Style): string[] {
  const [first] = steps
  const last = steps.at(-1)
  if (first === undefined || last === undefined) return []
  const most = Math.max(...steps.map(({ checkpoints }) => checkpoints), 1)
  const line = steps
    .slice(-(columns - 4))
    .map(({ checkpoints }) => (checkpoints === 0 ? ' ' : LEVELS[levelOf(checkpoints / most)]))
    .join('')
  const without = undated > 0 ? `, ${formatCount(undated)} undated` : ''
  const head =
    steps.length === 1
      ? `written ${step === 'day' ? 'on' : `in the ${step} from`} ${first.from}${without}`
      : `written each ${step}, ${first.from} to ${last.from}; at most ${formatCount(most)} checkpoints${without}`
  return [
    ...wrapText(head, columns, { first: '  ' }),
    ...(steps.length === 1 ? [] : [`    ${style.strong(line)}`]),
  ]
}

const levelOf = (share: number): number => Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length))

function largestLines({ largest, threads }: Survey, width: number): string[] {
  const shown = largest.slice(0, LARGEST)
  const rows = shown.map(({ threadId, bytes, checkpoints, lastDay }) => [
    `  ${clipped(shortText(threadId), width - FIGURES_WIDTH)}`,
    formatBytes(bytes),
    formatCounted(checkpoints, 'checkpoint'),
    lastDay ?? '',
  ])
  const columns = [{ align: 'left' }, { align: 'right' }, { align: 'right' }, { align: 'left' }] as const
  return [threads === 1 ? '  the thread' : '  largest threads', ...tableLines(rows, columns)]
}

const clipped = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text

function expiryLines({ expiry }: Survey, columns: number): string[] {
  const { classes, longestMs } = expiry
  const expiring = classes.reduce((sum, { threads }) => sum + threads, 0)
  if (expiring === 0) return []
  const parts = classes
    .filter(({ threads, withinMs }) => threads > 0 && withinMs !== null)
    .map(({ threads, withinMs }) => `${formatCount(threads)} within ${formatDuration(withinMs! / 1000)}`)
  const ttl = longestMs === null ? '' : `; longest time to live ${formatDuration(longestMs / 1000)}`
  const text = `${formatCounted(expiring, 'thread')} ${expiring === 1 ? 'expires' : 'expire'} in Redis (${parts.join(', ')})${ttl}. In Postgres nothing does, unless prune --by-redis-ttl sees to it.`
  return wrapText(text, columns, { first: '  ! ', hanging: '    ' })
}

function classLines({ classes, moreClasses }: Survey, columns: number, style: Style): string[] {
  if (classes.length === 0) return []
  const shown = classes.slice(0, CLASSES).map(({ name }) => shortText(name))
  const hidden = classes.length - shown.length + moreClasses
  const more = hidden > 0 ? ` · and ${formatCount(hidden)} more (--json)` : ''
  return [
    '  classes your application must allow when it reads strictly',
    ...wrapText(`${shown.join(' · ')}${more}`, columns, { first: '    ' }).map(style.strong),
  ]
}
