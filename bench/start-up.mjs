/** `npm run bench -- start-up`: how long the command takes to say something, beside an empty Node, alternating. */
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packagedCommand } from './packaged.mjs'
import { machine } from './servers.mjs'

const ROUNDS = 31

export async function main() {
  const tool = await packagedCommand()
  /** What is started, each after the other in every round. */
  const started = {
    'node -e 0': ['-e', '0'],
    'cp-migrate --version': [tool, '--version'],
    'cp-migrate --help': [tool, '--help'],
    'cp-migrate migrate --help': [tool, 'migrate', '--help'],
  }
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(Object.keys(started).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, args] of Object.entries(started)) {
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
