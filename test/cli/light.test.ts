import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** Everything that a file imports before its first line runs, followed through; imports of types and those inside functions do not count. */
function importedAtOnce(file: string, seen = new Map<string, string>()): Map<string, string> {
  const imports = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?'([^']+)'/gm
  for (const [, name] of readFileSync(file, 'utf8').matchAll(imports)) {
    const isOurs = name!.startsWith('.')
    const found = isOurs ? resolve(dirname(file), name!.replace(/\.js$/, '.ts')) : name!
    if (seen.has(found)) continue
    seen.set(found, file)
    if (isOurs) importedAtOnce(found, seen)
  }
  return seen
}

test('--help loads no library but commander: drivers, tables and spinners come when they are needed', () => {
  const main = resolve(import.meta.dirname, '../../src/cli/main.ts')
  const libraries = [...importedAtOnce(main)].filter(
    ([name]) => !name.startsWith('/') && !name.startsWith('node:'),
  )
  expect(libraries.map(([name, importer]) => `${name} by ${importer}`)).toEqual([
    expect.stringMatching(/^commander by /),
  ])
})
