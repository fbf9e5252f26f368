/** `npm run bench -- start-up`: how long the command takes to say something, beside an empty Node, alternating. */
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { machine } from './servers.mjs'

const ROOT = join(import.meta.dirname, '..')
const TOOL = join(ROOT, 'bin', 'cp-migrate.js')
const ROUNDS = 31

/** What is started, each after the other in every round. */
const STARTED = {
  'node -e 0': ['-e', '0'],
  'cp-migrate --version': [TOOL, '--version'],
  'cp-migrate --help': [TOOL, '--help'],
  'cp-migrate migrate --help': [TOOL, 'migrate', '--help'],
}

export async function main() {
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(STARTED).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, args] of Object.entries(STARTED)) {
      const began = performance.now()
      spawnSync(process.execPath, args, { stdio: 'ignore' })
      times[name]?.push(performance.now() - began)
    }
  }
  const medians = Object.entries(times).map(([name, all]) => ({ name, ms: median(all) }))
  const empty = medians[0]?.ms ?? 1
  const rows = medians.map(
    ({ name, ms }) => `| \`${name}\` | ${ms.toFixed(0)} ms | ${(ms / empty).toFixed(2)}× |`,
  )
  const table = ['| started | median | of an empty Node |', '|---|---|---|', ...rows, ''].join('\n')
  const folder = join(import.meta.dirname, 'results')
  await mkdir(folder, { recursive: true })
  const head = `Measured on ${await machine()}; ${ROUNDS} rounds, alternating.`
  await writeFile(join(folder, 'start-up.md'), `${head}\n\n${table}`)
  process.stdout.write(table)
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
