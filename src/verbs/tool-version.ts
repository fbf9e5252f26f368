/** The version of this tool, as its package says. */
import { readFileSync } from 'node:fs'

export const toolVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version
