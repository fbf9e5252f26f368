/** Runs the tests and ends with one line that a machine can read: `N passed, N failed`. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { officialJavaScript } from './services/javascript.mjs'
import { officialPython } from './services/python.mjs'
import { redisStack } from './services/redis.mjs'

const ROOT = dirname(import.meta.dirname)

/**
 * @param {readonly string[]} args for vitest: files, `-t NAME` …
 * @returns {Promise<number>} exit code
 */
export async function main(args) {
  await redisStack()
  const python = await officialPython()
  const javaScript = await officialJavaScript()
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-tests-'))
  try {
    const report = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    const vitest = spawn(
      process.execPath,
      [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...reporters, ...args],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          CP_MIGRATE_TEST_PYTHON: python,
          CP_MIGRATE_TEST_JAVASCRIPT: javaScript,
        },
        stdio: 'inherit',
      },
    )
    const [code] = await endOf(vitest)
    const { passed, failed } = count(await readFile(report, 'utf8').catch(() => ''), code)
    process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
    return code === 0 && failed === 0 && passed > 0 ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Waits for the child, which stops its servers first: a signal to us must not end us before.
 *
 * @param {import('node:child_process').ChildProcess} child
 */
async function endOf(child) {
  const wait = () => {}
  const forward = () => child.kill('SIGTERM')
  process.on('SIGINT', wait).on('SIGTERM', forward)
  const ended = await once(child, 'close')
  process.off('SIGINT', wait).off('SIGTERM', forward)
  return ended
}

/**
 * A file that fails before its first test counts as one failure, and so does a run that fails without saying where:
 * no failure may end in a line that says "0 failed".
 *
 * @param {string} report vitest's JSON, empty if there is none
 * @param {number | null} code
 */
function count(report, code) {
  const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = report === '' ? {} : JSON.parse(report)
  /** @param {{ status: string, assertionResults: { status: string }[] }} file */
  const failedWhole = (file) =>
    file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')
  const failed = numFailedTests + testResults.filter(failedWhole).length
  return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed }
}
