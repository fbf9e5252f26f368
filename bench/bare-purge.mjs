/**
 * The least that a safe deletion costs: each value read, then compared with that copy and unlinked in one script on the server, batches
 * of 50 keys.
 *
 *     bare-purge.mjs REDIS_URL
 */
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'

const BATCH = 50
const SCRIPT = `
local gone = 0
for at, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  local value
  if kind == 'string' then value = redis.call('GET', key)
  elseif kind == 'ReJSON-RL' then value = redis.call('JSON.GET', key, '.')
  else value = false end
  if not value or redis.sha1hex(value) == ARGV[at] then gone = gone + redis.call('UNLINK', key) end
end
return gone`

const redis = new Redis(process.argv[2] ?? '', { protocol: 2 })
let cursor = '0'
do {
  const [next, keys] = await redis.scan(cursor, 'COUNT', 1000)
  cursor = next
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH)
    const types = (await ask(batch.map((key) => ['TYPE', key]))).map(String)
    const values = await ask(
      batch.map((key, place) =>
        types[place] === 'ReJSON-RL'
          ? ['JSON.GET', key, '.']
          : types[place] === 'string'
            ? ['GET', key]
            : ['EXISTS', key],
      ),
    )
    const digests = values.map((value) => createHash('sha1').update(String(value)).digest('hex'))
    await redis.eval(SCRIPT, batch.length, ...batch, ...digests)
  }
} while (cursor !== '0')
redis.disconnect()

/** @param {string[][]} commands @returns {Promise<unknown[]>} */
async function ask(commands) {
  const pipeline = redis.pipeline()
  for (const [name = '', ...args] of commands) pipeline.call(name, args)
  return ((await pipeline.exec()) ?? []).map(([, reply]) => reply)
}
