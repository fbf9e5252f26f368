/** Builds dist/ as the package ships it: without comments and long local names, to stay small. Stack traces keep the names of functions. */
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'

const ROOT = dirname(import.meta.dirname)
const DIST = join(ROOT, 'dist')

const bundle = await rolldown({
  input: join(ROOT, 'src', 'cli', 'main.ts'),
  external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  platform: 'node',
  treeshake: false,
})
// What a former build left there would go into the package too.
await rm(DIST, { recursive: true, force: true })
await bundle.write({
  dir: DIST,
  // One file a module: a command loads only what it needs.
  preserveModules: true,
  preserveModulesRoot: join(ROOT, 'src'),
  minify: {
    compress: false,
    mangle: { toplevel: false, keepNames: { function: true, class: true } },
    codegen: { removeWhitespace: true },
  },
})
await bundle.close()
