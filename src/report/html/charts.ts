/** Charts as inline SVG: shapes alone, which stretch to any width; words stand beside them in HTML, so that they stay readable. */
import type { Block } from '../page/page.js'
import { escaped } from './escape.js'

const HEIGHT = 100
/** Of a column's place. */
const GAP = 0.16
/** A value above nothing is seen. */
const LEAST = 1.5
const FEWEST = 12

type Chart = Extract<Block, { kind: 'chart' }>

/** Columns with a scale, the first and the last label, and all values as a table to open. */
export function chartHtml(chart: Chart, id: string): string {
  const { title, says, unit, bars } = chart
  const most = Math.max(...bars.map(({ value }) => value), 1)
  const top = bars.find(({ value }) => value === most)?.text ?? ''
  // A single day should not fill the page.
  const places = Math.max(bars.length, FEWEST)
  const columns = bars.map(({ label, value, text }, at) => {
    const height = value === 0 ? 0 : Math.max(LEAST, (value / most) * HEIGHT)
    const shape = `x="${(at + GAP / 2).toFixed(2)}" y="${(HEIGHT - height).toFixed(2)}" width="${(1 - GAP).toFixed(2)}" height="${height.toFixed(2)}"`
    return `<rect ${shape}><title>${escaped(`${label}: ${text}`)}</title></rect>`
  })
  return `<figure class="chart">
<figcaption><h3 id="${id}">${escaped(title)}</h3><p>${escaped(says)}</p></figcaption>
<div class="plot">
<span class="top" aria-hidden="true">${escaped(top)}</span>
<svg viewBox="0 0 ${places} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-labelledby="${id}-t ${id}-d">
<title id="${id}-t">${escaped(title)}</title><desc id="${id}-d">${escaped(says)}</desc>
<g class="grid"><line x1="0" x2="${places}" y1="0" y2="0"/><line x1="0" x2="${places}" y1="50" y2="50"/></g>
${columns.join('\n')}
</svg>
${axisHtml(bars, places)}
</div>
<details><summary>All values<span class="unseen"> of “${escaped(title)}”</span></summary>
<div class="scroll" role="region" tabindex="0" aria-label="${escaped(`All values of ${title}`)}"><table><caption class="unseen">${escaped(title)}</caption>
<thead><tr><th scope="col">from</th><th scope="col" class="number">${escaped(unit)}</th></tr></thead>
<tbody>${bars.map(({ label, text }) => `<tr><th scope="row">${escaped(label)}</th><td class="number">${escaped(text)}</td></tr>`).join('')}</tbody></table></div></details>
</figure>`
}

/** The first label, the middle one, the last one; nothing between where the columns do not fill the place. */
function axisHtml(bars: Chart['bars'], places: number): string {
  const [first] = bars
  const last = bars.at(-1)
  const isFull = bars.length === places
  const range = bars.length > 1 ? `${first?.label} – ${last?.label}` : (first?.label ?? '')
  const labels = isFull
    ? [first, bars[Math.floor(bars.length / 2)], last].map((bar) => bar?.label ?? '')
    : [range]
  const spans = labels.map((label) => `<span>${escaped(label)}</span>`).join('')
  return `<div class="axis" aria-hidden="true">${spans}</div>`
}

/** A bar beside a number; the number says it too. */
export const barSvg = (share: number): string =>
  `<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="track" width="100" height="8"/><rect width="${
    share === 0 ? 0 : Math.max(LEAST, share * 100).toFixed(1)
  }" height="8"/></svg>`
