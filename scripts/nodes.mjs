/** `npm run nodes`: every other supported Node runs the codecs, the command line, and a packed migration from an empty folder. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, join } from 'node:path'
import { NODES, nodeFolder } from './services/node.mjs'
import { officialPython } from './services/python.mjs'
import { redisStack } from './services/redis.mjs'

const ROOT = dirname(import.meta.dirname)
/** What differs between versions of Node: buffers and texts, numbers, streams, modules, the terminal. */
const SMOKE = [
  'test/codec/msgpack',
  'test/codec/json',
  'test/codec/wrappers',
  'test/cli',
  'test/commands/config.test.ts',
  'test/acceptance/packed.test.ts',
]

/** @param {string[]} wanted versions; all but the one that runs this without @returns {Promise<number>} exit code */
export async function main(wanted) {
  await redisStack()
  const env = { ...process.env, CP_MIGRATE_TEST_PYTHON: await officialPython() }
  const [ours] = process.versions.node.split('.')
  const others = NODES.filter((version) => version.split('.')[0] !== ours)
  let failed = 0
  for (const version of wanted.length > 0 ? wanted : others) {
    const folder = await nodeFolder(version)
    process.stderr.write(`\nNode ${version}\n`)
    const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
    const child = spawn(join(folder, 'node'), [vitest, 'run', '--reporter=dot', ...SMOKE], {
      cwd: ROOT,
      // npm and npx, which the packed test runs, find this Node too.
      env: { ...env, PATH: `${folder}${delimiter}${process.env.PATH}` },
      stdio: 'inherit',
    })
    const [code] = await once(child, 'close')
    if (code !== 0) failed++
  }
  process.stdout.write(failed === 0 ? 'every Node passed\n' : `${failed} of them failed\n`)
  return failed === 0 ? 0 : 1
}
