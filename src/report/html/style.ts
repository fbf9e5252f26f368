/** How the page looks: one column that breathes, on paper and on dark screens too. Colours are checked for contrast by a test. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #16202c; --soft: #566173; --line: #dfe3e9; --hair: #eceff3;
  --accent: #2458c9; --bar: #5b8def; --track: #edf1f8; --code: #f1f4f8;
  --good: #13713f; --good-paper: #e5f5ec; --warn: #8a5300; --warn-paper: #fdf1dc; --bad: #b3261e; --bad-paper: #fdeceb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #0f141b; --card: #171e27; --ink: #e6ebf2; --soft: #9fabbc; --line: #2a3442; --hair: #222b37;
    --accent: #8fb4ff; --bar: #5684dd; --track: #212b39; --code: #1f2834;
    --good: #6fd29b; --good-paper: #12291e; --warn: #f0bd6a; --warn-paper: #2e2411; --bad: #ff9d94; --bad-paper: #341a18;
  }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto } }
body {
  margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif;
}
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }
a { color: var(--accent) }
h1, h2, h3, p, figure, dl, dd, ul { margin: 0 }
h1 { font-size: clamp(1.7rem, 4.4vw, 2.4rem); line-height: 1.15; letter-spacing: -.022em; text-wrap: balance }
h2 { font-size: 1.25rem; line-height: 1.3; letter-spacing: -.01em }
h3 { font-size: 1rem; line-height: 1.4 }
small { font-size: .84rem; color: var(--soft) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px }
.skip { position: absolute; left: -99rem }
.skip:focus { left: 1rem; top: .6rem; background: var(--card); padding: .4rem .8rem; border-radius: 6px }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }

.brand { font: 600 .82rem/1 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; color: var(--accent); margin-bottom: .9rem }
.ends { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .9rem; margin-top: .9rem }
.ends > span:not(.arrow) { display: inline-flex; flex-wrap: wrap; gap: 0 .55rem; align-items: baseline; min-width: 0 }
.ends code { overflow-wrap: anywhere }
.arrow { color: var(--soft) }
.when { color: var(--soft); font-size: .88rem; margin-top: .25rem }

.verdict { display: flex; gap: .9rem; align-items: flex-start; margin: 1.6rem 0 1rem; padding: 1rem 1.2rem; border-radius: 12px; background: var(--code) }
.verdict p { font-weight: 600; text-wrap: pretty; min-width: 0; overflow-wrap: anywhere }
.verdict small { display: block; font-weight: 400; color: inherit }
.mark { flex: none; display: grid; place-items: center; width: 1.65rem; height: 1.65rem; border-radius: 50%; font-weight: 700; font-size: .95rem; color: var(--card); background: var(--soft) }
.verdict.good { background: var(--good-paper); color: var(--good) } .good > .mark { background: var(--good) }
.verdict.warn { background: var(--warn-paper); color: var(--warn) } .warn > .mark { background: var(--warn) }
.verdict.bad { background: var(--bad-paper); color: var(--bad) } .bad > .mark { background: var(--bad) }

.figures { display: flex; flex-wrap: wrap; gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: 12px; overflow: hidden }
.figure { flex: 1 1 calc(100% / var(--per) - 1px); min-width: 0; background: var(--card); padding: .9rem 1.1rem 1rem }
.figure dt { color: var(--soft); font-size: .84rem }
.figure b { display: block; font-size: 1.55rem; line-height: 1.25; letter-spacing: -.02em; font-weight: 650; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
.figure.bad b { color: var(--bad) } .figure.warn b { color: var(--warn) } .figure.good b { color: var(--good) }
.figure small { display: block; line-height: 1.35; overflow-wrap: anywhere }

nav { margin: 1.4rem 0 0 }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; padding: 0; list-style: none; font-size: .92rem }
nav a { text-decoration: none } nav a:hover { text-decoration: underline }

section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1.3rem 1.4rem 1.5rem; margin-top: 1.1rem; scroll-margin-top: 1rem }
section > * + * { margin-top: 1rem }
section > h2 + .lead { margin-top: .2rem }
.lead { color: var(--soft); overflow-wrap: anywhere }
section > p { max-width: 48rem; overflow-wrap: anywhere; text-wrap: pretty }
.note { padding: .55rem .9rem; border-radius: 8px; background: var(--code) }
.note.plain { padding: 0; background: none; color: var(--soft); font-size: .92rem; max-width: 56rem }
.note.warn { background: var(--warn-paper); color: var(--warn) }
.note.bad { background: var(--bad-paper); color: var(--bad) }

.scroll { overflow-x: auto; border-radius: 4px }
table { border-collapse: collapse; width: 100%; font-size: .93rem; font-variant-numeric: tabular-nums }
table.narrow { max-width: 42rem }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem }
th, td { padding: .42rem 1.1rem .42rem 0; text-align: left; vertical-align: top; font-weight: 400; border-bottom: 1px solid var(--hair) }
th:last-child, td:last-child { padding-right: 0 }
tbody tr:last-child > * { border-bottom: 0 }
thead th { color: var(--soft); font-size: .82rem; border-bottom: 1px solid var(--line); white-space: nowrap }
th code, td code { overflow-wrap: anywhere }
th[scope=row] { min-width: 7.5rem }
.number { text-align: right; white-space: nowrap }
.barred { width: 34% }
.with-bar { display: flex; align-items: center; justify-content: flex-end; gap: .8rem }
.with-bar > span { flex: none; min-width: 4.7rem; text-align: right }
.bar { flex: 1 1 auto; min-width: 2.5rem; height: .62rem; display: block; border-radius: 3px }
.bar rect { fill: var(--bar) } .bar .track { fill: var(--track) }

.chart figcaption p { color: var(--soft); font-size: .92rem }
.plot { position: relative; margin-top: .8rem }
.plot svg { display: block; width: 100%; height: clamp(7rem, 18vw, 10rem); overflow: visible }
.plot rect { fill: var(--bar) } .plot rect:hover { fill: var(--accent) }
.grid line { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke }
.top { position: absolute; right: 0; top: -1.35rem; font-size: .8rem; color: var(--soft); font-variant-numeric: tabular-nums }
.axis { display: flex; justify-content: space-between; border-top: 1px solid var(--line); padding-top: .25rem; font-size: .8rem; color: var(--soft); font-variant-numeric: tabular-nums }
details { margin-top: .5rem; font-size: .92rem }
summary { cursor: pointer; color: var(--accent); width: fit-content }
details .scroll { max-height: 20rem; overflow: auto; margin-top: .4rem }
details table { width: auto; min-width: 15rem }

.code figcaption { font-weight: 600; font-size: .93rem; margin-bottom: .35rem }
pre { margin: 0; padding: .8rem 1rem; border-radius: 8px; background: var(--code); overflow-x: auto; max-width: 100% }

.finding { border-left: 4px solid var(--line); padding: .1rem 0 .1rem 1rem }
.finding.bad { border-color: var(--bad) } .finding.warn { border-color: var(--warn) }
.finding .count { font-variant-numeric: tabular-nums }
.kind { font-size: .8rem; font-weight: 600; padding: .08rem .5rem; border-radius: 99px; background: var(--code); color: var(--soft); white-space: nowrap }
.bad .kind { background: var(--bad-paper); color: var(--bad) } .warn .kind { background: var(--warn-paper); color: var(--warn) }
.finding p { color: var(--soft); font-size: .93rem; max-width: 46rem }
.finding ul { padding: .3rem 0 0; list-style: none; font-size: .92rem }
.finding li { overflow-wrap: anywhere; padding: .12rem 0 } .finding li span { color: var(--soft) }

.next pre { font-size: 1rem; white-space: pre-wrap; overflow-wrap: anywhere }
.next p { color: var(--soft); margin-top: .5rem }
footer { color: var(--soft); font-size: .84rem; margin-top: 1.6rem }

@media (max-width: 34rem) {
  body { padding-top: 1.4rem }
  section { padding: 1.1rem 1rem 1.2rem }
  .figure { padding: .75rem .9rem .8rem } .figure b { font-size: 1.3rem }
  .figure { flex-basis: calc(50% - 1px) }
  th, td { padding-right: .8rem }
  th[scope=row] { min-width: 5.2rem }
  .barred { width: auto }
  .with-bar { flex-direction: column-reverse; align-items: flex-end; gap: .15rem } .with-bar > span { min-width: 0 }
  .bar { flex: none; width: 100%; min-width: 3.4rem; height: .3rem }
}
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --hair: #ddd; --accent: #1a3f93; --bar: #6b7fa8; --track: #eee;
    --code: #f4f4f4; --good: #0c5a30; --good-paper: #fff; --warn: #6b4000; --warn-paper: #fff; --bad: #8c1a14; --bad-paper: #fff;
  }
  body { padding: 0; max-width: none; font-size: 10.5pt }
  nav, .skip, details { display: none }
  section, .figure, .verdict { break-inside: avoid; border-radius: 0 }
  section { padding: .8rem 0; border-width: 1px 0 0 } .verdict { border: 1px solid currentColor }
  section:has(tr:nth-child(14)) { break-inside: auto } tr { break-inside: avoid } h2, h3, caption { break-after: avoid }
  .scroll { overflow: visible } * { print-color-adjust: exact }
}
`
