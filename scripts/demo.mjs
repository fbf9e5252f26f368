/** The main job on a sample, from servers that start and end with it: rehearse, make the tables, move, read back. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { loadRedisFile } from './services/load-redis.mjs'
import { startPostgres } from './services/postgres.mjs'
import { startRedis } from './services/redis.mjs'

const ROOT = dirname(import.meta.dirname)
const SAMPLE = 'fixtures/python/0.5.2-full'
/** A conversation of the sample that waits for a human's approval. */
const THREAD = 'approve-pending'

/** @returns {Promise<number>} exit code */
export async function main() {
  const [redis, postgres] = await Promise.all([startRedis(), startPostgres()])
  const stop = () => Promise.all([redis.stop(), postgres.stop()])
  // A signal ends the command that runs; its exit code then ends the demo, and the servers with it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  try {
    const keys = await loadRedisFile(join(ROOT, SAMPLE, 'redis.jsonl'), redis.url)
    say(`A Redis with ${keys} keys of a LangGraph application (${SAMPLE}), and an empty Postgres.`)
    const endpoints = { REDIS_URL: redis.url, CHECKPOINT_DB_URI: postgres.url }
    for (const command of [['migrate', '--dry-run'], ['init'], ['migrate']]) {
      const code = await cpMigrate(command, endpoints)
      // 3: done, and something was rejected, which the sample holds on purpose.
      if (code !== 0 && code !== 3) return code
    }
    await readBack(postgres.url)
    return 0
  } finally {
    await stop()
  }
}

/**
 * @param {string[]} args
 * @param {Record<string, string>} endpoints
 * @returns {Promise<number>} its exit code
 */
async function cpMigrate(args, endpoints) {
  say(`$ cp-migrate ${args.join(' ')}`)
  const program = join(ROOT, 'bin', 'cp-migrate.js')
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...process.env, ...endpoints },
    stdio: 'inherit',
  })
  const [code] = await once(child, 'close')
  return code ?? 1
}

const MESSAGES = `
  SELECT blob
    FROM checkpoints c
    JOIN checkpoint_blobs b USING (thread_id, checkpoint_ns)
   WHERE thread_id = $1 AND checkpoint_ns = '' AND channel = 'messages'
     AND version = checkpoint -> 'channel_versions' ->> channel
   ORDER BY checkpoint_id DESC
   LIMIT 1`

const INTERRUPTS = `
  SELECT count(*)::int AS waiting
    FROM checkpoint_writes
   WHERE thread_id = $1 AND channel = '__interrupt__'`

/**
 * Prints one conversation as it stands in Postgres now.
 *
 * @param {string} url
 */
async function readBack(url) {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const messages = await client.query(MESSAGES, [THREAD])
    const interrupts = await client.query(INTERRUPTS, [THREAD])
    say(`Thread ${THREAD}, read back out of Postgres:`)
    for (const message of await decoded(messages.rows[0].blob)) {
      const { type, content, tool_calls: calls = [] } = message
      const asked = calls.map(
        (/** @type {{ name: string, args: unknown }} */ call) => `${call.name} ${JSON.stringify(call.args)}`,
      )
      process.stdout.write(
        `  ${type.padEnd(6)} ${[content, ...asked].filter((part) => part !== '').join('  → ')}\n`,
      )
    }
    process.stdout.write(
      `  ${interrupts.rows[0].waiting} interrupt waits for an answer and can be resumed from here.\n`,
    )
  } finally {
    await client.end()
  }
}

/**
 * @param {Buffer} blob
 * @returns {Promise<Record<string, any>[]>} the fields of each message
 */
async function decoded(blob) {
  // Compiled by the bootstrap just before: not there when the types are checked.
  const codec = join(ROOT, 'dist', 'codec')
  const { msgpackValue } = await import(join(codec, 'msgpack', 'read.js'))
  const { treeOf } = await import(join(codec, 'tree.js'))
  return plain(treeOf(msgpackValue(blob)))
}

/**
 * A tree as plain JavaScript, good enough for showing: an object is its fields.
 *
 * @param {any} tree
 * @returns {any}
 */
function plain(tree) {
  switch (tree.kind) {
    case 'null':
      return null
    case 'text':
      return tree.utf8.toString()
    case 'bytes':
    case 'bytearray':
      return tree.bytes.toString('base64')
    case 'map':
      return Object.fromEntries(
        tree.entries.map((/** @type {[any, any]} */ [key, value]) => [plain(key), plain(value)]),
      )
    case 'object':
      return plain(tree.body)
    default:
      return 'items' in tree ? tree.items.map(plain) : tree.value
  }
}

/** @param {string} line */
function say(line) {
  process.stdout.write(`\n${line}\n`)
}
