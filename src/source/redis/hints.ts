/** Where checkpoints may be that the user did not name: prefixes known to the search module, other logical databases. */
import type { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import type { DatabaseKeys, OtherDatabase, SearchIndex } from '../source.js'
import { commandFailure, isDenied, isReplyError, isUnknownCommand } from './errors.js'
import { scanPage } from './scan.js'

/** See `Source.searchIndexes`. */
export async function readSearchIndexes(client: Redis, endpoint: RedisEndpoint): Promise<SearchIndex[]> {
  const names = await client.call('FT._LIST').catch((error) => {
    if (isUnknownCommand(error) || isDenied(error)) return []
    throw commandFailure(error, endpoint, 'FT._LIST')
  })
  const indexes: SearchIndex[] = []
  for (const name of listOf(names).map(String).sort()) {
    const info = await client.call('FT.INFO', [name]).catch((error) => {
      // Dropped since the list, or not ours to see.
      if (isReplyError(error)) return []
      throw commandFailure(error, endpoint, 'FT.INFO')
    })
    const fields = fieldsOf(info)
    const definition = fieldsOf(fields.get('index_definition'))
    indexes.push({
      name,
      keyType: definition.get('key_type') === 'HASH' ? 'HASH' : 'JSON',
      prefixes: listOf(definition.get('prefixes')).map(String),
      fields: listOf(fields.get('attributes')).map((attribute) =>
        String(fieldsOf(attribute).get('attribute') ?? ''),
      ),
    })
  }
  return indexes
}

const listOf = (reply: unknown): unknown[] => (Array.isArray(reply) ? reply : [])

/** A flat list of names and values. */
function fieldsOf(reply: unknown): Map<string, unknown> {
  const flat = listOf(reply)
  const fields = new Map<string, unknown>()
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(String(flat[at]), flat[at + 1])
  return fields
}

/** A look, not a search: enough to warn of a wrong number in the URL. */
const LOOK = { databases: 16, pages: 10, count: 500 } as const

/** See `Source.databasesWith`. Changes the connection's database. */
export async function lookIntoDatabases(
  client: Redis,
  endpoint: RedisEndpoint,
  databases: ReadonlyMap<number, DatabaseKeys>,
  prefixes: readonly string[],
): Promise<OtherDatabase[]> {
  const wanted = prefixes.map((prefix) => Buffer.from(prefix))
  const startsAsWanted = (name: Buffer): boolean =>
    wanted.some((prefix) => name.subarray(0, prefix.length).equals(prefix))
  const others = [...databases].filter(([db]) => db !== endpoint.db).slice(0, LOOK.databases)
  const found: OtherDatabase[] = []
  for (const [db, { keys }] of others) {
    const open = await client.call('SELECT', [String(db)]).catch((error) => {
      if (isReplyError(error)) return null // a user may be bound to one database
      throw commandFailure(error, endpoint, 'SELECT')
    })
    if (open === null) continue
    let cursor = '0'
    let lookedAt = 0
    let matching = 0
    for (let page = 0; page < LOOK.pages && (page === 0 || cursor !== '0'); page++) {
      const scanned = await scanPage(client, endpoint, [cursor, 'COUNT', String(LOOK.count)])
      cursor = scanned.cursor
      lookedAt += scanned.names.length
      matching += scanned.names.filter(startsAsWanted).length
    }
    if (matching > 0) found.push({ db, keys, lookedAt, matching })
  }
  return found
}
