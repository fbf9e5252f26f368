/** A page as Markdown: for a pull request, an issue, a wiki. Nothing in it is taken for markup, whatever the ids are. */
import { printableText } from '../model/printable.js'
import { formatCount } from './format.js'
import type { Block, Column, FindingBlock, Page, Section } from './page/page.js'

export function pageMarkdown(page: Page): string {
  const { title, verdict, ends, startedAt, figures, sections, next, exitCode } = page
  const parts = [
    `# ${plain(title)}`,
    `**${plain(verdict)}**`,
    [
      ...ends.map(({ label, endpoint }) => `- ${label}: ${code(endpoint)}`),
      `- started ${plain(startedAt)}, exit code ${exitCode}`,
    ].join('\n'),
    table(
      [
        { title: 'what', align: 'left' },
        { title: 'how much', align: 'right' },
        { title: '', align: 'left' },
      ],
      figures.map(({ label, value, note }) => [plain(label), `**${plain(value)}**`, plain(note)]),
    ),
    ...sections.flatMap(sectionParts),
    ...(next === null
      ? []
      : [`Next: ${code(next.command)}${next.why === '' ? '' : ` – ${plain(next.why)}`}`]),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

const sectionParts = ({ title, lead, blocks }: Section): string[] => [
  `## ${plain(title)}`,
  plain(lead),
  ...blocks.map(blockText),
]

function blockText(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.tone === 'warn' || block.tone === 'bad' ? `> ${plain(block.text)}` : plain(block.text)
    case 'code':
      return `${plain(block.caption)}:\n\n${fenced(block.text)}`
    case 'table':
      return `### ${plain(block.caption)}\n\n${table(
        block.columns,
        block.rows.map((row) =>
          row.map(({ text }, at) => (block.columns[at]?.isCode && text !== '' ? code(text) : plain(text))),
        ),
      )}`
    case 'chart':
      return chartText(block)
    case 'finding':
      return findingText(block.finding)
  }
}

const BAR = 24

function chartText({ title, says, bars }: Extract<Block, { kind: 'chart' }>): string {
  const most = Math.max(...bars.map(({ value }) => value), 1)
  const rows = bars.map(({ label, value, text }) => [
    plain(label),
    plain(text),
    value === 0 ? '' : `\`${'█'.repeat(Math.max(1, Math.round((value / most) * BAR)))}\``,
  ])
  const columns: readonly Column[] = [
    { title: 'from', align: 'left' },
    { title: '', align: 'right' },
    { title: '', align: 'left' },
  ]
  return `### ${plain(title)}\n\n${plain(says)}\n\n${table(columns, rows)}`
}

function findingText({ kind, title, count, remedy, samples }: FindingBlock): string {
  const head = `- **${formatCount(count)} ${plain(kind)}**: ${plain(title)}. ${plain(remedy)}`
  const lines = samples.map(({ subject, detail }) =>
    detail === '' ? `  - ${code(subject)}` : `  - ${code(subject)}: ${plain(detail)}`,
  )
  return [head, ...lines].join('\n')
}

function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    line(columns.map(({ title }) => plain(title))),
    line(columns.map(({ align }) => (align === 'right' ? '---:' : '---'))),
    ...rows.map(line),
  ].join('\n')
}

/** Signs that Markdown or HTML would act on are escaped; the rest stays readable. */
const plain = (text: string): string =>
  printableText(text)
    .replace(/[\\`*_[\]<>|~#]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/@/g, '&#64;')
    .replace(/:\/\//g, '&#58;//')

/** Between as many backticks as it takes. A table would end at a bar even there. */
function code(text: string): string {
  const shown = printableText(text).replaceAll('|', '\\|')
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = shown.startsWith('`') || shown.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${shown}${pad}${fence}`
}

function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}\n${text}\n${fence}`
}
