/** What has to be there before anything of the project runs: its packages and its compiled code. Plain Node alone. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheFolder, locked } from './services/cache.mjs'
import { npm } from './services/npm.mjs'

const ROOT = dirname(import.meta.dirname)
/** Written after a build that succeeded: dist/ itself cannot say so, a failed build leaves files too. */
const BUILT = join(ROOT, 'node_modules', '.cache', 'cp-migrate', 'built')

/** Installs the packages of the lock file where they are missing or of other versions. */
export async function install() {
  if (await isInstalled()) return
  await alone(async () => {
    if (await isInstalled()) return
    process.stderr.write('Installing packages (npm ci) …\n')
    await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], ROOT)
  })
}

/** Compiles src/ into dist/ where it has changed since. */
export async function build() {
  if (await isBuilt()) return
  await alone(async () => {
    if (await isBuilt()) return
    const started = new Date()
    process.stderr.write('Building dist/ …\n')
    await npm(['run', '--silent', 'build'], ROOT)
    await mkdir(dirname(BUILT), { recursive: true })
    await writeFile(BUILT, started.toISOString())
  })
}

async function isInstalled() {
  const wanted = await packagesIn(join(ROOT, 'package-lock.json'))
  const present = await packagesIn(join(ROOT, 'node_modules', '.package-lock.json')).catch(() => undefined)
  if (present === undefined) return false
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional || present[path]?.version === version,
  )
}

/**
 * @param {string} lockFile
 * @returns {Promise<Record<string, { version: string, optional?: boolean }>>}
 */
async function packagesIn(lockFile) {
  return JSON.parse(await readFile(lockFile, 'utf8')).packages
}

async function isBuilt() {
  const built = await readFile(BUILT, 'utf8').catch(() => '')
  if (built === '' || !(await stat(join(ROOT, 'dist')).catch(() => undefined))) return false
  const configuration = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((file) =>
    join(ROOT, file),
  )
  const changed = await Promise.all(
    [...(await sources()), ...configuration].map(async (file) => (await stat(file)).mtimeMs),
  )
  return Math.max(...changed) < Date.parse(built)
}

async function sources() {
  const entries = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  // Folders count too: their time changes when a file is removed.
  return entries.map((entry) => join(entry.parentPath, entry.name))
}

/**
 * One set-up of this work tree at a time: two test runs may start together.
 *
 * @param {() => Promise<void>} work
 */
function alone(work) {
  const tree = createHash('sha256').update(ROOT).digest('hex').slice(0, 12)
  return locked(join(cacheFolder(), `tree-${tree}`), work)
}
