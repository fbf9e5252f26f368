/** Which layouts a run knows: all of the table, those of layout files before them, or one that the user names. */
import { resolve } from 'node:path'
import { genericLayout } from '../layouts/generic.js'
import { LAYOUTS } from '../layouts/index.js'
import type { Layout } from '../layouts/layout.js'
import { Failure } from '../model/failure.js'
import { nearestOf } from '../model/nearest.js'
import type { Config } from './config.js'
import { contentOf } from './variables.js'

/** Newest first, as the registry wants them. Throws failures that name the flag or the place in the file at fault. */
export async function chosenLayouts({ values }: Config, cwd: string): Promise<readonly Layout[]> {
  const layouts = [...LAYOUTS]
  for (const path of values.layoutFile.toReversed()) layouts.unshift(await layoutOf(path, cwd, layouts))
  return values.layout === undefined ? layouts : familyOf(values.layout, layouts)
}

async function layoutOf(path: string, cwd: string, others: readonly Layout[]): Promise<Layout> {
  const text = contentOf(resolve(cwd, path), '--layout-file')
  // Checking a file takes a library that no other run needs.
  const { LayoutFileProblem, parseLayoutFile } = await import('../layouts/generic/layout-file.js')
  try {
    const mapping = parseLayoutFile(text)
    if (!others.some(({ id }) => id === mapping.id)) return genericLayout(mapping)
    throw new LayoutFileProblem(`id: there is a layout ${mapping.id} already`)
  } catch (error) {
    if (!(error instanceof LayoutFileProblem)) throw error
    throw new Failure('bad-layout-file', { path, problem: error.message })
  }
}

/** The one named, with those whose keys are read by the same reader. */
function familyOf(name: string, layouts: readonly Layout[]): readonly Layout[] {
  const named = layouts.find(({ id }) => id === name)
  if (named === undefined) {
    const ids = layouts.map(({ id }) => id)
    throw new Failure('unknown-layout', { name, nearest: nearestOf(name, ids), known: ids.join(', ') })
  }
  const reader = named.readBy ?? named.id
  return layouts.filter(({ id, readBy }) => (readBy ?? id) === reader)
}
