/** The page of --report in a real browser: on a phone, on a desk, in the dark, on paper; and made of the worst names there are. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import type { Browser, Page as Tab } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addFinding, type MigrateReport } from '../../../src/model/report.js'
import { pageHtml } from '../../../src/report/html/document.js'
import { migratePage } from '../../../src/report/page/migrate-page.js'
import { browserPath, openBrowser } from '../browser.js'
import { fullReport, NO_FLAGS } from '../sample.js'
import { SAMPLE_FORECAST, SAMPLE_FOUND, SAMPLE_SURVEY } from '../sample-survey.js'

const HOSTILE = [
  '<script>document.title = "owned"</script>',
  '"><img src=x onerror="document.title=\'owned\'">',
  "'><svg/onload=document.title='owned'>",
  '</style><script>document.title="owned"</script>',
  '</title></code><iframe src="https://evil.example/"></iframe>',
  '&lt;script&gt;alert(1)&lt;/script&gt;',
  'javascript:document.title="owned"',
  '\u202egnp.exe\u202c \u001b[31mred\u0000\ufeff',
  'x'.repeat(5000),
  'ï»¿東京🚀'.repeat(30),
]

const rehearsal = (change: Partial<MigrateReport> = {}): MigrateReport =>
  fullReport({
    dryRun: true,
    dialect: 'python',
    runId: null,
    survey: SAMPLE_SURVEY,
    found: SAMPLE_FOUND,
    forecast: SAMPLE_FORECAST,
    otherDatabases: [{ db: 3, keys: 900 }],
    choices: [
      {
        flag: '--latest-only',
        threads: 3300,
        leftOut: { checkpoints: 58_000, writes: 10, blobs: 3, bytes: 4e8 },
      },
    ],
    ...change,
  })

/** Every name that comes from Redis is one of the worst. */
function hostile(): MigrateReport {
  const [first = ''] = HOSTILE
  const sample = { key: first, type: 'string' }
  const report = rehearsal({
    survey: {
      ...SAMPLE_SURVEY,
      largest: HOSTILE.map((threadId, at) => ({ ...SAMPLE_SURVEY.largest[0]!, threadId, bytes: 1000 - at })),
      classes: HOSTILE.map((name) => ({ name, threads: 1 })),
      expiry: {
        ...SAMPLE_SURVEY.expiry,
        soonest: HOSTILE.map((threadId) => ({ threadId, firstAt: '2026-11-20T18:00:00.000Z', lastAt: null })),
      },
    },
    found: {
      ...SAMPLE_FOUND,
      foreign: HOSTILE.map((prefix) => ({ prefix, keys: 1, samples: [{ ...sample, key: prefix }] })),
      server: { ...SAMPLE_FOUND.server, name: first, modules: [...HOSTILE] },
    },
    layouts: [{ id: 'x', title: first, keys: 1, threads: 1, bytes: 1 }],
  })
  report.threads.notFound.push(...HOSTILE)
  for (const text of HOSTILE) {
    addFinding(report.findings, { reason: 'undecodable', key: Buffer.from(text), detail: text })
    addFinding(report.findings, {
      reason: 'nul-removed',
      threadId: text,
      checkpointNs: text,
      checkpointId: text,
    })
  }
  return report
}

const htmlOf = (report: MigrateReport): string =>
  pageHtml(migratePage(report, NO_FLAGS), { toolVersion: '0.1.0' })

describe('the text of a page', () => {
  test('holds nothing that a browser would load or run', () => {
    for (const html of [htmlOf(rehearsal()), htmlOf(hostile())]) {
      expect(html).not.toMatch(/<(?:script|iframe|img|object|embed|form|base)\b/i)
      expect(html.replace(/&lt;.*?&gt;/g, '')).not.toMatch(/<[^>]*\son\w+=/i)
      expect(html).not.toMatch(/(?:src|href)="(?!#|data:,")/)
      expect(html).not.toMatch(/@import|url\(/)
    }
  })

  test('shows hostile names as text, shortened, without what hides or reorders', () => {
    const html = htmlOf(hostile())
    expect(html).toContain('&lt;script&gt;document.title = &quot;owned&quot;&lt;/script&gt;')
    expect(html).toContain('\\u202egnp.exe')
    expect(html).not.toMatch(/[\u202e\u0000\u001b\ufeff]/)
    expect(html).not.toContain('x'.repeat(200))
    expect(html.length).toBeLessThan(300_000)
  })

  test('puts only names of classes into the code to copy', () => {
    const html = htmlOf(hostile())
    const code = html.slice(html.indexOf('allowed_msgpack_modules'), html.indexOf('])</code>'))
    expect(code.trim()).toBe('allowed_msgpack_modules=[')
    expect(htmlOf(rehearsal())).toContain('(&quot;app.state&quot;, &quot;Cart&quot;)')
  })
})

const path = browserPath()

describe.skipIf(path === null)('in a browser', () => {
  let browser: Browser
  let folder: string
  beforeAll(async () => {
    browser = await openBrowser(path!)
    folder = mkdtempSync(join(tmpdir(), 'cp-migrate-pages-'))
    writeFileSync(join(folder, 'rehearsal.html'), htmlOf(rehearsal()))
    writeFileSync(join(folder, 'hostile.html'), htmlOf(hostile()))
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true })
  })

  /** A tab on the page, and all it asked for or complained of. */
  async function open(name: string, width: number, colorScheme: 'light' | 'dark' = 'light') {
    const tab = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    const said: string[] = []
    tab.on('console', (message) => said.push(message.text()))
    tab.on('pageerror', (error) => said.push(String(error)))
    tab.on('dialog', (dialog) => said.push(dialog.message()))
    tab.on('request', (request) => {
      if (!/^(?:file|data):/.test(request.url())) said.push(request.url())
    })
    await tab.goto(pathToFileURL(join(folder, `${name}.html`)).href)
    return { tab, said }
  }

  const WIDTHS = { phone: 390, desktop: 1280 } as const
  for (const name of ['rehearsal', 'hostile']) {
    for (const [device, width] of Object.entries(WIDTHS)) {
      for (const scheme of ['light', 'dark'] as const) {
        test(`${name} on a ${device}, ${scheme}: nothing runs over, nothing is asked for`, async () => {
          const { tab, said } = await open(name, width, scheme)
          expect(await tab.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
          expect(await tab.title()).toBe('Rehearsal of a migration · cp-migrate')
          await keepScreenshot(tab, `${name}-${device}-${scheme}`)
          expect(said).toEqual([])
          await tab.close()
        })
      }
    }
  }

  for (const scheme of ['light', 'dark'] as const) {
    test(`axe finds no fault, ${scheme}: contrast, names, headings, tables, landmarks`, async () => {
      const { tab } = await open('rehearsal', 1280, scheme)
      expect(await faultsOf(tab)).toEqual([])
      await tab.close()
    })
  }

  test('every chart has words and its values as a table, every table a caption', async () => {
    const { tab } = await open('rehearsal', 1280)
    const count = (selector: string): Promise<number> => tab.locator(selector).count()
    expect(await count('figure.chart')).toBe(3)
    expect(await count('figure.chart svg[role=img] > title')).toBe(3)
    expect(await count('figure.chart svg[role=img] > desc')).toBe(3)
    expect(await count('figure.chart details table tbody tr')).toBe(3 * SAMPLE_SURVEY.growth.steps.length)
    expect(await count('svg:not([aria-hidden=true]):not([role=img])')).toBe(0)
    expect(await count('table:not(:has(caption))')).toBe(0)
    expect(await tab.locator('h1').allTextContents()).toEqual(['Rehearsal of a migration'])
    await tab.close()
  })

  test('by keyboard: the first stop skips to the report, every scrolling place can be reached', async () => {
    const { tab } = await open('rehearsal', 390)
    await tab.keyboard.press('Tab')
    expect(await tab.locator(':focus').getAttribute('href')).toBe('#main')
    const stuck = await tab.evaluate(
      `[...document.querySelectorAll('.scroll, pre')].filter(({ tabIndex }) => tabIndex < 0).length`,
    )
    expect(stuck).toBe(0)
    await tab.close()
  })

  test('on paper it is some pages of ink on white, without what only a screen needs', async () => {
    const { tab } = await open('rehearsal', 1280, 'dark')
    await tab.emulateMedia({ media: 'print', colorScheme: 'dark' })
    expect(await tab.evaluate('getComputedStyle(document.body).color')).toBe('rgb(0, 0, 0)')
    expect(await tab.locator('nav').isVisible()).toBe(false)
    expect((await tab.pdf({ format: 'A4' })).length).toBeGreaterThan(20_000)
    await tab.close()
  })
})

/** For people: `PAGES=folder` keeps what the browser saw. */
async function keepScreenshot(tab: Tab, name: string): Promise<void> {
  const image = await tab.screenshot({ fullPage: true })
  expect(image.length).toBeGreaterThan(30_000)
  const { PAGES } = process.env
  if (PAGES === undefined) return
  mkdirSync(PAGES, { recursive: true })
  writeFileSync(join(PAGES, `${name}.png`), image)
}

/** What axe finds: contrast, names, headings, tables, landmarks, keyboard. */
async function faultsOf(tab: Tab): Promise<string[]> {
  await tab.evaluate(axe.source)
  // As text: the types of a browser are none of this project's.
  const run = `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`
  const { violations } = await tab.evaluate<axe.AxeResults>(run)
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map(({ html }) => html)
        .join(' ')}`,
  )
}
