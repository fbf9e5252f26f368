/**
 * `npm run bench -- detect [KEYS]`: `cp-migrate detect` beside what nobody who wants the TYPE of each key can do without: SCAN, and TYPE
 * for every name. Both are processes of their own, alternating, over the same million keys.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { officialPython } from '../scripts/services/python.mjs'
import { startRedis } from '../scripts/services/redis.mjs'
import { run } from '../scripts/services/run.mjs'
import { command } from './command.mjs'
import { machine } from './servers.mjs'

const FOLDER = join(import.meta.dirname, 'results')
const ROUNDS = 5
/** What detect may take, as a multiple of the bare walk. */
const ALLOWED = 1.5
/** Documents, writes and indexes of nine checkpoints, and a pointer: langgraph-checkpoint-redis 0.5.2. */
const KEYS_A_THREAD = 25

/**
 * @typedef {object} Round
 * @property {number} detect seconds of the whole process
 * @property {number} bare seconds of the whole process: SCAN COUNT 1000, the TYPEs of each page in one pipeline
 * @property {number} peakMiB of detect
 * @property {number} valuesRead commands that read values, as the server counted them
 */

/** @param {string[]} args how many keys; a million without */
export async function main([keys = '1000000']) {
  const redis = await startRedis()
  try {
    const threads = Math.ceil(Number(keys) / KEYS_A_THREAD)
    const fill = [join(import.meta.dirname, 'generate.py'), 'a5', redis.url, String(threads), '9', '20']
    await run(await officialPython(), fill)
    const client = new Redis(redis.url, { protocol: 2 })
    const size = await client.dbsize()
    /** @type {Round[]} */
    const rounds = []
    for (let round = 0; round < ROUNDS; round++) {
      const bare = Number(await run(process.execPath, [import.meta.filename, redis.url]))
      await client.config('RESETSTAT')
      const { report, seconds, peakMiB } = await command(['detect', '--json'], { REDIS_URL: redis.url })
      if (report.keys.claimed !== size)
        throw new Error(`${report.keys.claimed} of ${size} keys were recognised`)
      rounds.push({ detect: seconds, bare, peakMiB, valuesRead: readsIn(await client.info('commandstats')) })
      process.stderr.write(`round ${round + 1}: detect ${seconds.toFixed(1)} s, bare ${bare.toFixed(1)} s\n`)
    }
    client.disconnect()
    await save(size, rounds)
  } finally {
    await redis.stop()
  }
}

/** @param {string} stats INFO commandstats */
const readsIn = (stats) =>
  [
    ...stats.matchAll(/^cmdstat_(?:json\.m?get|m?get|hgetall|lrange|smembers|zrange\w*):calls=(\d+)/gm),
  ].reduce((sum, [, calls]) => sum + Number(calls), 0)

/** @param {number} keys @param {Round[]} rounds */
async function save(keys, rounds) {
  const [detect, bare] = [
    median(rounds.map((round) => round.detect)),
    median(rounds.map((round) => round.bare)),
  ]
  const ratio = median(rounds.map((round) => round.detect / round.bare))
  const figures = {
    keys,
    detectSeconds: detect,
    bareSeconds: bare,
    ratio,
    allowed: ALLOWED,
    peakMiB: Math.max(...rounds.map(({ peakMiB }) => peakMiB)),
    valuesRead: Math.max(...rounds.map(({ valuesRead }) => valuesRead)),
  }
  const row = [
    keys.toLocaleString('en'),
    `${detect.toFixed(1)} s`,
    `${bare.toFixed(1)} s`,
    `${ratio.toFixed(2)}×`,
    `${figures.valuesRead} calls`,
    `${figures.peakMiB.toFixed(0)} MiB`,
  ]
  const head = ['keys', 'detect', 'SCAN and TYPE alone', 'ratio', 'values read', 'peak memory']
  const lines = [head, head.map(() => '---'), row].map((cells) => `| ${cells.join(' | ')} |`)
  const where = `Measured on ${await machine()}; whole processes, medians of ${rounds.length} rounds.`
  await mkdir(FOLDER, { recursive: true })
  await writeFile(join(FOLDER, 'detect.md'), `${where}\n\n${lines.join('\n')}\n`)
  const json = { machine: await machine(), figures, rounds }
  await writeFile(join(FOLDER, 'detect.json'), `${JSON.stringify(json, null, 1)}\n`)
  process.stdout.write(`${lines.join('\n')}\n`)
  if (ratio > ALLOWED)
    throw new Error(`detect took ${ratio.toFixed(2)} times the bare walk, more than ${ALLOWED}`)
}

/** @param {number[]} numbers */
function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** The walk that detect is compared with. @param {string} url @returns {Promise<number>} keys */
async function bareWalk(url) {
  const redis = new Redis(url, { protocol: 2 })
  let keys = 0
  let cursor = '0'
  do {
    const [next, names] = await redis.scanBuffer(cursor, 'COUNT', 1000)
    cursor = String(next)
    const pipeline = redis.pipeline()
    for (const name of names) pipeline.type(name)
    keys += (await pipeline.exec())?.length ?? 0
  } while (cursor !== '0')
  redis.disconnect()
  return keys
}

if (process.argv[1] === import.meta.filename) {
  const url = process.argv[2] ?? ''
  await bareWalk(url)
  process.stdout.write(String(process.uptime()))
}
