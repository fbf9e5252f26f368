/** A Redis with one of the store fixtures, a Postgres with the store's tables, and what the fixture says of its items. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Redis } from 'ioredis'
import { loadRedisFile } from '../../scripts/services/load-redis.mjs'
import { type CommandRun, commandLine, ends } from '../acceptance/command-line.js'
import { freshDatabase, sql } from '../services/postgres.js'
import { type PythonPeer, pythonPeer } from '../services/python.js'
import { freshRedis, redisClient } from '../services/redis.js'

const FIXTURES = join(import.meta.dirname, '../../fixtures/store')

export interface ExpectedItem {
  readonly redis_key: string
  readonly namespace: readonly string[]
  readonly key: string
  readonly value: unknown
  readonly created_at: string
  readonly updated_at: string
  readonly pttl_ms: number
  readonly wrapped?: boolean
}

export class StoreEnds {
  constructor(
    readonly redis: string,
    readonly client: Redis,
    readonly postgres: string,
    readonly expected: readonly ExpectedItem[],
    private readonly flags: string,
  ) {}

  run(line: string): Promise<CommandRun> {
    return commandLine(line, ends(this.redis, this.postgres))
  }

  /** With --include store, and the prefixes that the fixture needs; the report. */
  async with<Report>(command: string, flags = ''): Promise<Report & { readonly exitCode: number }> {
    const { out, err } = await this.run(`${command} --include store${this.flags}${flags} --json`)
    if (out === '') throw new Error(err)
    return JSON.parse(out)
  }

  /** Where the document of an item stands in Redis. */
  keyOf(key: string, namespace?: string): string {
    const found = this.expected.find(
      (item) => item.key === key && (namespace === undefined || item.namespace.join('.') === namespace),
    )
    if (found === undefined) throw new Error(`no item ${key}`)
    return found.redis_key
  }

  sql<Row = Record<string, unknown>>(statement: string, values: unknown[] = []): Promise<Row[]> {
    return sql<Row>(this.postgres, statement, values)
  }
}

/** The application on the other side, with the official Python PostgresStore. */
export class StoreApp {
  constructor(
    private readonly peer: PythonPeer,
    private readonly on: string,
  ) {}

  put(ns: readonly string[], key: string, value: unknown): Promise<unknown> {
    return this.peer.ask({ do: 'put', on: this.on, ns, key, value })
  }

  delete(ns: readonly string[], key: string): Promise<unknown> {
    return this.peer.ask({ do: 'delete', on: this.on, ns, key })
  }

  /** All that its search() finds. */
  items<Item>(): Promise<Item[]> {
    return this.peer.ask({ do: 'items', on: this.on })
  }

  /** Runs its setup(); the tables' shape afterwards. */
  setup(on = this.on): Promise<string[]> {
    return this.peer.ask({ do: 'setup', on })
  }
}

export const storePeer = (): Promise<PythonPeer> => pythonPeer(join(import.meta.dirname, 'store.py'))

export async function storeWithApp(
  fixture: string,
  options: StoreOptions = {},
): Promise<{ readonly store: StoreEnds; readonly app: StoreApp }> {
  const [store, peer] = await Promise.all([storeEnds(fixture, options), storePeer()])
  return { store, app: new StoreApp(peer, store.postgres) }
}

interface StoreOptions {
  /** What every command needs, with a space before each. */
  readonly flags?: string
  /** What only `init` needs. */
  readonly init?: string
}

/** With the tables made. */
export async function storeEnds(
  fixture: string,
  { flags = '', init = '' }: StoreOptions = {},
): Promise<StoreEnds> {
  const [{ url }, postgres] = await Promise.all([freshRedis(), freshDatabase()])
  const folder = join(FIXTURES, fixture)
  if (!existsSync(folder)) throw new Error(`no fixture ${fixture}`)
  await loadRedisFile(join(folder, 'redis.jsonl'), url)
  const expected = readFileSync(join(folder, 'expected.jsonl'), 'utf8').trim().split('\n')
  const both = new StoreEnds(
    url,
    redisClient(url),
    postgres,
    expected.map((line) => JSON.parse(line)),
    flags,
  )
  const { exit, err } = await both.run(`init --include store${init}`)
  if (exit !== 0) throw new Error(err)
  return both
}
