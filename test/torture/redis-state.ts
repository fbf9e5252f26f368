/** A whole Redis as bytes, and back again: every key by DUMP and RESTORE. The search indexes of the savers stay. */
import { Redis } from 'ioredis'
import { atEndOfFile } from '../services/each-file.js'

/** Key (latin1, so that any bytes fit) → what DUMP said and the milliseconds it had left; 0: it does not expire. */
export type RedisState = ReadonlyMap<string, { readonly dump: Buffer; readonly ttlMs: number }>

/** A client that comes back when its server was away; closed after the file. */
export function lookingAt(url: string): Redis {
  const client = new Redis(url, { protocol: 2, retryStrategy: () => 50 })
  client.on('error', () => {}) // whoever asks it something hears of it
  atEndOfFile(async () => client.disconnect())
  return client
}

export async function stateOf(client: Redis): Promise<RedisState> {
  const keys = (await client.keysBuffer('*')).sort(Buffer.compare)
  const state = new Map<string, { dump: Buffer; ttlMs: number }>()
  for (const key of keys) {
    const dump = await client.dumpBuffer(key)
    const ttlMs = await client.pttl(key)
    if (dump !== null) state.set(key.toString('latin1'), { dump, ttlMs: Math.max(0, ttlMs) })
  }
  return state
}

/** Makes the server hold exactly that state. */
export async function putState(client: Redis, state: RedisState): Promise<void> {
  const keys = await client.keysBuffer('*')
  if (keys.length > 0) await client.del(keys)
  const pipeline = client.pipeline()
  for (const [key, { dump, ttlMs }] of state) {
    pipeline.call('RESTORE', [Buffer.from(key, 'latin1'), String(ttlMs), dump])
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
}

/**
 * Keys that are not as they were, in words; at most a few. Hashes are compared by their fields: DUMP writes those in whatever order
 * the server holds them.
 */
export async function changedKeys(client: Redis, state: RedisState): Promise<string[]> {
  const now = await stateOf(client)
  const changed: string[] = []
  for (const key of new Set([...state.keys(), ...now.keys()])) {
    const [was, is] = [state.get(key), now.get(key)]
    if (was === undefined) changed.push(`${key} is new`)
    else if (is === undefined) changed.push(`${key} is gone`)
    else if (was.ttlMs === 0 ? is.ttlMs !== 0 : is.ttlMs === 0 || is.ttlMs > was.ttlMs) {
      changed.push(`${key} has ${is.ttlMs} ms left and not ${was.ttlMs}`)
    } else if (!was.dump.equals(is.dump) && was.dump.length !== is.dump.length) {
      changed.push(`${key} holds something else`)
    }
  }
  return changed.slice(0, 5)
}
