import { expect, test } from 'vitest'
import { pageMarkdown } from '../../src/report/markdown.js'
import { migratePage } from '../../src/report/page/migrate-page.js'
import { renderMigrate } from '../../src/report/render.js'
import { fullReport, NO_FLAGS } from './sample.js'
import { SAMPLE_FORECAST, SAMPLE_FOUND, SAMPLE_SURVEY } from './sample-survey.js'

const rehearsal = (survey = SAMPLE_SURVEY) =>
  fullReport({
    dryRun: true,
    dialect: 'python',
    runId: null,
    survey,
    found: SAMPLE_FOUND,
    forecast: SAMPLE_FORECAST,
    blobs: { inserted: 190_114, updated: 0, alreadyThere: 0 },
  })

const textOf = (report = rehearsal(), columns = 80): string =>
  renderMigrate(report, { format: 'text', columns, colored: false, again: NO_FLAGS })

test('a rehearsal on a terminal tells of its threads and of what Postgres will need, in 80 columns', () => {
  const text = textOf()
  expect(text).toContain('→  about 702 MiB in Postgres, 655 MiB with lz4')
  expect(text).toContain('231 threads wait at an interrupt and will resume')
  expect(text).toContain('of 598,733 stored in Redis: the rest are repeats')
  expect(text).toContain('app.state.Cart · app.state.Money')
  expect(text).toMatch(/written each week, 2026-03-02 to 2026-11-16.*\n.*\n\s+[▁▂▃▄▅▆▇█ ]{38}\n/)
  expect(text).toContain('1,341 threads expire in Redis')
  expect(text).toContain('The run itself would take about 41 s; its ledger would take about 9.0 MiB.')
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
})

test('a thread id of any length leaves the figures on their line', () => {
  const [first] = SAMPLE_SURVEY.largest
  const survey = { ...SAMPLE_SURVEY, largest: [{ ...first!, threadId: `a\u001b[2J${'b'.repeat(3000)}` }] }
  for (const columns of [80, 120]) {
    const lines = textOf(rehearsal(survey), columns).split('\n')
    const line = lines.find((one) => one.includes('a\\x1b[2Jbbb'))
    expect(line).toContain('44.0 MiB')
    expect(line!.length).toBeLessThanOrEqual(columns)
  }
})

test('the same as Markdown: a table for each figure, and nothing that a name could turn into markup', () => {
  const evil = '| <img src=x> [x](http://evil) `` ` @everyone **b**'
  const [first] = SAMPLE_SURVEY.largest
  const survey = { ...SAMPLE_SURVEY, largest: [{ ...first!, threadId: evil }] }
  const report = rehearsal(survey)
  report.threads.notFound.push(evil)
  const markdown = pageMarkdown(migratePage(report, NO_FLAGS))
  expect(markdown).toContain('# Rehearsal of a migration')
  expect(markdown).toContain('| up to 64 KiB | 1,204 | 40.0 MiB |')
  expect(markdown).toMatch(/\| 2026-07-27 \| 4,283 \| `█{24}` \|/)
  expect(markdown).toContain('```\\| <img src=x> [x](http://evil) `` ` @everyone **b**```') // longer than its own
  expect(markdown).toContain('not found in Redis: \\| \\<img src=x\\> \\[x\\](http&#58;//evil)')
  const rows = markdown.split('\n').filter((line) => line.startsWith('|'))
  for (const row of rows) expect(row, row).toMatch(/ \|$/)
})
