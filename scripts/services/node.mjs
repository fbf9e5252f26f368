/** Other versions of Node, from the packages that npm has of them: nothing is installed on the machine. */
import { join } from 'node:path'
import { cached } from './cache.mjs'
import { npm } from './npm.mjs'

/** Of each major version that is supported, the one that is tested. */
export const NODES = ['20.20.2', '22.23.3', '24.21.0']

/**
 * @param {string} version
 * @returns {Promise<string>} the folder with its `node`, to put first into PATH
 */
export async function nodeFolder(version) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const place = await cached(`node-${version}`, async (folder) => {
    const quiet = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--loglevel=error']
    await npm(['install', '--prefix', folder, ...quiet, `${name}@${version}`], folder)
  })
  return join(place, 'node_modules', name, 'bin')
}
