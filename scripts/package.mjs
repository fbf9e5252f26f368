/**
 * Builds dist/ as the package ships it: without comments and long names, to stay small. The same sources give the same files, so that a
 * stack trace of the package is read with `--sourcemap` on the same version.
 */
import { readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { rolldown } from 'rolldown'
import { libraryTypes } from './package/declarations.mjs'
import { privateNames } from './package/private-names.mjs'
import { packedTexts } from './package/texts.mjs'

const ROOT = dirname(import.meta.dirname)
const DIST = join(ROOT, 'dist')

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
  plugins: [privateNames(), packedTexts('cli/ready-answer.js')],
})
// What a former build left there would go into the package too.
await rm(DIST, { recursive: true, force: true })
await bundle.write({
  dir: DIST,
  sourcemap: process.argv.includes('--sourcemap'),
  comments: false,
  // What one or two commands load stands in files of its own. What more of them need is one file, without any foreign package: it loads
  // in a moment, and every file that there is repeats whom it imports.
  chunkFileNames: 'parts/[name].js',
  codeSplitting: {
    groups: [
      {
        name: 'common',
        minShareCount: 3,
        test: (id) => !/[\\/]src[\\/](?:cli|commands|report)[\\/]/.test(id) && isOurOwn(id),
      },
      { name: 'words', minShareCount: 2, test: /[\\/]src[\\/]report[\\/]/ },
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

/** @param {string} id */
function isOurOwn(id) {
  return isAbsolute(id) && !/ from '(?!node:|\.)/.test(readFileSync(id, 'utf8'))
}
