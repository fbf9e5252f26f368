/**
 * `node bench/large-values.mjs`: checkpoints at the edge of what the official reader can join, for real. Takes 3 GB of memory and half a
 * minute, so it is no test: test/convert/joined-sizes.test.ts has the same with a small bound.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { Redis } from 'ioredis'
import { startPostgres } from '../scripts/services/postgres.mjs'
import { officialPython } from '../scripts/services/python.mjs'
import { startRedis } from '../scripts/services/redis.mjs'
import { run } from '../scripts/services/run.mjs'
import { build } from '../scripts/setup.mjs'
import { documentKey, documentOf } from './document.mjs'

const TOOL = join(dirname(import.meta.dirname), 'bin', 'cp-migrate.js')
/** Thread → megabytes of each channel. The last is over 512 MB together. */
const THREADS = { small: [1], large: [200, 200], 'too large': [270, 270] }

const READ = `
import sys
from langgraph.checkpoint.postgres import PostgresSaver
with PostgresSaver.from_conn_string(sys.argv[1]) as saver:
    for thread in sys.argv[2:]:
        found = saver.get_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})
        print(thread, found and {name: len(value[0]) for name, value in found.checkpoint["channel_values"].items()})
`

await build()
const [redis, postgres] = [await startRedis(), await startPostgres()]
try {
  const client = new Redis(redis.url, { protocol: 2 })
  for (const [thread, megabytes] of Object.entries(THREADS)) await write(client, thread, megabytes)
  client.disconnect()
  const env = { ...process.env, REDIS_URL: redis.url, CHECKPOINT_DB_URI: postgres.url }
  for (const command of ['init', 'migrate']) spawnSync(TOOL, [command], { env, stdio: 'inherit' })
  const args = ['-c', READ, postgres.url, ...Object.keys(THREADS)]
  process.stdout.write(`The official reader finds:\n${await run(await officialPython(), args)}`)
} finally {
  await redis.stop()
  await postgres.stop()
}

/**
 * A document as the official saver 0.5 writes it. Redis takes 512 MB at once, so the channels are set one by one.
 *
 * @param {Redis} client
 * @param {string} thread
 * @param {number[]} megabytes
 */
async function write(client, thread, megabytes) {
  const key = documentKey(thread)
  const channels = megabytes.map((_, at) => `c${at}`)
  const document = documentOf(thread, channels, {})
  await client.call('JSON.SET', key, '$', JSON.stringify(document))
  for (const [at, channel] of channels.entries()) {
    const text = Buffer.concat([
      Buffer.from('["'),
      Buffer.alloc((megabytes[at] ?? 0) * 1e6, 'x'),
      Buffer.from('"]'),
    ])
    await client.call('JSON.SET', key, `$.checkpoint.channel_values.${channel}`, text)
  }
}
