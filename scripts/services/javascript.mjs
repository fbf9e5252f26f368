/** The official JavaScript savers, for tests alone: packages of their own, so that nobody who installs the project installs them. */
import { createHash } from 'node:crypto'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { npm } from './npm.mjs'

const RECIPE = join(import.meta.dirname, 'javascript')
const FILES = ['package.json', 'package-lock.json']

/**
 * The folder with the installed packages, or the one that `CP_MIGRATE_TEST_JAVASCRIPT` names.
 *
 * @returns {Promise<string>}
 */
export async function officialJavaScript() {
  if (process.env.CP_MIGRATE_TEST_JAVASCRIPT) return process.env.CP_MIGRATE_TEST_JAVASCRIPT
  const lock = await readFile(join(RECIPE, 'package-lock.json'))
  const recipe = createHash('sha256').update(lock).digest('hex').slice(0, 12)
  return cached(`javascript-${recipe}`, async (place) => {
    for (const file of FILES) await copyFile(join(RECIPE, file), join(place, file))
    // The savers name ranges of each other that npm finds too narrow.
    await npm(['ci', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'], place)
  })
}
