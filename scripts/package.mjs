/**
 * Builds dist/ as the package ships it: without comments and long names, to stay small. The same sources give the same files, so that a
 * stack trace of the package is read with `--sourcemap` on the same version.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { rolldown } from 'rolldown'
import { run } from './services/run.mjs'

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
})
// What a former build left there would go into the package too.
await rm(DIST, { recursive: true, force: true })
await bundle.write({
  dir: DIST,
  sourcemap: process.argv.includes('--sourcemap'),
  // What several commands load stands in files of its own: a command loads only what it needs.
  chunkFileNames: 'parts/[name]-[hash].js',
  minify: {
    compress: true,
    mangle: { toplevel: true },
    codegen: { removeWhitespace: true },
  },
})
await bundle.close()
await import('./write-help.mjs')
await addTypes(join('library', 'index.d.ts'))

/** Puts a declaration file into dist/, with all that it needs and no other. @param {string} entry below dist/ */
async function addTypes(entry) {
  const all = await mkdtemp(join(tmpdir(), 'cp-migrate-types-'))
  try {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    const only = ['--declaration', '--emitDeclarationOnly', '--removeComments', 'false', '--outDir', all]
    await run(process.execPath, [tsc, '-p', join(ROOT, 'tsconfig.build.json'), ...only])
    const wanted = [entry]
    for (const file of wanted) {
      const text = await readFile(join(all, file), 'utf8')
      await mkdir(dirname(join(DIST, file)), { recursive: true })
      await writeFile(join(DIST, file), small(text))
      for (const [, path] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g)) {
        const next = join(dirname(file), `${path}.d.ts`)
        if (!wanted.includes(next)) wanted.push(next)
      }
    }
  } finally {
    await rm(all, { recursive: true, force: true })
  }
}

/**
 * Sentences for people are no types that anybody needs: an id and its exit code are. A tab is shorter than four blanks.
 *
 * @param {string} text
 */
function small(text) {
  return text
    .replace(/(readonly (?:what|next|title|remedy): )(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*");/g, '$1string;')
    .replace(/^(?: {4})+/gm, (blanks) => '\t'.repeat(blanks.length / 4))
}
