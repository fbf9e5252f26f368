/** Both ends of the way back: Postgres with the ledger, Redis to read and to write. */
import type { Dialect } from '../convert/converter.js'
import { sourceNameOf } from '../model/endpoint.js'
import { Failure } from '../model/failure.js'
import type { EndpointNote } from '../model/report.js'
import { openRedis } from '../source/redis/connection.js'
import { purgeFailure } from '../source/redis/purge.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'
import { RedisWriter } from '../target/redis/writer.js'
import { hasLedger, requireTables } from '../verbs/target-tables.js'
import type { Config } from './config.js'
import type { Connections } from './connections.js'
import { flagsAgain } from './flags-again.js'
import { writableRedis } from './purger.js'

export interface WayBackEnds {
  readonly postgres: Postgres
  readonly from: EndpointNote & { readonly schema: string }
  readonly redis: { readonly source: Source; readonly writer: RedisWriter }
  readonly to: EndpointNote
  readonly names: WayBackNames
  readonly hasLedger: boolean
  /** Throws `tables-missing` where rows of that dialect cannot be read; without one only where a whole table is missing. */
  checkTables(dialect: Dialect | null): Promise<void>
}

/** What the ledger calls the ends. */
export interface WayBackNames {
  readonly source: string
  /** Stands where the way there has the schema: the lock and the runs of this Redis go by it. */
  readonly target: string
  /** As the source of the way there. */
  readonly redis: string
}

/** Throws `ledger-missing` where one is needed. */
export async function openWayBack(
  connections: Connections,
  config: Config,
  wanted: {
    readonly command: string
    readonly writes: boolean
    readonly needsLedger: boolean
    readonly ttlSeconds?: number | null
  },
): Promise<WayBackEnds> {
  const { postgres, from, names, isThere } = await openWayBackLedger(connections, config, wanted)
  const { source, note: to } = await connections.source()
  const writer = connections.closeLater(redisWriter(config, wanted))
  const { ledgerSchema } = config.values
  const tables = { schema: from.schema, ledgerSchema, flags: flagsAgain(config).target }
  const checkTables = (dialect: Dialect | null) => requireTables(postgres, { ...tables, dialect })
  return { postgres, from, redis: { source, writer }, to, names, hasLedger: isThere, checkTables }
}

/** Postgres alone. */
export async function openWayBackLedger(
  connections: Connections,
  config: Config,
  { writes, needsLedger }: { readonly writes: boolean; readonly needsLedger: boolean },
) {
  const { ledgerSchema } = config.values
  const { target: postgres, note: from } = await connections.target({ writes })
  const isThere = await hasLedger(postgres, ledgerSchema)
  if (needsLedger && !isThere) {
    const flags = flagsAgain(config).target
    throw new Failure('ledger-missing', { endpoint: from.endpoint, ledger: ledgerSchema, flags })
  }
  return { postgres, from, names: namesOf(config, from.schema), isThere }
}

/** Throws `no-source` where no Redis is named. */
export function namesOf({ values }: Config, schema: string): WayBackNames {
  if (values.redis === undefined) throw new Failure('no-source')
  const redis = values.sourceName ?? sourceNameOf(values.redis)
  return { source: wayBackSource(schema), target: `redis ${redis}`, redis }
}

/** As runs of the way back call the schema that they read. */
export const wayBackSource = (schema: string): string => `Postgres, schema ${schema}`

/** Connects when it is first used. */
export function redisWriter(
  config: Config,
  { command, ttlSeconds = null }: { readonly command: string; readonly ttlSeconds?: number | null },
): RedisWriter {
  const endpoint = writableRedis(config, command)
  const { connectTimeout: connectTimeoutMs } = config.values
  return new RedisWriter(
    {
      open: () => openRedis(endpoint, { connectTimeoutMs }),
      failureOf: (error, name) => purgeFailure(error, endpoint, name),
    },
    ttlSeconds,
  )
}

export const wayBackLine = ({ from, to }: Pick<WayBackEnds, 'from' | 'to'>): string =>
  `${from.endpoint}, schema ${from.schema} (${from.setBy}) → ${to.endpoint} (${to.setBy})`

/** The saver's prefixes; only one of each can be written, and each is the name of an index. Throws `usage`. */
export function prefixesOf({ values }: Config) {
  const refused = (message: string) => new Failure('usage', { message, command: 'cp-migrate migrate' })
  const [checkpoint = 'checkpoint', ...others] = values.checkpointPrefix
  const [checkpointWrite = 'checkpoint_write', ...more] = values.checkpointWritePrefix
  if (others.length + more.length > 0) throw refused('back to Redis each prefix is given once')
  if (checkpoint === checkpointWrite)
    throw refused(
      `back to Redis checkpoints and writes need prefixes of their own, and both are ${checkpoint}`,
    )
  return { checkpoint, checkpointWrite }
}
