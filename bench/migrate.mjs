/** `npm run bench -- migrate`: the plain scripts, the migration and the limit of the two servers, alternating, in one run. */

import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { officialPython } from '../scripts/services/python.mjs'
import { run } from '../scripts/services/run.mjs'
import { command } from './command.mjs'
import { save } from './migrate-results.mjs'
import { dropDatabase, emptyDatabase, fill, query, startPair } from './servers.mjs'
import { BEST_WORKERS, WORKS } from './works.mjs'

/** @typedef {import('./works.mjs').Work} Work */
/** @typedef {import('./servers.mjs').Pair} Pair */

const TABLES = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes']

/** @param {string[]} args parts of the names of works to run; all without */
export async function main(args) {
  const chosen = WORKS.filter(({ name }) => args.length === 0 || args.some((part) => name.includes(part)))
  const results = []
  for (const work of chosen) {
    const pair = await startPair()
    try {
      await fill(pair, work)
      results.push(await measure(work, pair))
    } finally {
      await pair.stop()
    }
    await save(results)
  }
}

/** @param {Work} work @param {Pair} pair */
async function measure(work, pair) {
  const rounds = []
  const rows = await mkdtemp(join(tmpdir(), 'cp-migrate-bench-'))
  try {
    for (let round = 0; round < work.rounds; round++) {
      const tool = await ours(work, pair, rows)
      const found = {
        tool,
        limit: await limit(work, pair, rows),
        sequential: work.plain > 0 ? await plain('one-by-one.py', work, pair, []) : null,
        concurrent:
          work.plain > 0 ? await plain('side-by-side.py', work, pair, BEST_WORKERS[work.layout] ?? []) : null,
      }
      rounds.push(found)
      process.stderr.write(`${work.name}, round ${round + 1}: ${line(work, found)}\n`)
    }
  } finally {
    await rm(rows, { recursive: true, force: true })
  }
  return { work, rounds }
}

/** @param {Work} work @param {{ tool: { seconds: number }, limit: { seconds: number }, sequential: number | null }} found */
function line({ threads, checkpoints }, { tool, limit, sequential }) {
  const all = threads * checkpoints
  const rates = [all / tool.seconds, all / limit.seconds, sequential ?? 0].map(Math.round)
  return `${rates[0]}/s, limit ${rates[1]}/s, one by one ${rates[2]}/s`
}

/** Migrates, and leaves the rows it made in the folder `rows`. @param {Work} work @param {Pair} pair @param {string} rows */
async function ours(work, pair, rows) {
  const url = await emptyDatabase(pair, 'ours')
  const env = { REDIS_URL: pair.redisUrl, CHECKPOINT_DB_URI: url }
  await command(['init', ...initFlags(work, pair)], env)
  const before = await pair.processorSeconds()
  const { report, seconds, peakMiB, processor } = await command(
    ['migrate', '--json', '--jobs', String(work.jobs)],
    env,
  )
  const after = await pair.processorSeconds()
  const expected = work.threads * work.checkpoints
  if (report.checkpoints.inserted !== expected) {
    throw new Error(`${report.checkpoints.inserted} of ${expected} checkpoints arrived`)
  }
  const count = TABLES.map((table) => `(SELECT count(*) FROM ${table})`).join(' + ')
  const made = Number((await query(url, `SELECT ${count} AS rows`)).rows[0].rows)
  await exportRows(url, rows)
  await dropDatabase(pair, 'ours')
  return {
    // The process with its start and end: what a user waits for.
    seconds,
    rows: made,
    peakMiB,
    processor: {
      ours: processor,
      redis: after.redis - before.redis,
      postgres: after.postgres - before.postgres,
    },
  }
}

/** The tables of the saver that is going to read them. @param {Work} work @param {Pair} pair */
const initFlags = ({ layout, compressed }, { compression }) => [
  ...(layout === 'b1' ? ['--dialect', 'js'] : []),
  ...(compressed === false ? [] : compression),
]

/** @param {string} url @param {string} folder */
async function exportRows(url, folder) {
  await mkdir(folder, { recursive: true })
  const client = new pg.Client(url)
  await client.connect()
  for (const table of TABLES) {
    const rows = client.query(copyTo(`COPY ${table} TO STDOUT (FORMAT binary)`))
    await pipeline(rows, createWriteStream(join(folder, table)))
  }
  await client.end()
}

/** @param {Work} work @param {Pair} pair @param {string} rows @returns {Promise<{ seconds: number, fetched: number, copied: number }>} */
async function limit(work, pair, rows) {
  const url = await emptyDatabase(pair, 'physical_limit')
  await command(['init', ...initFlags(work, pair)], { REDIS_URL: pair.redisUrl, CHECKPOINT_DB_URI: url })
  const args = [join(import.meta.dirname, 'physical-limit.mjs'), pair.redisUrl, url, rows]
  const found = JSON.parse(await run(process.execPath, args))
  await dropDatabase(pair, 'physical_limit')
  return found
}

/**
 * @param {string} script @param {Work} work @param {Pair} pair @param {string[]} workers
 * @returns {Promise<number>} checkpoints a second
 */
async function plain(script, work, pair, workers) {
  const url = await emptyDatabase(pair, 'plain')
  const args = [work.layout, pair.redisUrl, url, String(work.plain), ...workers]
  const said = await run(await officialPython(), [join(import.meta.dirname, script), ...args])
  const { checkpoints, seconds } = JSON.parse(said)
  await dropDatabase(pair, 'plain')
  return checkpoints / seconds
}
