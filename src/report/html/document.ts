/** A page as one HTML file: nothing is loaded from anywhere, no script runs, print and dark screens are thought of. */
import { formatCount } from '../format.js'
import type { Page, Tone } from '../page/page.js'
import { figureHtml, sectionHtml } from './blocks.js'
import { escaped } from './escape.js'
import { STYLE } from './style.js'

/** Not even a mistake of ours could load something or run a script. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

const MARKS: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✗', plain: '·' }

export function pageHtml(page: Page, { toolVersion }: { readonly toolVersion: string }): string {
  const { title, tone, verdict, ends, startedAt, figures, sections, next, exitCode } = page
  const when = `${startedAt.slice(0, 16).replace('T', ' ')} UTC`
  const nav = sections.map(({ id, title: name }) => `<li><a href="#${id}">${escaped(name)}</a></li>`).join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="cp-migrate ${escaped(toolVersion)}">
<title>${escaped(title)} · cp-migrate</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<p class="brand">cp-migrate</p>
<h1>${escaped(title)}</h1>
<p class="ends">${ends.map(({ label, endpoint }) => `<span><small>${escaped(label)}</small><code>${escaped(endpoint)}</code></span>`).join('<span class="arrow" aria-hidden="true">→</span>')}</p>
<p class="when"><time datetime="${escaped(startedAt)}">${escaped(when)}</time></p>
</header>
<main id="main">
<div class="verdict ${tone}"><span class="mark" aria-hidden="true">${MARKS[tone]}</span><p>${escaped(verdict)}<small>exit code ${formatCount(exitCode)}</small></p></div>
<dl class="figures" style="--per: ${columnsFor(figures.length)}">${figures.map(figureHtml).join('\n')}</dl>
${sections.length > 1 ? `<nav aria-label="Sections"><ul>${nav}</ul></nav>` : ''}
${sections.map(sectionHtml).join('\n')}
${next === null ? '' : nextHtml(next)}
</main>
<footer><p>Made by cp-migrate ${escaped(toolVersion)}. This page holds names, counts and sizes; no payload and no password. It loads nothing.</p></footer>
</body>
</html>
`
}

/** Rows as even as they get, of five at most. */
const columnsFor = (figures: number): number => Math.ceil(figures / Math.ceil(figures / 5))

const nextHtml = ({ command, why }: NonNullable<Page['next']>): string =>
  `<section class="next" aria-labelledby="next-title"><h2 id="next-title">Next</h2>
<pre tabindex="0" role="region" aria-label="Next command"><code>${escaped(command)}</code></pre>${why === '' ? '' : `<p>${escaped(why)}</p>`}</section>`
