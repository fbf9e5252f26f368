/** A Python with the official savers: the reader that decides whether a migrated thread is right. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { run } from './run.mjs'

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')

/**
 * The interpreter of the cached environment, or the one that `CP_MIGRATE_TEST_PYTHON` names.
 *
 * @returns {Promise<string>}
 */
export async function officialPython() {
  if (process.env.CP_MIGRATE_TEST_PYTHON) return process.env.CP_MIGRATE_TEST_PYTHON
  const requirements = await readFile(REQUIREMENTS)
  const version = (await run('python3', ['-c', 'import sys; print(*sys.version_info[:2], sep=".")'])).trim()
  const recipe = createHash('sha256').update(requirements).digest('hex').slice(0, 12)
  const folder = await cached(`python-${version}-${recipe}`, async (place) => {
    const python = await virtualEnvironment(place)
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS])
  })
  return join(folder, 'bin', 'python')
}

/**
 * An interpreter that has pip, for a download: the system's own often comes without.
 *
 * @param {string} folder
 */
export function temporaryPip(folder) {
  return virtualEnvironment(join(folder, 'venv'))
}

/**
 * @param {string} folder
 * @returns {Promise<string>} its interpreter
 */
async function virtualEnvironment(folder) {
  try {
    await run('python3', ['-m', 'venv', folder])
  } catch (cause) {
    throw new Error(
      'The tests need Python 3.10 or newer with its venv module (Debian: apt-get install python3-venv).',
      {
        cause,
      },
    )
  }
  return join(folder, 'bin', 'python')
}
