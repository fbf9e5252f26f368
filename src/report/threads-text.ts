/** The threads of an end as a table that fits a terminal: ids stand last and whole, so that they can be copied. */
import { printableText, shellWord } from '../model/printable.js'
import type { ListedThread, ThreadOrder, ThreadsReport } from '../model/threads-report.js'
import type { Form } from './form.js'
import { formatBytes, formatCount, formatCounted } from './format.js'
import { jsonText } from './json-text.js'
import type { NextStep } from './next.js'
import { nextLines, sectionsText } from './sections.js'
import { type Style, styleOf } from './style.js'
import { tableLines } from './table.js'

export interface ThreadsRenderOptions extends Form {
  /** The user's own flags for the next command, with a space before them. */
  readonly again: string
}

export function renderThreads(report: ThreadsReport, options: ThreadsRenderOptions): string {
  const next = nextOf(report, options.again)
  switch (options.format) {
    case 'json':
      return jsonText({ ...report, exitCode: 0, next: next?.command ?? null })
    case 'line':
      return `${summaryOf(report)}\n`
    case 'text':
      return threadsText(report, next, options)
  }
}

const ORDERS: Readonly<Record<ThreadOrder, string>> = {
  id: 'by id',
  last: 'last written first',
  size: 'largest first',
  checkpoints: 'most checkpoints first',
}

/** There is room for the layout, too. */
const WIDE = 110

function threadsText(report: ThreadsReport, next: NextStep | null, options: ThreadsRenderOptions): string {
  const style = styleOf(options.colored)
  const { threads, matching, sort } = report
  const hidden = matching - threads.length
  const sections = [
    [style.strong(summaryOf(report)) + (threads.length > 1 ? style.faint(`, ${ORDERS[sort]}`) : '')],
    linesOf(report, style, options.columns >= WIDE),
    hidden > 0 ? [style.faint(`  … and ${formatCount(hidden)} more (--limit)`)] : [],
    nextLines(next, { columns: options.columns, style }),
  ]
  return sectionsText(sections)
}

function summaryOf({ total, matching, waiting, checkpoints, bytes }: ThreadsReport): string {
  const threads =
    matching === total
      ? formatCounted(total, 'thread')
      : `${formatCount(matching)} of ${formatCounted(total, 'thread')}`
  const waits = waiting === 0 ? [] : [`${formatCount(waiting)} waiting`]
  const amounts = matching === 0 ? [] : [formatCounted(checkpoints, 'checkpoint'), formatBytes(bytes)]
  return [threads, ...waits, ...amounts].join(' · ')
}

function linesOf({ threads, startedAt }: ThreadsReport, style: Style, isWide: boolean): string[] {
  if (threads.length === 0) return []
  const nowMs = Date.parse(startedAt)
  const rows = threads.map((thread) => [
    thread.lastAt === null ? '–' : idleText(nowMs - Date.parse(thread.lastAt)),
    formatCount(thread.checkpoints),
    formatCount(thread.namespaces),
    thread.bytes === null ? '–' : formatBytes(thread.bytes),
    thread.state ?? '–',
    ...(isWide ? [layoutText(thread)] : []),
    printableText(thread.threadId),
  ])
  const head = ['idle', 'ckpts', 'ns', 'size', 'state', ...(isWide ? ['layout'] : []), 'thread']
  const columns = head.map((_, at) => ({ align: at < 4 ? ('right' as const) : ('left' as const) }))
  const [title = '', ...lines] = tableLines([head, ...rows], columns)
  return [
    style.faint(title),
    ...lines.map((line, at) => {
      const state = threads[at]?.state
      return state === 'waiting' ? style.warn(line) : state === 'failed' ? style.bad(line) : line
    }),
  ]
}

const layoutText = ({ layouts, dialect }: ListedThread): string =>
  layouts.length > 0 ? layouts.join(', ') : (dialect ?? '–')

/** In one unit: `40 s`, `12 min`, `3 h`, `210 d`. A clock that is ahead of ours is no news. */
function idleText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${formatCount(Math.floor(seconds / 86_400))} d`
}

/** What a person has to answer is what a person wants to see. */
function nextOf({ engine, threads }: ThreadsReport, again: string): NextStep | null {
  const shown = threads.find(({ state }) => state === 'waiting') ?? threads[0]
  if (shown === undefined) return null
  const how = engine === 'redis' ? '--as-thread' : '--in postgres'
  const why = shown.state === 'waiting' ? 'what it waits for' : 'what is in it'
  return { command: `cp-migrate inspect${again} ${how} -- ${shellWord(shown.threadId)}`, why }
}
