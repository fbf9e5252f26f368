/** The cases the tests judge by: real databases with their right answers, small ones here, full ones where they are. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One folder of `fixtures/` or of the full corpora; fixtures/README.md says what its files hold. */
export interface Case {
  /** `python/0.5.2-full`: the saver's family and what was done with it. */
  readonly name: string
  readonly family: string
  readonly folder: string
  /** Folder of the module `corpus_types`, whose classes occur in the data. */
  readonly types: string
  /** Options that `migrate` needs for this case, e.g. custom prefixes. */
  readonly flags: readonly string[]
}

const ROOT = join(import.meta.dirname, '..', '..')
const FIXTURES = join(ROOT, 'fixtures')
const CORPORA = join(ROOT, '..', 'shared', 'corpus')

/** The cases of the repository, those of one family (`python`, `pickle`, `plain`, `js`) or all. */
export function fixtures(family?: string): Case[] {
  return casesIn(FIXTURES, family)
}

/** The same cases whole, and more of them; empty where the full corpora are not beside the repository. */
export function fullCorpora(family?: string): Case[] {
  return existsSync(CORPORA) ? casesIn(CORPORA, family) : []
}

/** The case of that name in the repository. */
export function fixture(name: string): Case {
  const found = fixtures().find((one) => one.name === name)
  if (!found) throw new Error(`there is no fixture ${name}`)
  return found
}

function casesIn(root: string, wanted?: string): Case[] {
  // What is in a store is no thread's; test/store judges it.
  const all = foldersOf(root).filter((family) => family !== 'store')
  const families = wanted === undefined ? all : [wanted]
  return families.flatMap((family) =>
    foldersOf(join(root, family))
      .map((name) => join(root, family, name))
      .filter((folder) => existsSync(join(folder, 'redis.jsonl')))
      .map((folder) => caseAt(root, family, folder)),
  )
}

function caseAt(root: string, family: string, folder: string): Case {
  const flags = join(folder, 'flags.txt')
  return {
    name: folder.slice(root.length + 1),
    family,
    folder,
    types: join(root, family === 'python' ? 'python' : 'pickle'),
    flags: existsSync(flags) ? readFileSync(flags, 'utf8').trim().split(/\s+/) : [],
  }
}

function foldersOf(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

/** The values of a file with one JSON value a line; none if this case has no such file. */
export function linesOf<Line>(from: Case, file: string): Line[] {
  const path = join(from.folder, file)
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line): Line => JSON.parse(line))
}
