/** The parts of a page as HTML. */
import { formatCount } from '../format.js'
import type { Block, Cell, Column, Figure, FindingBlock, Section } from '../page/page.js'
import { barSvg, chartHtml } from './charts.js'
import { escaped, escapedLines } from './escape.js'

export const sectionHtml = ({ id, title, lead, blocks }: Section): string =>
  `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escaped(title)}</h2>
${lead === '' ? '' : `<p class="lead">${escaped(lead)}</p>\n`}${blocks.map((block, at) => blockHtml(block, `${id}-${at}`)).join('\n')}
</section>`

export const figureHtml = ({ label, value, note, tone }: Figure): string =>
  `<div class="figure${tone === undefined ? '' : ` ${tone}`}"><dt>${escaped(label)}</dt><dd><b>${escaped(value)}</b>${note === '' ? '' : `<small>${escaped(note)}</small>`}</dd></div>`

function blockHtml(block: Block, id: string): string {
  switch (block.kind) {
    case 'text':
      return `<p${block.tone === undefined ? '' : ` class="note ${block.tone}"`}>${escaped(block.text)}</p>`
    case 'code':
      return `<figure class="code"><figcaption>${escaped(block.caption)}</figcaption><pre tabindex="0" role="region" aria-label="${escaped(block.caption)}"><code>${escapedLines(block.text)}</code></pre></figure>`
    case 'table':
      return tableHtml(block)
    case 'chart':
      return chartHtml(block, id)
    case 'finding':
      return findingHtml(block.finding)
  }
}

function tableHtml({ caption, columns, rows }: Extract<Block, { kind: 'table' }>): string {
  const bars = columns.map((_, at) => rows.some((row) => row[at]?.share !== undefined))
  const head = columns.map((column, at) => headHtml(column, bars[at]!)).join('')
  const body = rows
    .map((row) => `<tr>${row.map((one, at) => cellHtml(one, columns[at]!, at, bars[at]!)).join('')}</tr>`)
    .join('\n')
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(caption)}">
<table${columns.length < 4 && !isWordy(rows) ? ' class="narrow"' : ''}><caption>${escaped(caption)}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody></table></div>`
}

/** Sentences need the whole width. */
const isWordy = (rows: readonly (readonly Cell[])[]): boolean =>
  rows.some((row) => row.some(({ text }) => text.length > 48))

const headHtml = ({ title, align }: Column, hasBars: boolean): string =>
  `<th scope="col"${classOf(align, hasBars)}>${escaped(title)}</th>`

const classOf = (align: Column['align'], hasBars: boolean): string => {
  const classes = [...(align === 'right' ? ['number'] : []), ...(hasBars ? ['barred'] : [])]
  return classes.length === 0 ? '' : ` class="${classes.join(' ')}"`
}

function cellHtml({ text, share }: Cell, { align, isCode }: Column, at: number, hasBars: boolean): string {
  const shown = isCode && text !== '' ? `<code>${escaped(text)}</code>` : escaped(text)
  const inside = hasBars
    ? `<span class="with-bar">${share === undefined ? '' : barSvg(share)}<span>${shown}</span></span>`
    : shown
  const tag = at === 0 ? 'th' : 'td'
  return `<${tag}${at === 0 ? ' scope="row"' : ''}${classOf(align, hasBars)}>${inside}</${tag}>`
}

function findingHtml({ tone, kind, title, count, remedy, samples }: FindingBlock): string {
  const list = samples
    .map(({ subject, detail }) =>
      detail === ''
        ? `<li><code>${escaped(subject)}</code></li>`
        : `<li><code>${escaped(subject)}</code> <span>${escaped(detail)}</span></li>`,
    )
    .join('\n')
  return `<article class="finding ${tone}">
<h3><span class="count">${formatCount(count)}</span> <span class="kind">${escaped(kind)}</span> ${escaped(title)}</h3>
<p>${escaped(remedy)}</p>
${samples.length === 0 ? '' : `<ul>\n${list}\n</ul>`}
</article>`
}
