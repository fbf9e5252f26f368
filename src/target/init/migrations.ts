/** The SQL files that create the tables: LangGraph's own steps under their own numbers, and the ledger's. */
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { quoted } from '../connection/session.js'

const SETS = [
  'langgraph-python',
  'langgraph-js',
  'store-python',
  'store-js',
  'vectors-python',
  'vectors-js',
  'ledger',
] as const
export type MigrationSet = (typeof SETS)[number]

export interface Migration {
  /** As the saver records it in checkpoint_migrations or store_migrations, or we in ledger_migrations. */
  readonly number: number
  /** One statement each, without its semicolon; schema names still stand as psql variables, `:"schema"` and `:"ledger"`. */
  readonly statements: readonly string[]
}

export type Migrations = Readonly<Record<MigrationSet, readonly Migration[]>>

/** All sets, each in the order of its numbers. */
export async function readMigrations(): Promise<Migrations> {
  const folder = join(await packageRoot(), 'migrations')
  const read = await Promise.all(SETS.map(async (set) => [set, await readSet(join(folder, set))] as const))
  return Object.fromEntries(read) as Record<MigrationSet, Migration[]>
}

async function readSet(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    files.map(async (name) => ({
      number: Number.parseInt(name, 10),
      statements: statementsOf(await readFile(join(folder, name), 'utf8')),
    })),
  )
}

/** Our files hold no function bodies: a semicolon at the end of a line ends a statement. */
const statementsOf = (sql: string): string[] =>
  sql
    .replace(/^\s*--.*\n/gm, '')
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')

/** Puts schema names where psql would: `:"schema"` → `"public"`. */
export const withSchemas = (statement: string, names: Readonly<Record<string, string>>): string =>
  statement.replace(/:"(\w+)"/g, (variable, name: string) => {
    const value = names[name]
    return value === undefined ? variable : quoted(value)
  })

/** The folder that holds `migrations/` and `fixtures/`: the same above `src/` and above `dist/`. */
export async function packageRoot(): Promise<string> {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const names = await readdir(at)
    if (names.includes('migrations') && names.includes('package.json')) return at
    if (at === dirname(at)) throw new Error('the package is not whole: migrations/ is missing')
  }
}
