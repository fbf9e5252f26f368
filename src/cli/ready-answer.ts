/** What can be said without starting anything: the version, and the list of commands that the build has written down. */
import { readFileSync } from 'node:fs'

/** The width that it was written for; a narrower terminal gets its own. */
const HELP_COLUMNS = 80

/** Null: the program has to answer by itself. `argv` without node and script. */
export function readyAnswer(argv: readonly string[], columns = HELP_COLUMNS): string | null {
  const [word = '--help', more] = argv
  if (more !== undefined) return null
  switch (word) {
    case '--version':
    case '-v':
      return `${(JSON.parse(contentOf('package.json')) as { version: string }).version}\n`
    case '--help':
    case '-h':
    case 'help':
      return columns < HELP_COLUMNS ? null : helpText()
    default:
      return null
  }
}

/** Null where it was not built yet. */
function helpText(): string | null {
  try {
    return contentOf('dist/help.txt')
  } catch {
    return null
  }
}

const contentOf = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
