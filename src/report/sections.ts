/** The frame that reports for a terminal share: sections with a blank line between them, and threads that were left alone. */
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
