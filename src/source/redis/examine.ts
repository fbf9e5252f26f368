/** What `doctor` asks a server beyond its port: persistence, the link of a replica, what the user may do. Changes nothing. */
import type { Redis } from 'ioredis'
import type { RedisEndpoint } from '../../model/endpoint.js'
import { openRedis, type RedisConnectionOptions } from './connection.js'
import { commandFailure, isDenied, isReplyError } from './errors.js'
import { parseInfo } from './info.js'

export interface RedisHealth {
  readonly user: string
  /** Empty: none. */
  readonly snapshots: boolean
  readonly appendOnly: boolean
  readonly lastSaveFailed: boolean
  /** A replica's; true for a master. */
  readonly isLinked: boolean
  /** JSON.MGET is answered. */
  readonly hasJson: boolean
  readonly denied: {
    /** Rules as ACL SETUSER takes them, `+mget`. */
    readonly reading: readonly string[]
    readonly purging: readonly string[]
    /** A key that is there may not be read. */
    readonly keys: boolean
  }
}

type Probe = readonly [command: string, args: (key: Buffer) => readonly (string | Buffer)[]]

/** A name that nobody has: what deletes it deletes nothing. */
const NOBODY = Buffer.from('checkpoint:cp-migrate-doctor-asks-for-nothing')

const READING: readonly Probe[] = [
  ['SCAN', () => ['0', 'COUNT', '1']],
  ['TYPE', (key) => [key]],
  ['PTTL', (key) => [key]],
  ['GET', (key) => [key]],
  ['MGET', (key) => [key]],
  ['HGETALL', (key) => [key]],
  ['SMEMBERS', (key) => [key]],
  ['LRANGE', (key) => [key, '0', '0']],
  ['ZRANGE', (key) => [key, '0', '0']],
]
const JSON_READING: readonly Probe[] = [
  ['JSON.MGET', (key) => [key, '$.none']],
  ['JSON.GET', (key) => [key, '$.none']],
]
const PURGING: readonly Probe[] = [
  ['UNLINK', () => [NOBODY]],
  ['EVAL', () => ['return 0', '0']],
  ['WATCH', () => [NOBODY]],
  ['UNWATCH', () => []],
]

/** `key` is one that is there, best a checkpoint: a user may see all names and read some values. */
export async function examineRedis(
  endpoint: RedisEndpoint,
  options: RedisConnectionOptions,
  key: Buffer | null,
): Promise<RedisHealth> {
  const client = await openRedis(endpoint, options)
  try {
    const info = parseInfo(String(await client.call('INFO').catch(failed(endpoint, 'INFO'))))
    const existing = key ?? NOBODY
    const [reading, json, purging] = [
      await answersOf(client, READING, existing),
      await answersOf(client, JSON_READING, existing),
      await answersOf(client, PURGING, existing),
    ]
    const hasJson = json.some((error) => !/unknown command/i.test(error?.message ?? ''))
    const read = [...rulesOf(READING, reading), ...(hasJson ? rulesOf(JSON_READING, json) : [])]
    return {
      user: await whoAmI(client, endpoint),
      snapshots: await savesSnapshots(client),
      appendOnly: info.one('aof_enabled') === '1',
      lastSaveFailed: info.one('rdb_last_bgsave_status') === 'err',
      isLinked: info.one('role') !== 'slave' || info.one('master_link_status') === 'up',
      hasJson,
      denied: {
        reading: read,
        purging: rulesOf(PURGING, purging),
        keys: key !== null && [...reading, ...json].some(isAboutKeys),
      },
    }
  } finally {
    client.disconnect()
  }
}

async function answersOf(
  client: Redis,
  probes: readonly Probe[],
  key: Buffer,
): Promise<readonly (Error | null)[]> {
  const pipeline = client.pipeline()
  for (const [command, args] of probes) pipeline.callBuffer(command, [...args(key)])
  return ((await pipeline.exec()) ?? []).map(([error]) => error)
}

const isAboutKeys = (error: Error | null): boolean =>
  isDenied(error) && /access.* (a key|one of the keys)/.test(error?.message ?? '')

const rulesOf = (probes: readonly Probe[], answers: readonly (Error | null)[]): string[] =>
  probes
    .filter((_, at) => isDenied(answers[at]) && !isAboutKeys(answers[at] ?? null))
    .map(([command]) => `+${command.toLowerCase()}`)

/** The one of the URL where the server does not say. */
async function whoAmI(client: Redis, { username }: RedisEndpoint): Promise<string> {
  return String(await client.call('ACL', 'WHOAMI').catch(() => username ?? 'default'))
}

/** Taken for granted where CONFIG is not allowed, as on every managed server. */
async function savesSnapshots(client: Redis): Promise<boolean> {
  const reply = await client.call('CONFIG', 'GET', 'save').catch((error) => {
    if (isReplyError(error)) return null
    throw error
  })
  return !Array.isArray(reply) || reply.length < 2 || reply[1] !== ''
}

const failed = (endpoint: RedisEndpoint, command: string) => (error: unknown) => {
  throw commandFailure(error, endpoint, command)
}
