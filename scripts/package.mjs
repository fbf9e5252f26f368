/**
 * Builds dist/ as the package ships it: without comments and long names, to stay small. The same sources give the same files. With
 * `--sourcemap` it builds what can be read with maps instead: members keep their names, and texts their places.
 */
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { rolldown } from 'rolldown'
import { arrowFunctions } from './package/arrow-functions.mjs'
import { libraryTypes } from './package/declarations.mjs'
import { privateNames } from './package/private-names.mjs'
import { packedTexts } from './package/texts.mjs'

const ROOT = dirname(import.meta.dirname)
const DIST = join(ROOT, 'dist')

const isForReading = process.argv.includes('--sourcemap')

const IMPORT = /^(?:import|export) [^']*? from '(\.[^']+)\.js'/gm
/** @type {Map<string, string>} */
const texts = new Map()
const atStart = importedBy(join(ROOT, 'src', 'cli', 'main.ts'))

const bundle = await rolldown({
  input: {
    'cli/main': join(ROOT, 'src', 'cli', 'main.ts'),
    'cli/job': join(ROOT, 'src', 'cli', 'job.ts'),
    'cli/ready-answer': join(ROOT, 'src', 'cli', 'ready-answer.ts'),
    'library/index': join(ROOT, 'src', 'library', 'index.ts'),
  },
  external: (id) => !id.startsWith('.') && !isAbsolute(id),
  platform: 'node',
  // Modules do nothing when they are imported: what nobody uses may go.
  treeshake: { moduleSideEffects: false },
  plugins: isForReading ? [] : [privateNames(), arrowFunctions(), packedTexts('cli/ready-answer.js')],
})
// What a former build left there would go into the package too.
await rm(DIST, { recursive: true, force: true })
await bundle.write({
  dir: DIST,
  sourcemap: isForReading,
  comments: false,
  // What every command needs is one file, what several need another, and what they say a third, so that no command loads a foreign
  // package that it does not use. Every file repeats whom it imports: many small ones are larger, and start more slowly.
  chunkFileNames: 'parts/[name].js',
  codeSplitting: {
    groups: [
      { name: 'start', priority: 2, test: (id) => atStart.has(id) && isOurOwn(id) },
      {
        name: 'common',
        minShareCount: 3,
        priority: 1,
        test: (id) => !/[\\/]src[\\/](?:cli|commands|report)[\\/]/.test(id) && isOurOwn(id),
      },
      {
        name: 'words',
        minShareCount: 2,
        test: (id) => /[\\/]src[\\/]report[\\/](?!page|html)/.test(id) && isOurOwn(id),
      },
      { name: 'tables', test: /[\\/]src[\\/]report[\\/](?!completion|schema|page|html)/, minShareCount: 2 },
      { name: 'page', test: /[\\/]src[\\/]report[\\/](?:page|html)[\\/]/ },
      {
        name: 'ends',
        test: /[\\/]src[\\/]commands[\\/](?:config|flags-again|scope|store|connections)\.ts/,
      },
    ],
  },
  minify: {
    compress: true,
    mangle: { toplevel: true },
    codegen: { removeWhitespace: true },
  },
})
await bundle.close()
await import('./write-help.mjs')
await writeFile(join(DIST, 'library', 'index.d.ts'), await libraryTypes(ROOT))

/** Whether it is ours and loads nothing that is not. @param {string} id */
function isOurOwn(id) {
  if (!isAbsolute(id)) return false
  return [id, ...importedBy(id)].every((loaded) => !/ from '(?!node:|\.)/.test(textOf(loaded)))
}

/** Whatever is loaded with a module. @param {string} id @param {Set<string>} found */
function importedBy(id, found = new Set()) {
  for (const [, path] of textOf(id).matchAll(IMPORT)) {
    const next = join(dirname(id), `${path}.ts`)
    if (found.has(next)) continue
    found.add(next)
    importedBy(next, found)
  }
  return found
}

/** Without what only the compiler reads. @param {string} id */
function textOf(id) {
  const text = texts.get(id) ?? readFileSync(id, 'utf8').replaceAll(/^(?:import|export) type [^']*'.*$/gm, '')
  texts.set(id, text)
  return text
}
