/** What bounds left out, and what they would: lines of a migration report. */
import type { BoundChoice, RowAmounts } from '../model/bounds.js'
import { printableText } from '../model/printable.js'
import type { MigrateReport } from '../model/report.js'
import { formatBytes, formatCount, formatCounted } from './format.js'
import type { Style } from './style.js'
import { tableLines } from './table.js'
import { sayFor } from './way-back.js'

export function boundLines(report: MigrateReport, style: Style): string[] {
  const { bounds, choices, dryRun } = report
  if (bounds === null) return dryRun ? choiceLines(choices, style) : []
  const { threadsTooOld, threadsTooYoung, threadsOfUnknownAge, threadsCut, leftOut } = bounds
  const threads = [
    [threadsTooOld, 'without a checkpoint young enough'],
    [threadsTooYoung, 'with a younger checkpoint'],
    [threadsOfUnknownAge, 'of unknown age'],
  ].flatMap(([count, why]) => (count === 0 ? [] : [`${formatCounted(Number(count), 'thread')} ${why}`]))
  const place = sayFor(report)('in Redis')
  const stays = place === 'in Redis' ? `${place} until a purge includes them` : `left ${place}`
  const cut =
    threadsCut === 0 ? [] : [`${amountText(leftOut)} of ${formatCounted(threadsCut, 'thread')}, ${stays}`]
  const named =
    bounds.named.length === 0
      ? []
      : [`named, and left out by its age: ${bounds.named.map(printableText).join(', ')}`]
  const lines = [...threads, ...named, ...cut]
  return lines.length === 0
    ? ['  left out on purpose: nothing']
    : ['  left out on purpose', ...lines.map((line) => `    ${line}`)]
}

function choiceLines(choices: readonly BoundChoice[], style: Style): string[] {
  if (choices.length === 0) return []
  const rows = choices.map(({ flag, threads, leftOut }) => [
    `  ${flag}`,
    formatCounted(threads, 'thread'),
    formatCounted(leftOut.checkpoints, 'checkpoint'),
    formatBytes(leftOut.bytes),
  ])
  const table = tableLines(rows, [
    { align: 'left' },
    { align: 'right' },
    { align: 'right' },
    { align: 'right' },
  ])
  return ['  could be left out', ...table.map(style.faint)]
}

const amountText = ({ checkpoints, writes, blobs, bytes }: RowAmounts): string =>
  `${formatCounted(checkpoints, 'checkpoint')}, ${formatCounted(writes, 'write')}, ${formatCount(blobs)} values (${formatBytes(bytes)})`
