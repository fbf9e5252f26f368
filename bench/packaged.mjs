/** The command as the package ships it, which is what people run: built once into a folder of its own. */
import { rmSync } from 'node:fs'
import { cp, mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '../scripts/services/run.mjs'

const ROOT = dirname(import.meta.dirname)
/** What building the package reads, and what the built command reads. */
const NEEDED = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'bin',
  'fixtures/demo',
  'migrations',
  'scripts',
  'src',
]

/** @type {Promise<string> | undefined} */
let built

/** Path of its `bin/cp-migrate.js`; the folder goes with this process. @returns {Promise<string>} */
export function packagedCommand() {
  built ??= build()
  return built
}

async function build() {
  const tree = await mkdtemp(join(tmpdir(), 'cp-migrate-bench-package-'))
  process.on('exit', () => rmSync(tree, { recursive: true, force: true }))
  for (const name of NEEDED) await cp(join(ROOT, name), join(tree, name), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  await run(process.execPath, [join(tree, 'scripts', 'package.mjs')], { cwd: tree })
  return join(tree, 'bin', 'cp-migrate.js')
}
