/** Sizes and times to live of many keys by one read-only script: asked one by one, they cost more than the values themselves. */
import type { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import type { Measure } from '../read-stream.js'
import type { KeyOfType } from '../source.js'
import { commandFailure, isReplyError } from './errors.js'

/**
 * For each key its size (−1 where the server does not say, 0 where there is no such key) and its PTTL. ARGV[1] has an `s` for each
 * string, whose length is exact; of the others the memory is measured with all their fields: of a checkpoint's few, one holds nearly
 * everything.
 */
const MEASURE_SCRIPT = `
local call, pcall = redis.call, redis.pcall
local out, kinds = {}, ARGV[1]
for at = 1, #KEYS do
  local key = KEYS[at]
  local size
  if kinds:byte(at) == 115 then size = pcall('STRLEN', key)
  else size = pcall('MEMORY', 'USAGE', key, 'SAMPLES', '0') end
  if type(size) == 'table' then size = -1 end
  out[2 * at - 1] = size or 0
  out[2 * at] = call('PTTL', key)
end
return out`

/** Null where the server runs no such scripts (they came with Redis 7), or not for this user. */
export async function measuresByScript(
  client: Redis,
  endpoint: RedisEndpoint,
  requests: readonly KeyOfType[],
): Promise<Measure[] | null> {
  const kinds = requests.map(({ type }) => (type === 'string' ? 's' : 'm')).join('')
  const keys = requests.map(({ key }) => key)
  const reply = await client
    .callBuffer('EVAL_RO', [MEASURE_SCRIPT, String(keys.length), ...keys, kinds])
    .catch((error) => {
      if (isReplyError(error)) return null
      throw commandFailure(error, endpoint, 'EVAL_RO')
    })
  if (!Array.isArray(reply) || reply.length !== 2 * keys.length) return null
  const askedAtMs = performance.now()
  return requests.map((_, at) => {
    const bytes = Number(reply[2 * at])
    return { bytes: bytes < 0 ? null : bytes, life: { pttlMs: Number(reply[2 * at + 1]), askedAtMs } }
  })
}
