/** What dropping the ledger disowns, in words. */
import type { LedgerDropReport } from '../model/ledger-drop-report.js'
import { printableText } from '../model/printable.js'
import type { Form } from './form.js'
import { formatBytes, formatCount, formatCounted } from './format.js'
import { jsonText } from './json-text.js'
import { sectionsText } from './sections.js'
import { styleOf } from './style.js'
import { wrapText } from './wrap.js'

export interface LedgerDropRenderOptions extends Form {
  readonly again: { readonly target: string }
}

export function renderLedgerDrop(report: LedgerDropReport, options: LedgerDropRenderOptions): string {
  switch (options.format) {
    case 'json':
      return jsonText(report)
    case 'line':
      return `${verdict(report)}\n`
    case 'text':
      return text(report, options)
  }
}

function verdict({ planOnly, ledgerSchema, disowned, bytes }: LedgerDropReport): string {
  const what = `the ledger in schema ${printableText(ledgerSchema)}, ${formatBytes(bytes)}`
  const threads = formatCounted(disowned.threads, 'thread')
  return planOnly ? `would drop ${what}; ${threads} disowned` : `dropped ${what}; ${threads} disowned`
}

function text(report: LedgerDropReport, { columns, colored, again }: LedgerDropRenderOptions): string {
  const style = styleOf(colored)
  const { planOnly, disowned } = report
  const { first, threads, purging } = disowned
  const paragraph = (words: string) => wrapText(words, columns, { first: '  ' })
  const sections = [
    planOnly ? ['Plan only; nothing is dropped without --yes.'] : [],
    threads === 0
      ? []
      : [
          ...first.map((threadId) => `    ${printableText(threadId)}`),
          ...(threads > first.length
            ? [style.faint(`    … and ${formatCount(threads - first.length)} more`)]
            : []),
        ],
    threads === 0
      ? []
      : paragraph(
          'Their rows stay. They count as anybody’s from then on: no rollback takes them back, no purge frees their keys in Redis, and the next migrate compares them with the source one by one.',
        ),
    purging === 0
      ? []
      : paragraph(
          `${formatCounted(purging, 'thread')} of a purge that has not ended: it has to end first.`,
        ).map(style.warn),
    [
      `${planOnly ? '' : `${style.good('✓')} `}${verdict(report)}`,
      `Next  ${style.strong(planOnly ? `cp-migrate ledger drop${again.target} --yes` : `cp-migrate init${again.target}`)}    ${planOnly ? 'drops it' : 'makes an empty one, before the next migrate'}`,
    ],
  ]
  return sectionsText(sections)
}
