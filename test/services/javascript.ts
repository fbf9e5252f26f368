/** The official JavaScript savers, loaded into the test itself. */
import type { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { officialJavaScript } from '../../scripts/services/javascript.mjs'
import { atEndOfFile } from './each-file.js'

export { officialJavaScript }

/** What the tests look at of a checkpoint tuple. */
export interface SavedTuple {
  readonly config: { readonly configurable: Ids }
  readonly checkpoint: Record<string, unknown>
  readonly metadata: unknown
  readonly parentConfig?: { readonly configurable: Ids }
  readonly pendingWrites?: readonly (readonly [taskId: string, channel: string, value: unknown])[]
}
interface Ids {
  readonly thread_id: string
  readonly checkpoint_ns: string
  readonly checkpoint_id?: string
}

export interface PostgresSaver {
  getTuple(config: { configurable: Ids }): Promise<SavedTuple | undefined>
  setup(): Promise<void>
  end(): Promise<void>
}
interface PostgresSaverClass {
  new (pool: EventEmitter, serde: undefined, options: { schema: string }): PostgresSaver
}
interface Driver {
  readonly Pool: new (options: { connectionString: string }) => EventEmitter
}

/** The official Postgres saver on a database; its connections are closed after the file. */
export async function postgresSaver(url: string, schema = 'public'): Promise<PostgresSaver> {
  const require = createRequire(join(await officialJavaScript(), 'package.json'))
  const packages: { PostgresSaver: PostgresSaverClass } = require('@langchain/langgraph-checkpoint-postgres')
  const { Pool }: Driver = require('pg')
  const pool = new Pool({ connectionString: url })
  // A pool says that it has ended before its connections have: dropping the database may cut one of them.
  pool.on('error', () => {})
  const saver = new packages.PostgresSaver(pool, undefined, { schema })
  atEndOfFile(() => saver.end())
  return saver
}

export interface JsStoreItem {
  readonly namespace: string[]
  readonly key: string
  readonly value: unknown
  readonly createdAt: Date
  readonly updatedAt: Date
}
export interface JsPostgresStore {
  setup(): Promise<void>
  get(namespace: string[], key: string): Promise<JsStoreItem | null>
  put(namespace: string[], key: string, value: Record<string, unknown>): Promise<void>
  stop(): Promise<void>
}
interface JsStoreClass {
  new (options: {
    connectionOptions: string
  }): JsPostgresStore & { readonly core: { readonly pool: EventEmitter } }
}

/** The official long-term memory on a database; its connections are closed after the file. */
export async function postgresStore(url: string): Promise<JsPostgresStore> {
  const require = createRequire(join(await officialJavaScript(), 'package.json'))
  const packages: { PostgresStore: JsStoreClass } = require('@langchain/langgraph-checkpoint-postgres/store')
  const store = new packages.PostgresStore({ connectionOptions: url })
  store.core.pool.on('error', () => {})
  atEndOfFile(() => store.stop())
  return store
}
