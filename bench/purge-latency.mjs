/**
 * `npm run bench -- purge-latency`: what another client of Redis waits for while values of one size are purged, beside what it waits for
 * when nothing goes on and while the same values are only read, one plain command each.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { command } from './command.mjs'
import { documentKey, documentOf } from './document.mjs'
import { feltBySecond } from './second-user.mjs'
import { emptyDatabase, machine, startPair } from './servers.mjs'

const MEGABYTES = [0.1, 1, 2, 5, 10, 20]
/** Of each size. */
const THREADS = 8
const WORDS = 'the quick brown fox says “hello”, and then some more. '

const ROUNDS = 3

/**
 * @typedef {object} Felt
 * @property {number} longest wait of the other client, milliseconds
 * @property {number} slowest command as the server itself has timed it, milliseconds
 * @property {string} name of that command
 */
/** @typedef {{ megabytes: number, idle: Felt, reading: Felt, purging: Felt }} Row */

export async function main() {
  const pair = await startPair()
  /** @type {Row[]} */
  const rows = []
  try {
    const redis = new Redis(pair.redisUrl, { protocol: 2 })
    await redis.config('SET', 'slowlog-log-slower-than', '0')
    await redis.config('SET', 'slowlog-max-len', '20000')
    for (const megabytes of MEGABYTES) {
      for (let round = 0; round < ROUNDS; round++) {
        rows.push(await measured(pair, redis, { megabytes, name: `latency_${rows.length}` }))
        process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`)
      }
    }
    redis.disconnect()
  } finally {
    await pair.stop()
  }
  await save(rows)
}

/**
 * @param {import('./servers.mjs').Pair} pair @param {Redis} redis @param {{ megabytes: number, name: string }} what
 * @returns {Promise<Row>}
 */
async function measured(pair, redis, { megabytes, name }) {
  await redis.flushall()
  const keys = await write(redis, megabytes)
  const env = { REDIS_URL: pair.redisUrl, CHECKPOINT_DB_URI: await emptyDatabase(pair, name) }
  for (const args of [['init'], ['migrate'], ['verify']]) await command(args, env)
  const idle = await felt(pair.redisUrl, redis, () => sleep(1000))
  const reading = await felt(pair.redisUrl, redis, async () => {
    for (const key of keys) await redis.callBuffer('JSON.GET', key)
  })
  const purging = await felt(pair.redisUrl, redis, () =>
    command(['purge-redis', '--yes', '--older-than', '0'], env),
  )
  if ((await redis.exists(keys)) > 0) throw new Error('the purge has left keys')
  return { megabytes, idle, reading, purging }
}

/** @param {string} url @param {Redis} redis @param {() => Promise<unknown>} work @returns {Promise<Felt>} */
async function felt(url, redis, work) {
  await redis.slowlog('RESET')
  const { longest } = await feltBySecond(url, work)
  const log = /** @type {[number, number, number, string[]][]} */ (await redis.slowlog('GET', 20_000))
  const [slowest] = log
    .filter(([, , , [word]]) => !/^(slowlog|auth|hello)$/i.test(word ?? ''))
    .sort((a, b) => b[2] - a[2])
  return { longest, slowest: (slowest?.[2] ?? 0) / 1000, name: slowest?.[3][0]?.toUpperCase() ?? '' }
}

/** @param {Redis} redis @param {number} megabytes @returns {Promise<string[]>} the keys */
async function write(redis, megabytes) {
  const text = WORDS.repeat(Math.ceil((megabytes * 1e6) / WORDS.length))
  /** @type {string[]} */
  const keys = []
  for (let at = 0; at < THREADS; at++) {
    const thread = `thread-${at}`
    const key = documentKey(thread)
    const document = documentOf(thread, ['text'], { text })
    await redis.call('JSON.SET', key, '$', JSON.stringify(document))
    keys.push(key)
  }
  return keys
}

/** @param {Row[]} rows */
async function save(rows) {
  const lines = MEGABYTES.map((megabytes) => {
    const rounds = rows.filter((row) => row.megabytes === megabytes)
    const of = (/** @type {(row: Row) => number} */ pick) => `${median(rounds.map(pick)).toFixed(1)} ms`
    const names = [...new Set(rounds.map(({ purging }) => purging.name))].join(', ')
    return `| ${megabytes} MB | ${of(({ idle }) => idle.longest)} | ${of(({ reading }) => reading.longest)} | ${of(({ purging }) => purging.longest)} | ${of(({ reading }) => reading.slowest)} | ${of(({ purging }) => purging.slowest)} (${names}) |`
  })
  const table = [
    '| value | nothing goes on | it is read | it is purged | slowest command, reading | slowest command, purging |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
  const folder = join(import.meta.dirname, 'results')
  await mkdir(folder, { recursive: true })
  const head = `The longest wait of a client that reads one small key a hundred times a second, while ${THREADS} RedisJSON documents of one size are purged one after another; and the slowest command by the server's own clock. On ${await machine()}; medians of ${ROUNDS} rounds.`
  await writeFile(join(folder, 'purge-latency.md'), `${head}\n\n${table}`)
  await writeFile(join(folder, 'purge-latency.json'), `${JSON.stringify(rows, null, 1)}\n`)
  process.stdout.write(table)
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
