/** What `migrate.mjs` measured, as a table, as JSON and as a chart. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chart } from './chart.mjs'
import { machine } from './servers.mjs'
import { WORKS } from './works.mjs'

const FOLDER = join(import.meta.dirname, 'results')

/**
 * @typedef {object} Round
 * @property {{ seconds: number, rows: number, peakMiB: number, processor: { ours: number, redis: number, postgres: number } }} tool
 * @property {{ seconds: number, fetched: number, copied: number }} limit
 * @property {number | null} sequential checkpoints a second
 * @property {number | null} concurrent checkpoints a second
 *
 * @typedef {{ work: import('./works.mjs').Work, rounds: Round[] }} Measured
 */

/** Works that were not measured now keep the figures they have. @param {Measured[]} now */
export async function save(now) {
  const measured = WORKS.flatMap(({ name }) => {
    const isThis = (/** @type {Measured} */ { work }) => work.name === name
    return now.find(isThis) ?? before.find(isThis) ?? []
  })
  const results = measured.map(figures)
  const head = `Measured on ${await machine()}, both servers and the command on the same machine; medians of the rounds in JSON.`
  await mkdir(FOLDER, { recursive: true })
  await writeFile(join(FOLDER, 'migrate.md'), `${head}\n\n${table(results)}`)
  const json = { machine: await machine(), results, rounds: measured }
  await writeFile(join(FOLDER, 'migrate.json'), `${JSON.stringify(json, null, 1)}\n`)
  await writeFile(join(FOLDER, 'migrate.svg'), chart(results))
}

/** @type {Measured[]} */
const before = await readFile(join(FOLDER, 'migrate.json'), 'utf8')
  .then((text) => JSON.parse(text).rounds)
  .catch(() => [])

/** @typedef {ReturnType<typeof figures>} Figures */

/** @param {Measured} measured */
function figures({ work, rounds }) {
  const all = work.threads * work.checkpoints
  /** @param {(round: Round) => number} pick */
  const of = (pick) => median(rounds.map(pick))
  /** @param {'sequential' | 'concurrent'} script */
  const times = (script) =>
    rounds[0]?.[script] == null ? null : of((round) => all / round.tool.seconds / (round[script] ?? 1))
  return {
    work: work.name,
    checkpoints: all,
    sourceMB: of(({ limit }) => limit.fetched / 1e6),
    seconds: of(({ tool }) => tool.seconds),
    perSecond: of(({ tool }) => all / tool.seconds),
    rowsPerSecond: of(({ tool }) => tool.rows / tool.seconds),
    sourceMBPerSecond: of(({ tool, limit }) => limit.fetched / 1e6 / tool.seconds),
    overSequential: times('sequential'),
    overConcurrent: times('concurrent'),
    limitPerSecond: of(({ limit }) => all / limit.seconds),
    ofLimit: of(({ tool, limit }) => limit.seconds / tool.seconds),
    peakMiB: Math.max(...rounds.map(({ tool }) => tool.peakMiB)),
    processor: {
      ours: of(({ tool }) => tool.processor.ours),
      redis: of(({ tool }) => tool.processor.redis),
      postgres: of(({ tool }) => tool.processor.postgres),
    },
  }
}

/** @param {Figures[]} results */
function table(results) {
  const head = [
    'work',
    'checkpoints',
    'source',
    'checkpoints/s',
    'rows/s',
    'source/s',
    'over the plain script',
    'over the concurrent one',
    'limit/s',
    'of the limit',
    'processor: tool, Redis, Postgres',
    'peak memory',
  ]
  const rows = results.map((found) => [
    found.work,
    whole(found.checkpoints),
    `${whole(found.sourceMB)} MB`,
    whole(found.perSecond),
    whole(found.rowsPerSecond),
    `${whole(found.sourceMBPerSecond)} MB`,
    found.overSequential === null ? '–' : `${found.overSequential.toFixed(1)}×`,
    found.overConcurrent === null ? '–' : `${found.overConcurrent.toFixed(1)}×`,
    whole(found.limitPerSecond),
    found.ofLimit.toFixed(2),
    Object.values(found.processor)
      .map((seconds) => `${seconds.toFixed(1)} s`)
      .join(', '),
    `${whole(found.peakMiB)} MiB`,
  ])
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')
}

/** @param {number} value */
const whole = (value) => Math.round(value).toLocaleString('en-US')

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
