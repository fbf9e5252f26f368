/**
 * Builds dist/ as the package ships it: without comments and long names, to stay small. The same sources give the same files. With
 * `--sourcemap` it builds what can be read with maps instead: members keep their names, and texts their places.
 */
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

const bundle = await rolldown({
  input: {
    'cli/main': join(ROOT, 'src', 'cli', 'main.ts'),
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
  // What several commands load stands in files of its own: a command loads only what it needs.
  chunkFileNames: 'parts/[name].js',
  minify: {
    compress: true,
    mangle: { toplevel: true },
    codegen: { removeWhitespace: true },
  },
})
await bundle.close()
await import('./write-help.mjs')
await writeFile(join(DIST, 'library', 'index.d.ts'), await libraryTypes(ROOT))
