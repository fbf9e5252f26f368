/** A thread that Redis and Postgres seem to tell differently, looked at key by key: what should stand in Redis, and what does. */
import type { RedisPrefixes } from '../../convert/redis/options.js'
import type { Finding } from '../../model/finding.js'
import type { RedisValue } from '../../model/redis-value.js'
import { wayBack } from '../../pipeline/way-back.js'
import type { Source } from '../../source/source.js'
import type { Postgres } from '../../target/connection/connect.js'
import { keyText } from '../../target/ledger/pack.js'
import { holds } from '../../target/redis/key-digest.js'
import { memberOf } from './judge.js'
import { ordersOf } from './key-order.js'

export interface ExpectedCheckpoint {
  readonly key: Buffer
  /** As the conversion writes it: what it cannot hold of Postgres is in the findings. */
  readonly isAsConverted: boolean
  readonly isThere: boolean
}

export interface UnlikeKey {
  readonly part: 'checkpoint' | 'write'
  readonly key: Buffer
  readonly checkpointNs: string
  readonly checkpointId: string
}

export interface SecondLook {
  /** By namespace and id; checkpoints that Redis cannot hold are left out. */
  readonly checkpoints: ReadonlyMap<string, ExpectedCheckpoint>
  /** Documents that are there and hold something else than the conversion writes. */
  readonly unlike: readonly UnlikeKey[]
  /** Keys of writes that are not in Redis. */
  readonly missingWrites: number
  readonly findings: readonly Finding[]
}

const isCheckpoint = (value: RedisValue): boolean =>
  value.type === 'ReJSON-RL' && memberOf(value.text, 'checkpoint') !== null

export const checkpointName = (checkpointNs: string, checkpointId: string): string =>
  `${checkpointNs}\0${checkpointId}`

export async function secondLook(
  ends: { readonly postgres: Postgres; readonly schema: string; readonly source: Source },
  threadId: string,
  {
    dialect,
    prefixes,
    signal,
  }: { readonly dialect: 'python' | 'js'; readonly prefixes: RedisPrefixes; readonly signal: AbortSignal },
): Promise<SecondLook> {
  const { postgres, schema, source } = ends
  const findings: Finding[] = []
  const checkpoints = new Map<string, ExpectedCheckpoint>()
  const unlike: UnlikeKey[] = []
  let missingWrites = 0
  const session = await postgres.open()
  try {
    const onFinding = (finding: Finding) => findings.push(finding)
    for await (const part of wayBack(session, {
      schema,
      threadIds: [threadId],
      dialect,
      prefixes,
      onFinding,
      signal,
    })) {
      const orders = ordersOf(part, prefixes.checkpointWrite)
      const types = await source.types(orders.map(({ write }) => write.key))
      const documents = orders.flatMap(({ kind, write: { key } }, at) => {
        const type = types[at] ?? null
        return type === null || (kind !== 'document' && kind !== 'write') ? [] : [{ key, type }]
      })
      const results = await source.read(documents)
      const foundAt = new Map(documents.map(({ key }, at) => [keyText(key), results[at]]))
      for (const [at, { kind, write }] of orders.entries()) {
        const type = types[at] ?? null
        // Something of another type under its name is no write.
        if (kind === 'write' && type !== 'ReJSON-RL') missingWrites++
        const isDocument = kind === 'document' || kind === 'write'
        if (!isDocument || part.checkpointId === null) continue
        const { checkpointNs, checkpointId } = part
        const found = foundAt.get(keyText(write.key))
        const isAsConverted = found?.state === 'read' && holds(found.value, write)
        if (type === 'ReJSON-RL' && !isAsConverted) {
          const of = kind === 'write' ? 'write' : 'checkpoint'
          unlike.push({ part: of, key: write.key, checkpointNs, checkpointId })
        }
        if (kind === 'write') continue
        checkpoints.set(checkpointName(checkpointNs, checkpointId), {
          key: write.key,
          // Something else under its name is no checkpoint.
          isThere: found?.state === 'read' && isCheckpoint(found.value),
          isAsConverted,
        })
      }
    }
  } finally {
    await session.close()
  }
  return { checkpoints, unlike, missingWrites, findings }
}
