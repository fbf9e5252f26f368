/**
 * What the two servers can do at most: every value fetched many keys at a time, the final rows copied into empty tables with
 * the same indexes, both at once, nothing decoded.
 *
 *     physical-limit.mjs REDIS_URL POSTGRES_URL ROWS
 *
 * ROWS is a folder with one file for each table, as `COPY … TO STDOUT (FORMAT binary)` wrote it. Listing the keys is not
 * timed: whoever copies knows them. Prints {"seconds", "fetched", "copied"}, both in bytes.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

const KEYS_A_CALL = 64
const CALLS_AHEAD = 4
/** Tables that are copied one after the other, on a connection of their own. */
const CONNECTIONS = [['checkpoint_blobs'], ['checkpoints', 'checkpoint_writes']]
/**
 * TYPE of a key → the call that answers for many; of a hash there is none, so many calls go together. Others (index keys) are few and small,
 * and not fetched.
 *
 * @type {Map<string, (keys: string[]) => Buffer>}
 */
const CALLS = new Map([
  ['string', (keys) => encoded(['MGET', ...keys])],
  ['ReJSON-RL', (keys) => encoded(['JSON.MGET', ...keys, '.'])],
  ['hash', (keys) => Buffer.concat(keys.map((key) => encoded(['HGETALL', key])))],
])

const MARK_LENGTH = mark(0).length

const [redisUrl = '', postgresUrl = '', rows = ''] = process.argv.slice(2)

/** The calls for all keys, already as bytes of the protocol. */
async function multiKeyCalls() {
  const redis = new Redis(redisUrl, { protocol: 2 })
  const found = []
  for (const [type, callFor] of CALLS) {
    /** @type {string[]} */
    let keys = []
    for (let cursor = '0'; ; ) {
      const [next, page] = await redis.scan(cursor, 'COUNT', 1000, 'TYPE', type)
      keys.push(...page)
      cursor = next
      const isLast = cursor === '0'
      while (keys.length >= KEYS_A_CALL || (isLast && keys.length > 0)) {
        found.push(callFor(keys.slice(0, KEYS_A_CALL)))
        keys = keys.slice(KEYS_A_CALL)
      }
      if (isLast) break
    }
  }
  redis.disconnect()
  return found
}

/** @param {string[]} words */
function encoded(words) {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`)
}

/**
 * Sends the calls with a few of them in flight and throws the replies away. An ECHO after each tells where its reply ends.
 *
 * @param {Buffer[]} calls @returns {Promise<number>} bytes received
 */
async function fetchAll(calls) {
  const { hostname, port } = new URL(redisUrl)
  const socket = createConnection({ host: hostname, port: Number(port), noDelay: true })
  let received = 0
  let sent = 0
  let ended = 0
  const send = () => {
    const call = calls[sent]
    if (call === undefined) return
    socket.write(Buffer.concat([call, encoded(['ECHO', mark(sent)])]))
    sent += 1
  }
  await new Promise((resolve, reject) => {
    let tail = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      received += chunk.length
      // A mark may be torn by the end of a chunk: what is searched overlaps by its length.
      const text = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk
      let at = 0
      for (let found = text.indexOf(mark(ended), at); found >= 0; found = text.indexOf(mark(ended), at)) {
        at = found + MARK_LENGTH
        ended += 1
        send()
      }
      tail = Buffer.from(text.subarray(Math.max(at, text.length - MARK_LENGTH + 1)))
      if (ended === calls.length) resolve(undefined)
    })
    for (let ahead = 0; ahead < CALLS_AHEAD; ahead++) send()
    if (calls.length === 0) resolve(undefined)
  })
  socket.destroy()
  return received
}

/** Never in a value: the data is text and pickles of text. @param {number} call */
function mark(call) {
  return `\u0001end-of-call-${String(call).padStart(8, '0')}\u0001`
}

/** @param {string[]} tables @returns {Promise<number>} bytes sent */
async function copyTables(tables) {
  const client = new pg.Client(postgresUrl)
  await client.connect()
  let bytes = 0
  for (const table of tables) {
    const file = join(rows, table)
    const columns = (await client.query(`SELECT * FROM ${table} LIMIT 0`)).fields.map(({ name }) => name)
    await pipeline(
      createReadStream(file, { highWaterMark: 1 << 20 }),
      client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN (FORMAT binary)`)),
    )
    bytes += (await stat(file)).size
  }
  await client.end()
  return bytes
}

const calls = await multiKeyCalls()
const began = performance.now()
const [fetched, ...copied] = await Promise.all([fetchAll(calls), ...CONNECTIONS.map(copyTables)])
const seconds = (performance.now() - began) / 1000
process.stdout.write(
  JSON.stringify({ seconds, fetched, copied: copied.reduce((sum, bytes) => sum + bytes, 0) }),
)
