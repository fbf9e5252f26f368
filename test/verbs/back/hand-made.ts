/** Threads of the way back by hand: rows that name them, keys that stand for them, and the run that moves them. */

import { parsePostgresUrl, parseRedisUrl } from '../../../src/commands/endpoint-url.js'
import type { CheckpointKeys } from '../../../src/model/redis-write.js'
import { openRedis } from '../../../src/source/redis/connection.js'
import { purgeFailure } from '../../../src/source/redis/purge.js'
import { RedisSource } from '../../../src/source/redis/redis.js'
import { openPostgres } from '../../../src/target/connection/connect.js'
import { RedisWriter } from '../../../src/target/redis/writer.js'
import { type MigrateBackRequest, migrateBack } from '../../../src/verbs/migrate-back.js'
import { commandLine } from '../../acceptance/command-line.js'
import { atEndOfFile } from '../../services/each-file.js'
import { freshDatabase, sql } from '../../services/postgres.js'
import { freshRedis, redisClient } from '../../services/redis.js'

/** One checkpoint of thread `id`, its `n`th, with as many writes; the text makes it another. */
export interface Made {
  readonly threadId: string
  readonly ids: readonly string[]
  readonly text?: string
  readonly writes?: number
}

const buffer = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

export function* keysOf({ threadId, ids, text = 'a', writes = 0 }: Made): Generator<CheckpointKeys> {
  const name = `${threadId}:__empty__`
  for (const checkpointId of ids) {
    const members = Array.from({ length: writes }, (_, idx) =>
      buffer(`checkpoint_write:${name}:${checkpointId}:task:${idx}`),
    )
    yield {
      threadId,
      checkpointNs: '',
      checkpointId,
      keys: [
        ...members.map((key, idx) => ({ type: 'json', key, document: buffer({ idx, blob: text }) }) as const),
        ...(writes === 0
          ? []
          : [
              {
                type: 'zset',
                key: buffer(`write_keys_zset:${name}:${checkpointId}`),
                members: members.map((member, score) => ({ member, score })),
              } as const,
            ]),
        {
          type: 'json',
          key: buffer(`checkpoint:${name}:${checkpointId}`),
          document: buffer(
            `{"thread_id":"${threadId}","text":"${text}","half":1.0,"has_writes":${writes > 0}}`,
          ),
        },
      ],
    }
  }
  const value = buffer(`checkpoint:${name}:${ids.at(-1)}`)
  yield {
    threadId,
    checkpointNs: '',
    checkpointId: null,
    keys: [{ type: 'string', key: buffer(`checkpoint_latest:${name}`), value }],
  }
}

/** A Redis and a Postgres with the ledger, and what the threads of Postgres are to become. */
export async function handMade() {
  const [{ url }, postgresUrl] = await Promise.all([freshRedis(), freshDatabase()])
  const { exit, err } = await commandLine(['init', '--quiet', '--postgres', postgresUrl], {})
  if (exit !== 0) throw new Error(err)
  const redis = redisClient(url)
  const endpoint = parseRedisUrl(url)
  const postgres = await openPostgres(parsePostgresUrl(postgresUrl, {}), { writes: true })
  atEndOfFile(() => postgres.close())
  const source = new RedisSource(endpoint)
  atEndOfFile(() => source.close())
  const threads: Made[] = []
  const writerWith = (ttlSeconds: number | null) => {
    const writer = new RedisWriter(
      { open: () => openRedis(endpoint), failureOf: (error, name) => purgeFailure(error, endpoint, name) },
      ttlSeconds,
    )
    atEndOfFile(() => writer.close())
    return writer
  }
  return {
    redis,
    redisUrl: url,
    postgresUrl,
    /** Stand in Postgres from now on, in place of those with the same id. */
    async put(...made: Made[]): Promise<void> {
      for (const thread of made) {
        const at = threads.findIndex(({ threadId }) => threadId === thread.threadId)
        if (at < 0) threads.push(thread)
        else threads[at] = thread
        for (const id of thread.ids) {
          await sql(
            postgresUrl,
            `INSERT INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, checkpoint) VALUES ($1, '', $2, '{"channel_versions":{"a":"1"}}')
             ON CONFLICT DO NOTHING`,
            [thread.threadId, id],
          )
        }
      }
    },
    move(change: Partial<MigrateBackRequest> = {}) {
      const request: MigrateBackRequest = {
        postgres,
        schema: 'public',
        ledgerSchema: 'cp_migrate',
        hasLedger: true,
        checkTables: async () => {},
        redis: { source, writer: writerWith(change.ttlSeconds ?? null) },
        from: { endpoint: 'postgres://there', setBy: '--from' },
        to: { endpoint: url, setBy: '--to' },
        names: { source: 'Postgres', target: 'redis there', redis: 'there' },
        dryRun: false,
        dialect: 'python',
        prefixes: { checkpoint: 'checkpoint', checkpointWrite: 'checkpoint_write' },
        scope: { threads: null, patterns: [], limit: null },
        ttlSeconds: null,
        restart: false,
        strict: false,
        keysOf: async function* (_, { threadIds }) {
          for (const id of threadIds) yield* keysOf(threads.find(({ threadId }) => threadId === id)!)
        },
        pace: null,
        retryForMs: 2000,
        takeoverTimeoutMs: 5000,
        memoryBytes: 1 << 20,
        onEvent: () => {},
        signal: new AbortController().signal,
        now: Date.now,
        random: Math.random,
        ...change,
      }
      return migrateBack(request)
    },
    /** Every key with what it holds. */
    async all(): Promise<Record<string, unknown>> {
      const held: Record<string, unknown> = {}
      for (const key of (await redis.keys('*')).sort()) {
        const type = await redis.type(key)
        if (type === 'string') held[key] = await redis.get(key)
        else if (type === 'zset') held[key] = await redis.zrange(key, '0', '-1')
        else held[key] = JSON.parse(String(await redis.call('JSON.GET', key)))
      }
      return held
    },
  }
}
