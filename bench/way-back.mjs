/** `npm run bench -- way-back`: the plain script, the way back from Postgres to Redis, and what the servers can do, alternating, in one run. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { officialPython } from '../scripts/services/python.mjs'
import { startRedis } from '../scripts/services/redis.mjs'
import { run } from '../scripts/services/run.mjs'
import { command } from './command.mjs'
import { relayTo, roundTrip } from './relay.mjs'
import { emptyDatabase, fill, machine, startPair } from './servers.mjs'

const FOLDER = join(import.meta.dirname, 'results')

/** @typedef {import('./works.mjs').Work & { readonly awayMs: number }} Work `awayMs`: how long both servers' answers are held back */
/**
 * `sequential`: checkpoints a second of the script; `limitSeconds`: of the two servers alone, for all of them, where nothing is held back;
 * `roundTripMs`: how long Redis takes to answer PING.
 *
 * @typedef {{ seconds: number, limitSeconds: number, peakMiB: number, sequential: number, roundTripMs: number }} Round
 */

/** @type {Work[]} */
const WORKS = [
  work('2 kB growth', 1000, 10, 2000, { plain: 1000, rounds: 3 }),
  work('0.5 kB growth', 1000, 10, 500, { plain: 1000, rounds: 3 }),
  work('20 kB growth', 500, 10, 20_000, { plain: 300, rounds: 3 }),
  work('2 kB growth, 50,000 checkpoints', 5000, 10, 2000, { plain: 1000, rounds: 3 }),
  // As nearly everybody has them: on machines of their own.
  work('2 kB growth, servers across a network', 1000, 10, 2000, { plain: 300, rounds: 3, awayMs: 1 }),
]

/** @param {string[]} args parts of the names of works to run; all without */
export async function main(args) {
  const results = []
  for (const one of WORKS.filter(
    ({ name }) => args.length === 0 || args.some((part) => name.includes(part)),
  )) {
    results.push(await measure(one))
    await save(results)
  }
}

/** Postgres is filled by a migration of generated threads. @param {Work} work */
async function measure(work) {
  const pair = await startPair()
  try {
    await fill(pair, work)
    const url = await emptyDatabase(pair, 'threads')
    const env = { REDIS_URL: pair.redisUrl, CHECKPOINT_DB_URI: url }
    await command(['init', ...pair.compression], env)
    await command(['migrate'], env)
    return { work, rounds: await away(url, work.awayMs, (from) => roundsOf(work, { url, from })) }
  } finally {
    await pair.stop()
  }
}

/**
 * @typedef {{ url: string, from: string }} Filled the Postgres that has the threads, itself and as far away as it is to be
 * @param {Work} work @param {Filled} filled
 */
async function roundsOf(work, filled) {
  const rounds = []
  for (let round = 0; round < work.rounds; round++) {
    const found = { ...(await ours(filled, work)), ...(await plain(filled, work)) }
    rounds.push(found)
    process.stderr.write(`${work.name}, round ${round + 1}: ${line(work, found)}\n`)
  }
  return rounds
}

/** Into an empty Redis that has the saver's indexes; the ledger forgets it. @param {Filled} filled @param {Work} work */
async function ours({ url, from }, work) {
  return inEmptyRedis(work.awayMs, async (to, redis) => {
    const ends = ['--from', from, '--to', to]
    await command(['init', ...ends], {})
    const { report, seconds, peakMiB } = await command(['migrate', ...ends, '--json'], {})
    const expected = work.threads * work.checkpoints
    if (report.checkpoints.inserted !== expected)
      throw new Error(`${report.checkpoints.inserted} of ${expected} checkpoints arrived`)
    const limitSeconds = await limit(redis, url)
    await command(['rollback', ...ends, '--run', String(report.runId), '--yes'], {})
    return { seconds, limitSeconds, peakMiB }
  })
}

/** @param {string} filled @param {string} url @returns {Promise<number>} seconds */
async function limit(filled, url) {
  return inEmptyRedis(0, async (empty) => {
    await command(['init', '--from', url, '--to', empty], {})
    const script = join(import.meta.dirname, 'way-back-limit.mjs')
    return JSON.parse(await run(process.execPath, [script, filled, empty, url])).seconds
  })
}

/** @param {Filled} filled @param {Work} work */
async function plain({ from }, work) {
  return inEmptyRedis(work.awayMs, async (to) => {
    const script = join(import.meta.dirname, 'back-one-by-one.py')
    const said = await run(await officialPython(), [script, from, to, String(work.plain)])
    const { checkpoints, seconds } = JSON.parse(said)
    return { sequential: checkpoints / seconds, roundTripMs: await roundTrip(to) }
  })
}

/**
 * @template T
 * @param {number} awayMs
 * @param {(away: string, itself: string) => Promise<T>} use gets its URL as far away as it is to be, and its own
 * @returns {Promise<T>}
 */
async function inEmptyRedis(awayMs, use) {
  const redis = await startRedis()
  try {
    return await away(redis.url, awayMs, (url) => use(url, redis.url))
  } finally {
    await redis.stop()
  }
}

/** @template T @param {string} url @param {number} awayMs @param {(url: string) => Promise<T>} use @returns {Promise<T>} */
async function away(url, awayMs, use) {
  if (awayMs === 0) return use(url)
  const relay = await relayTo(url, awayMs)
  try {
    return await use(relay.url)
  } finally {
    relay.stop()
  }
}

/** @param {Work} work @param {Round} round */
function line({ threads, checkpoints }, { seconds, limitSeconds, sequential }) {
  const rate = (threads * checkpoints) / seconds
  const over = `one by one ${Math.round(sequential)}/s: ${(rate / sequential).toFixed(1)}×`
  return `${Math.round(rate)}/s, ${over}, ${(limitSeconds / seconds).toFixed(2)} of the limit`
}

/** @param {{ work: Work, rounds: Round[] }[]} measured */
async function save(measured) {
  const results = measured.map(({ work, rounds }) => {
    const all = work.threads * work.checkpoints
    return {
      work: work.name,
      checkpoints: all,
      perSecond: median(rounds.map(({ seconds }) => all / seconds)),
      sequentialPerSecond: median(rounds.map(({ sequential }) => sequential)),
      overSequential: median(rounds.map(({ seconds, sequential }) => all / seconds / sequential)),
      limitPerSecond: median(rounds.map(({ limitSeconds }) => all / limitSeconds)),
      ofLimit: median(rounds.map(({ seconds, limitSeconds }) => limitSeconds / seconds)),
      peakMiB: Math.max(...rounds.map(({ peakMiB }) => peakMiB)),
      roundTripMs: median(rounds.map(({ roundTripMs }) => roundTripMs)),
    }
  })
  const head = `From Postgres to Redis, measured on ${await machine()}, both servers and the command on the same machine; medians of the rounds in JSON. Across a network: each server's answers are held back for a millisecond on their way; the limit knows of no network.`
  const columns = [
    'work',
    'checkpoints',
    'PING takes',
    'checkpoints/s',
    'official savers one by one',
    'over them',
    'limit/s',
    'of the limit',
    'peak memory',
  ]
  const rows = results.map((one) => [
    one.work,
    one.checkpoints.toLocaleString('en-US'),
    `${one.roundTripMs.toFixed(2)} ms`,
    Math.round(one.perSecond).toLocaleString('en-US'),
    Math.round(one.sequentialPerSecond).toLocaleString('en-US'),
    `${one.overSequential.toFixed(1)}×`,
    Math.round(one.limitPerSecond).toLocaleString('en-US'),
    one.ofLimit.toFixed(2),
    `${Math.round(one.peakMiB)} MiB`,
  ])
  const table = [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')
  await mkdir(FOLDER, { recursive: true })
  await writeFile(join(FOLDER, 'way-back.md'), `${head}\n\n${table}`)
  const json = { machine: await machine(), results, rounds: measured }
  await writeFile(join(FOLDER, 'way-back.json'), `${JSON.stringify(json, null, 1)}\n`)
}

/**
 * @param {string} name @param {number} threads @param {number} checkpoints @param {number} bytes
 * @param {{ plain: number, rounds: number, awayMs?: number }} how
 * @returns {Work}
 */
function work(name, threads, checkpoints, bytes, { plain, rounds, awayMs = 0 }) {
  return { name, layout: 'a5', threads, checkpoints, bytes, plain, rounds, awayMs }
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
