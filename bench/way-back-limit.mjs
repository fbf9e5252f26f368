/**
 * What the two servers can do at most on the way back: all rows copied out of Postgres and thrown away, while the keys that a run made of
 * them are written into an empty Redis with the saver's indexes, many commands at a time, nothing converted.
 *
 *     way-back-limit.mjs FILLED_REDIS_URL EMPTY_REDIS_URL POSTGRES_URL
 *
 * Reading the filled Redis is not timed. Prints {"seconds", "written"}, the latter in bytes.
 */
import { createConnection } from 'node:net'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { to as copyTo } from 'pg-copy-streams'

const TABLES = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes']
const KEYS_AT_ONCE = 200
const PART_BYTES = 1024 * 1024

const [filledUrl = '', emptyUrl = '', postgresUrl = ''] = process.argv.slice(2)

/** The commands that write every key of the filled Redis, already as bytes of the protocol, and how many answers they get. */
async function commands() {
  const redis = new Redis(filledUrl, { protocol: 2 })
  /** @type {Buffer[]} */
  const parts = []
  let answers = 0
  for (let cursor = '0'; ; ) {
    const [next, keys] = await redis.scanBuffer(cursor, 'COUNT', KEYS_AT_ONCE)
    for (const words of await Promise.all(keys.map((key) => writeOf(redis, key)))) {
      parts.push(encoded(words))
      answers += 1
    }
    cursor = String(next)
    if (cursor === '0') break
  }
  redis.disconnect()
  return { parts, answers }
}

/** @param {Redis} redis @param {Buffer} key @returns {Promise<(string | Buffer)[]>} */
async function writeOf(redis, key) {
  const type = await redis.type(key)
  if (type === 'string') return ['SET', key, /** @type {Buffer} */ (await redis.getBuffer(key))]
  if (type === 'zset') {
    const pairs = /** @type {Buffer[]} */ (await redis.callBuffer('ZRANGE', key, 0, -1, 'WITHSCORES'))
    const scores = pairs.filter((_, at) => at % 2 === 1)
    return ['ZADD', key, ...scores.flatMap((score, at) => [score, pairs[2 * at] ?? ''])]
  }
  return ['JSON.SET', key, '.', /** @type {Buffer} */ (await redis.callBuffer('JSON.GET', key))]
}

/** @param {(string | Buffer)[]} words */
function encoded(words) {
  const parts = words.map((word) => Buffer.from(word))
  const ends = Buffer.from('\r\n')
  return Buffer.concat([
    Buffer.from(`*${words.length}\r\n`),
    ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, ends]),
  ])
}

/** Every answer is one line. @param {Buffer[]} parts @param {number} answers @returns {Promise<number>} bytes sent */
async function writeAll(parts, answers) {
  const { hostname, port } = new URL(emptyUrl)
  const socket = createConnection({ host: hostname, port: Number(port), noDelay: true })
  const answered = new Promise((resolve, reject) => {
    let lines = 0
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (chunk.includes('\n-')) reject(new Error(String(chunk).slice(0, 200)))
      for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', at + 1)) lines += 1
      if (lines === answers) resolve(undefined)
    })
  })
  let sent = 0
  for (const part of inParts(parts)) {
    sent += part.length
    if (!socket.write(part)) await new Promise((go) => socket.once('drain', go))
  }
  await answered
  socket.destroy()
  return sent
}

/** @param {Buffer[]} commands */
function* inParts(commands) {
  let part = []
  let bytes = 0
  for (const command of commands) {
    part.push(command)
    bytes += command.length
    if (bytes < PART_BYTES) continue
    yield Buffer.concat(part)
    part = []
    bytes = 0
  }
  yield Buffer.concat(part)
}

async function readAll() {
  const client = new pg.Client(postgresUrl)
  await client.connect()
  for (const table of TABLES) {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
    await pipeline(client.query(copyTo(`COPY ${table} TO STDOUT (FORMAT binary)`)), nowhere)
  }
  await client.end()
}

const { parts, answers } = await commands()
const began = performance.now()
const [written] = await Promise.all([writeAll(parts, answers), readAll()])
process.stdout.write(JSON.stringify({ seconds: (performance.now() - began) / 1000, written }))
