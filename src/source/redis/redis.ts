/** The source port over one standalone Redis or Valkey server. */
import type { Redis } from 'ioredis'
import { describeEndpoint, type RedisEndpoint } from '../../model/endpoint.js'
import type { ReadResult, RedisType } from '../../model/redis-value.js'
import { Reopened } from '../../model/reopened.js'
import { oneAhead } from '../ahead.js'
import { type BatchReader, type Measure, readBatches } from '../read-stream.js'
import type {
  KeyOfType,
  OtherDatabase,
  ReadKey,
  ReadStreamOptions,
  ScanOptions,
  SearchIndex,
  Source,
  SourceInfo,
} from '../source.js'
import { openRedis, type RedisConnectionOptions, readInfo } from './connection.js'
import { lookIntoDatabases, readSearchIndexes } from './hints.js'
import { measuresByScript } from './measure-script.js'
import { memoryOf, timesToLive } from './measures.js'
import { scanKeys, typesOfAny } from './scan.js'
import { measureValues, readValues } from './values.js'

/**
 * Reads over one connection, opened when it is first needed and again when it was lost: what was under way then fails with `redis-lost`.
 */
export class RedisSource implements Source {
  readonly #endpoint: RedisEndpoint
  readonly #options: RedisConnectionOptions
  readonly #connection = new Reopened<Redis>({
    open: () => this.#open(),
    isAlive: ({ status }) => status === 'ready',
    close: (client) => client.disconnect(),
  })
  #isClosed = false
  /** Until the server refuses one. */
  #runsScripts = true

  constructor(endpoint: RedisEndpoint, options: RedisConnectionOptions = {}) {
    this.#endpoint = endpoint
    this.#options = options
  }

  describe(): string {
    return describeEndpoint(this.#endpoint)
  }

  async info(): Promise<SourceInfo> {
    return readInfo(await this.#client(), this.#endpoint)
  }

  async *scan(options: ScanOptions = {}): AsyncGenerator<readonly KeyOfType[], void, undefined> {
    yield* oneAhead(scanKeys(await this.#client(), this.#endpoint, options))
  }

  async types(keys: readonly Buffer[]): Promise<readonly (RedisType | null)[]> {
    return keys.length === 0 ? [] : typesOfAny(await this.#client(), this.#endpoint, keys)
  }

  async memoryOf(keys: readonly Buffer[]): Promise<readonly (number | null)[]> {
    return memoryOf(await this.#client(), this.#endpoint, keys)
  }

  async timesToLive(keys: readonly Buffer[]): Promise<readonly number[]> {
    return timesToLive(await this.#client(), this.#endpoint, keys)
  }

  async read(requests: readonly KeyOfType[]): Promise<readonly ReadResult[]> {
    return readValues(await this.#client(), this.#endpoint, requests)
  }

  readBatches<Request extends KeyOfType>(
    groups: AsyncIterable<readonly Request[]>,
    options: ReadStreamOptions,
  ): AsyncGenerator<ReadKey<Request>[], void, undefined> {
    return readBatches(groups, options, this.#reader())
  }

  #reader(): BatchReader {
    return {
      read: async (batch, measures) => readValues(await this.#client(), this.#endpoint, batch, measures),
      measure: async (window) => this.#measure(window),
    }
  }

  async #measure(window: readonly KeyOfType[]): Promise<readonly Measure[]> {
    const client = await this.#client()
    const measures = this.#runsScripts ? await measuresByScript(client, this.#endpoint, window) : null
    this.#runsScripts = measures !== null
    return measures ?? (await measureValues(client, this.#endpoint, window)).map((bytes) => ({ bytes }))
  }

  async searchIndexes(): Promise<readonly SearchIndex[]> {
    return readSearchIndexes(await this.#client(), this.#endpoint)
  }

  async databasesWith(prefixes: readonly string[]): Promise<readonly OtherDatabase[]> {
    const { databases } = await this.info()
    // A connection of its own: SELECT would move every command that is under way on the other one.
    const client = await openRedis(this.#endpoint, this.#options)
    try {
      return await lookIntoDatabases(client, this.#endpoint, databases, prefixes)
    } finally {
      client.disconnect()
    }
  }

  /** For good: whoever still looks ahead of a run that was stopped must not open it again. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#connection.close()
  }

  #client(): Promise<Redis> {
    return this.#connection.get()
  }

  #open(): Promise<Redis> {
    if (this.#isClosed) return Promise.reject(new Error('the source is closed'))
    return openRedis(this.#endpoint, this.#options)
  }
}
