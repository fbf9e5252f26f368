/** Writes threads of a database into a Redis by the way back and a plain loop: for tests that then ask the official savers. */
import type { Redis } from 'ioredis'
import { parsePostgresUrl } from '../../../src/commands/endpoint-url.js'
import type { RedisKeysOptions } from '../../../src/convert/redis/options.js'
import { DEFAULT_REDIS_PREFIXES } from '../../../src/convert/redis/options.js'
import type { Finding } from '../../../src/model/finding.js'
import type { CheckpointKeys, RedisKeyWrite } from '../../../src/model/redis-write.js'
import { wayBack } from '../../../src/pipeline/way-back.js'
import { openPostgres } from '../../../src/target/connection/connect.js'
import { sql } from '../../services/postgres.js'

export interface WrittenBack {
  readonly findings: readonly Finding[]
  /** Those of each yield, without their values. */
  readonly parts: readonly { readonly keys: CheckpointKeys; readonly names: readonly string[] }[]
}

export async function writeBack(
  postgresUrl: string,
  redis: Redis,
  options: Partial<RedisKeysOptions> & { readonly threadIds?: readonly string[] } = {},
): Promise<WrittenBack> {
  const threads =
    options.threadIds ??
    (
      await sql<{ id: string }>(postgresUrl, 'SELECT DISTINCT thread_id AS id FROM checkpoints ORDER BY 1')
    ).map(({ id }) => id)
  const postgres = await openPostgres(parsePostgresUrl(postgresUrl, {}), { writes: false })
  const findings: Finding[] = []
  const parts: { keys: CheckpointKeys; names: string[] }[] = []
  try {
    const session = await postgres.open()
    for await (const keys of wayBack(session, {
      dialect: 'python',
      prefixes: DEFAULT_REDIS_PREFIXES,
      ...options,
      schema: 'public',
      threadIds: threads,
      onFinding: (finding) => findings.push(finding),
    })) {
      for (const key of keys.keys) await write(redis, key)
      parts.push({ keys, names: keys.keys.map(({ key }) => key.toString()) })
    }
    await session.close()
  } finally {
    await postgres.close()
  }
  return { findings, parts }
}

async function write(redis: Redis, key: RedisKeyWrite): Promise<void> {
  if (key.type === 'json') await redis.call('JSON.SET', key.key, '$', key.document)
  else if (key.type === 'string') await redis.set(key.key, key.value)
  else await redis.zadd(key.key, ...key.members.flatMap(({ member, score }) => [score, member]))
}
