/** A real browser for the tests of pages: Debian's Chromium, or the one that CHROMIUM names. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Null where this machine has none; in CI that is a failure. */
export function browserPath(): string | null {
  const found = [process.env.CHROMIUM, ...PLACES].find((path) => path !== undefined && existsSync(path))
  if (found !== undefined) return found
  if (process.env.CI !== undefined) throw new Error('no Chromium: apt-get install chromium')
  process.stderr.write(
    'No Chromium on this machine: the pages of --report are not looked at. CHROMIUM=/path names one.\n',
  )
  return null
}

export const openBrowser = (path: string): Promise<Browser> =>
  chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] })
