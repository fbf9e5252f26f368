/** One of the two ends, for verbs that look at either: Redis or a file of it, or Postgres. */
import type { Layout, Prefixes } from '../layouts/layout.js'
import type { Source } from '../source/source.js'
import type { Postgres } from '../target/connection/connect.js'

export interface RedisEnd {
  readonly engine: 'redis'
  readonly source: Source
  readonly prefixes: Prefixes
  /** Newest first. */
  readonly layouts: readonly Layout[]
  /** What the keys may take in memory. */
  readonly maxBytes: number
}

export interface PostgresEnd {
  readonly engine: 'postgres'
  readonly postgres: Postgres
  readonly schema: string
  readonly ledgerSchema: string
}
