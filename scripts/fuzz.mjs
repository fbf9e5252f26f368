/** `npm run fuzz`: mutated payloads against every codec and every layout reader, beside what Python makes of them. */
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { officialPython } from './services/python.mjs'

const ROOT = dirname(import.meta.dirname)
const BUNDLE = join(ROOT, 'node_modules', '.cache', 'cp-migrate', `fuzz-${process.pid}.mjs`)

/** @param {string[]} args @returns {Promise<number>} exit code */
export async function main(args) {
  const bundle = await rolldown({
    input: join(ROOT, 'test', 'fuzz', 'main.ts'),
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    platform: 'node',
    // Files beside the sources are found as if these had not been bundled.
    plugins: [
      {
        name: 'dirname',
        transform: (code, id) => code.replaceAll('import.meta.dirname', JSON.stringify(dirname(id))),
      },
    ],
  })
  await mkdir(dirname(BUNDLE), { recursive: true })
  await bundle.write({ file: BUNDLE })
  await bundle.close()
  try {
    const { fuzz } = await import(BUNDLE)
    return await fuzz(args, await officialPython())
  } finally {
    await rm(BUNDLE, { force: true })
  }
}
