/**
 * `npm run bench -- steps`: what comes before and after a migration, on the same data in the same run: dry run, verify and purge beside
 * migrate; purge beside a bare script; what a second client of Redis feels meanwhile, and which commands the server got.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { run } from '../scripts/services/run.mjs'
import { command } from './command.mjs'
import { secondClient } from './second-user.mjs'
import { dropDatabase, emptyDatabase, fill, machine, startPair } from './servers.mjs'

/** @type {import('./works.mjs').Work} */
const WORK = { name: 'steps', layout: 'a5', threads: 1000, checkpoints: 10, bytes: 2000, plain: 0, rounds: 3 }
const STEPS = {
  'dry run': ['migrate', '--dry-run', '--json'],
  migrate: ['migrate', '--json'],
  verify: ['verify', '--json'],
  'purge-redis': ['purge-redis', '--yes', '--older-than', '0', '--json'],
}

/** @typedef {{ seconds: number, keys: number, p99: number, longest: number, commands: Record<string, number> }} Measured */

export async function main() {
  /** @type {Record<string, Measured[]>} */
  const measured = { ...Object.fromEntries(Object.keys(STEPS).map((name) => [name, []])), 'bare script': [] }
  for (let round = 0; round < WORK.rounds; round++) {
    const pair = await startPair()
    try {
      await fill(pair, WORK)
      measured['bare script']?.push(await watched(pair.redisUrl, () => bareScript(pair.redisUrl)))
      await fill(pair, WORK)
      const url = await emptyDatabase(pair, 'steps')
      const env = { REDIS_URL: pair.redisUrl, CHECKPOINT_DB_URI: url }
      await command(['init', ...pair.compression], env)
      for (const [name, args] of Object.entries(STEPS)) {
        measured[name]?.push(await watched(pair.redisUrl, () => command(args, env)))
        process.stderr.write(`round ${round + 1}, ${name}: ${measured[name]?.at(-1)?.seconds.toFixed(2)} s\n`)
      }
      await dropDatabase(pair, 'steps')
    } finally {
      await pair.stop()
    }
  }
  await save(measured)
}

/** Compares each value with what was read before and unlinks it, on the server, in batches: the least a purge has to do. */
async function bareScript(/** @type {string} */ url) {
  return run(process.execPath, [join(import.meta.dirname, 'bare-purge.mjs'), url])
}

/**
 * Does the work while a second client asks Redis for one small key, a hundred times a second.
 *
 * @param {string} url @param {() => Promise<unknown>} work @returns {Promise<Measured>}
 */
async function watched(url, work) {
  const redis = new Redis(url, { protocol: 2 })
  const keys = await redis.dbsize()
  await redis.config('RESETSTAT')
  const other = await secondClient(url)
  const began = performance.now()
  await work()
  const seconds = (performance.now() - began) / 1000
  const waits = await other.stop()
  const stats = await redis.info('commandstats')
  redis.disconnect()
  const commands = Object.fromEntries(
    [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, calls]) => [name, Number(calls)]),
  )
  return { seconds, keys, p99: waits.p99, longest: waits.longest, commands }
}

/** @param {Record<string, Measured[]>} measured */
async function save(measured) {
  const rows = Object.entries(measured).map(([name, rounds]) => {
    const of = (/** @type {(one: Measured) => number} */ pick) => median(rounds.map(pick))
    const busiest = Object.entries(rounds[0]?.commands ?? {})
      .sort(([, a], [, b]) => b - a)
      .slice(0, 4)
      .map(([command, calls]) => `${command} ${calls.toLocaleString('en-US')}`)
    return `| ${[
      name,
      `${of(({ seconds }) => seconds).toFixed(2)} s`,
      Math.round(of(({ keys, seconds }) => keys / seconds)).toLocaleString('en-US'),
      `${of(({ p99 }) => p99).toFixed(1)} ms`,
      `${of(({ longest }) => longest).toFixed(1)} ms`,
      busiest.join(', '),
    ].join(' | ')} |`
  })
  const table = [
    '| step | seconds | keys/s | p99 of a second client | its longest wait | most frequent commands |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
  const folder = join(import.meta.dirname, 'results')
  await mkdir(folder, { recursive: true })
  const all = (WORK.threads * WORK.checkpoints).toLocaleString('en-US')
  const head = `${all} checkpoints of ${WORK.threads} threads as RedisJSON documents, on ${await machine()}; medians of ${WORK.rounds} rounds.`
  await writeFile(join(folder, 'steps.md'), `${head}\n\n${table}`)
  await writeFile(join(folder, 'steps.json'), `${JSON.stringify(measured, null, 1)}\n`)
  process.stdout.write(table)
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
