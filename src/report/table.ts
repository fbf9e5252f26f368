/** Tables without lines: columns of text, sized to what they hold, as wide characters demand. */
import Table from 'cli-table3'

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '  ',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** The lines of a table, indented by two. A cell in a narrow column is wrapped. */
export function tableLines(
  rows: readonly (readonly string[])[],
  columns: readonly { readonly align: 'left' | 'right'; readonly maxWidth?: number }[],
): string[] {
  if (rows.length === 0) return []
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    colAligns: columns.map(({ align }) => align),
    colWidths: columns.map(({ maxWidth }, at) =>
      maxWidth !== undefined && rows.some((row) => (row[at]?.length ?? 0) > maxWidth) ? maxWidth : null,
    ),
    wordWrap: true,
  })
  table.push(...rows.map((row) => [...row]))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
}
