/** Walks over all keys with SCAN; the next page of names is on its way while the TYPEs of this one are asked for. */
import type { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import type { RedisType } from '../../model/redis-value.js'
import { oneAhead } from '../ahead.js'
import type { KeyOfType, ScanOptions } from '../source.js'
import { commandFailure, isReplyError } from './errors.js'

/** Keys that one SCAN looks at: the server does nothing else meanwhile, and larger pages are no faster here, only larger garbage. */
const COUNT = { first: 500, min: 100, max: 1000 } as const
/** A page that took less is followed by a larger one, a page that took more by a smaller one. */
const PAGE_MS = { low: 15, high: 60 } as const

/** See `Source.scan`. */
export async function* scanKeys(
  client: Redis,
  endpoint: RedisEndpoint,
  options: ScanOptions = {},
): AsyncGenerator<readonly KeyOfType[], void, undefined> {
  let byScript = options.typesByScript === true
  for await (const names of oneAhead(scanNames(client, endpoint, options))) {
    const scripted = byScript ? await typesByScript(client, endpoint, names) : null
    byScript &&= scripted !== null
    const types = scripted ?? (await typesOf(client, endpoint, names))
    const page: KeyOfType[] = []
    for (const [at, key] of names.entries()) {
      const type = types[at]
      if (type !== null && type !== undefined) page.push({ key, type })
    }
    if (page.length > 0) yield page
  }
}

async function* scanNames(
  client: Redis,
  endpoint: RedisEndpoint,
  { match }: ScanOptions,
): AsyncGenerator<readonly Buffer[]> {
  const pattern = match === undefined ? [] : ['MATCH', match]
  let cursor = '0'
  let count: number = COUNT.first
  do {
    const begun = performance.now()
    const page = await scanPage(client, endpoint, [cursor, ...pattern, 'COUNT', String(count)])
    const tookMs = performance.now() - begun
    if (tookMs < PAGE_MS.low) count = Math.min(count * 2, COUNT.max)
    else if (tookMs > PAGE_MS.high) count = Math.max(Math.ceil(count / 2), COUNT.min)
    cursor = page.cursor
    if (page.names.length > 0) yield page.names
  } while (cursor !== '0')
}

/** One SCAN. */
export async function scanPage(
  client: Redis,
  endpoint: RedisEndpoint,
  args: readonly string[],
): Promise<{ readonly cursor: string; readonly names: readonly Buffer[] }> {
  const reply = await client.callBuffer('SCAN', [...args]).catch((error) => {
    throw commandFailure(error, endpoint, 'SCAN')
  })
  const [cursor, names] = Array.isArray(reply) ? reply : []
  return { cursor: String(cursor ?? '0'), names: Array.isArray(names) ? names : [] }
}

const TYPES_SCRIPT =
  "local types = {} for at, key in ipairs(KEYS) do types[at] = redis.call('TYPE', key).ok end return types"

/** Null where the server runs no such scripts, or not for this user. */
async function typesByScript(
  client: Redis,
  endpoint: RedisEndpoint,
  keys: readonly Buffer[],
): Promise<(RedisType | null)[] | null> {
  const types = await client
    .callBuffer('EVAL_RO', [TYPES_SCRIPT, String(keys.length), ...keys])
    .catch((error) => {
      if (isReplyError(error)) return null
      throw commandFailure(error, endpoint, 'EVAL_RO')
    })
  if (!Array.isArray(types) || types.length !== keys.length) return null
  return types.map((type) => (String(type) === 'none' ? null : String(type)))
}

/** See `Source.types`: of many keys often none is there, as before they are restored, which one question tells. */
export async function typesOfAny(
  client: Redis,
  endpoint: RedisEndpoint,
  keys: readonly Buffer[],
): Promise<(RedisType | null)[]> {
  const there = await client.call('EXISTS', [...keys]).catch((error) => {
    throw commandFailure(error, endpoint, 'EXISTS')
  })
  return there === 0 ? keys.map(() => null) : typesOf(client, endpoint, keys)
}

export async function typesOf(
  client: Redis,
  endpoint: RedisEndpoint,
  keys: readonly Buffer[],
): Promise<(RedisType | null)[]> {
  const pipeline = client.pipeline()
  for (const key of keys) pipeline.call('TYPE', [key])
  const replies = (await pipeline.exec()) ?? []
  return replies.map(([error, type]) => {
    if (error !== null) throw commandFailure(error, endpoint, 'TYPE')
    return type === 'none' ? null : String(type)
  })
}
