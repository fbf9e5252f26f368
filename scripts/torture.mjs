/** `npm run torture`: faults of every kind we can cause, each followed by the judge. Minutes to an hour; a slice of it is in the tests. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { exists } from './services/cache.mjs'
import { officialJavaScript } from './services/javascript.mjs'
import { officialPython } from './services/python.mjs'
import { redisStack } from './services/redis.mjs'

const ROOT = dirname(import.meta.dirname)
const FOLDER = join(ROOT, 'test', 'torture')
/** In the order in which they run. */
const PARTS = ['kill', 'wires', 'back', 'jobs', 'model', 'race', 'live']
const USAGE = `usage: npm run torture -- [--only ${PARTS.join('|')}] [--seed N] [--count N]\n`

/**
 * @typedef {object} Result what a part reports: see test/torture/part.ts
 * @property {string} part
 * @property {number} seconds
 * @property {number} cases
 * @property {Record<string, number>} counts
 * @property {{ what: string, reproduce: string }[]} violations
 * @property {string[]} skipped
 */

/**
 * @param {readonly string[]} args
 * @returns {Promise<number>} exit code: 1 if a promise was broken or a part could not run
 */
export async function main(args) {
  const asked = orderOf(args)
  if (asked === undefined) {
    process.stderr.write(USAGE)
    return 2
  }
  const { only, seed, count } = asked
  const parts = []
  for (const part of PARTS) {
    const isThere = await exists(join(FOLDER, `${part}.ts`))
    if ((only === undefined && isThere) || only === part) parts.push(part)
  }
  await redisStack()
  const folder = await mkdtemp(join(tmpdir(), 'cp-migrate-torture-'))
  try {
    process.stdout.write(`seed ${seed}, parts: ${parts.join(', ')}\n`)
    const [reportFile, resultsFile] = [join(folder, 'report.json'), join(folder, 'results.json')]
    const vitest = spawn(
      process.execPath,
      [
        join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
        'run',
        '--config',
        join(FOLDER, 'vitest.config.ts'),
        '--reporter=json',
        `--outputFile=${reportFile}`,
      ],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          CP_MIGRATE_TEST_PYTHON: await officialPython(),
          CP_MIGRATE_TEST_JAVASCRIPT: await officialJavaScript(),
          CP_MIGRATE_TORTURE_PARTS: parts.join(' '),
          CP_MIGRATE_TORTURE_SEED: String(seed),
          CP_MIGRATE_TORTURE_COUNT: count === undefined ? '' : String(count),
          CP_MIGRATE_TORTURE_RESULTS: resultsFile,
        },
        stdio: 'inherit',
      },
    )
    const wait = () => {} // the child stops its servers first: a signal to us must not end us before
    process.on('SIGINT', wait)
    const [code] = await once(vitest, 'close')
    process.off('SIGINT', wait)
    const results = /** @type {Result[]} */ (
      JSON.parse(await readFile(resultsFile, 'utf8').catch(() => '[]'))
    )
    process.stdout.write(`\n${table(results)}\n`)
    const broken = await failures(await readFile(reportFile, 'utf8').catch(() => ''))
    for (const text of broken) process.stdout.write(`\ncould not run: ${text}\n`)
    const violations = results.flatMap((result) => result.violations)
    for (const { what, reproduce } of violations)
      process.stdout.write(`\nVIOLATION  ${what}\n  ${reproduce}\n`)
    process.stdout.write(
      `\n${results.length} of ${parts.length} parts, ${violations.length} violations, seed ${seed}\n`,
    )
    return code === 0 && violations.length === 0 && results.length === parts.length ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * @param {readonly string[]} args
 * @returns {{ only: string | undefined, seed: number, count: number | undefined } | undefined} undefined: not understood
 */
function orderOf(args) {
  try {
    const options = /** @type {const} */ ({
      only: { type: 'string' },
      seed: { type: 'string' },
      count: { type: 'string' },
    })
    const { values } = parseArgs({ args: [...args], options })
    const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
    const count = values.count === undefined ? undefined : Number(values.count)
    const isKnown = values.only === undefined || PARTS.includes(values.only)
    const isNumber = Number.isSafeInteger(seed) && (count === undefined || Number.isSafeInteger(count))
    return isKnown && isNumber ? { only: values.only, seed, count } : undefined
  } catch {
    return undefined
  }
}

/**
 * @param {readonly Result[]} results
 * @returns {string} a part a block: what was done, how often, what came of it
 */
function table(results) {
  const lines = results.flatMap(({ part, seconds, cases, counts, violations, skipped }) => [
    `${part.padEnd(6)} ${String(cases).padStart(7)} cases  ${seconds.toFixed(0).padStart(5)} s  ${violations.length} violations`,
    ...Object.entries(counts).map(([name, count]) => `       ${String(count).padStart(7)} ${name}`),
    ...skipped.map((reason) => `       skipped ${reason}`),
  ])
  return lines.join('\n')
}

/**
 * @param {string} report vitest's JSON, empty if there is none
 * @returns {Promise<string[]>} what ended a part before it could say what came of it
 */
async function failures(report) {
  if (report === '') return ['vitest did not start']
  const { testResults = [] } = JSON.parse(report)
  return testResults.flatMap((/** @type {any} */ file) => [
    ...(file.message ? [file.message] : []),
    ...file.assertionResults.flatMap((/** @type {any} */ one) => one.failureMessages ?? []),
  ])
}
