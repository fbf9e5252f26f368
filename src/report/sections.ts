/** The frame that reports for a terminal share: sections with a blank line between them, threads that were left alone, the last lines. */
import { printableText } from '../model/printable.js'
import { formatCount, formatCounted } from './format.js'
import type { Style } from './style.js'
import { wrapText } from './wrap.js'

/** Sections that hold nothing leave no gap. */
export const sectionsText = (sections: readonly (readonly string[])[]): string =>
  `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`

/** Last of all: what came of it, the exit code where it is none of success, the next command. */
export const lastLines = (
  {
    verdict,
    exit,
    next,
    mark = null,
  }: {
    readonly verdict: string
    readonly exit: number
    readonly next: string | null
    /** In colours already; none where nothing was done. */
    readonly mark?: string | null
  },
  { columns, style }: { readonly columns: number; readonly style: Style },
): string[] => [
  ...markedLines(mark, verdict, columns),
  ...(exit === 0 ? [] : [`  exit code ${exit}`]),
  ...(next === null ? [] : [`Next  ${style.strong(next)}`]),
]

/** The next command and why, on one line where it is wide enough. */
export function nextLines(
  next: { readonly command: string; readonly why: string } | null,
  { columns, style }: { readonly columns: number; readonly style: Style },
): string[] {
  if (next === null) return []
  const { command, why } = next
  const line = `Next  ${style.strong(command)}`
  const isShort = 'Next  '.length + command.length + why.length + 4 <= columns
  return isShort ? [`${line}    ${why}`] : [line, `      ${why}`]
}

/** `✓ what came of it`, and of several lines the others under its first word. */
function markedLines(mark: string | null, verdict: string, columns: number): string[] {
  const [head = '', ...rest] = wrapText(verdict, columns, { first: mark === null ? '' : '  ', hanging: '  ' })
  return [mark === null ? head : `${mark} ${head.slice(2)}`, ...rest]
}

export interface LeftAlone {
  readonly title: string
  readonly remedy: string
  readonly count: number
  /** The first ones; `detail` may be empty. */
  readonly threads: readonly { readonly threadId: string; readonly detail?: string }[]
}

/** Threads of one reason that are named. */
const NAMED = 5

export const leftAloneLines = (
  { title, remedy, count, threads }: LeftAlone,
  {
    columns,
    style,
    where = '',
  }: { readonly columns: number; readonly style: Style; readonly where?: string },
): string[] => {
  const named = threads.slice(0, NAMED)
  const more = count - named.length
  return [
    ...wrapText(`${formatCounted(count, 'thread')} left alone: ${title}`, columns, {
      first: '  ',
      hanging: '    ',
    }).map(style.warn),
    ...named.map(({ threadId, detail = '' }) =>
      `    ${printableText(threadId)}  ${printableText(detail)}`.trimEnd(),
    ),
    ...(more > 0 ? [style.faint(`    … and ${formatCount(more)} more${where}`)] : []),
    ...wrapText(remedy, columns, { first: '    ' }).map(style.faint),
  ]
}
