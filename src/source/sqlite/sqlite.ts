/** The source port over a file of LangGraph's SQLite savers, Python and JavaScript. Reads a copy; nothing in it can write to the file. */
import { setImmediate } from 'node:timers/promises'
import { globMatcher } from '../../model/glob.js'
import type { ReadResult, RedisType } from '../../model/redis-value.js'
import { type SqliteEndpoint, sqliteUrl } from '../../model/sqlite.js'
import { type BatchReader, readBatches } from '../read-stream.js'
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
import { copyDatabase, type DatabaseCopy } from './copy.js'
import { type Database, type Holdings, holdingsOf, openDatabase } from './database.js'
import { sqliteFailure } from './errors.js'
import { readRow, scanRows, sizeOfRow } from './rows.js'

interface Opened {
  readonly copy: DatabaseCopy
  readonly database: Database
  readonly holdings: Holdings
}

/** Copied and opened when it is first used: all that is read is the file as it was then. */
export class SqliteSource implements Source {
  readonly #endpoint: SqliteEndpoint
  readonly #signal: AbortSignal | undefined
  #opening: Promise<Opened> | null = null

  constructor(endpoint: SqliteEndpoint, { signal }: { readonly signal?: AbortSignal } = {}) {
    this.#endpoint = endpoint
    this.#signal = signal
  }

  describe(): string {
    return sqliteUrl(this.#endpoint)
  }

  async info(): Promise<SourceInfo> {
    const { copy, holdings } = await this.#opened()
    return {
      kind: 'sqlite',
      version: holdings.saver,
      modules: [],
      usedMemoryBytes: copy.bytes,
      maxMemoryBytes: 0,
      maxMemoryPolicy: '',
      role: 'master',
      clusterEnabled: false,
      loading: false,
      appendOnly: false,
      databases: new Map([[0, { keys: holdings.rows, expiring: 0 }]]),
    }
  }

  async *scan({ match }: ScanOptions = {}): AsyncGenerator<readonly KeyOfType[], void, undefined> {
    const { database, holdings } = await this.#opened()
    const isWanted = match === undefined ? null : globMatcher(match)
    try {
      for (const page of scanRows(database, holdings)) {
        const wanted = isWanted === null ? page : page.filter(({ key }) => isWanted(key.toString()))
        if (wanted.length > 0) yield wanted
        await setImmediate()
      }
    } catch (error) {
      throw sqliteFailure(error, this.describe())
    }
  }

  types(keys: readonly Buffer[]): Promise<(RedisType | null)[]> {
    return this.#ofEach(keys, ({ database, holdings }, key) =>
      sizeOfRow(database, holdings, key) > 0 ? 'hash' : null,
    )
  }

  memoryOf(keys: readonly Buffer[]): Promise<number[]> {
    return this.#ofEach(keys, ({ database, holdings }, key) => sizeOfRow(database, holdings, key))
  }

  /** Rows live for ever. */
  timesToLive(keys: readonly Buffer[]): Promise<number[]> {
    return this.#ofEach(keys, ({ database, holdings }, key) =>
      sizeOfRow(database, holdings, key) > 0 ? -1 : -2,
    )
  }

  read(requests: readonly KeyOfType[]): Promise<ReadResult[]> {
    return this.#ofEach(requests, ({ database, holdings }, request) => readRow(database, holdings, request))
  }

  readBatches<Request extends KeyOfType>(
    groups: AsyncIterable<readonly Request[]>,
    options: ReadStreamOptions,
  ): AsyncGenerator<ReadKey<Request>[], void, undefined> {
    return readBatches(groups, options, this.#batchReader)
  }

  readonly #batchReader: BatchReader = {
    read: (batch) => this.read(batch),
    measure: async (window) =>
      (await this.memoryOf(window.map(({ key }) => key))).map((bytes) => ({ bytes })),
  }

  async searchIndexes(): Promise<readonly SearchIndex[]> {
    return []
  }

  async databasesWith(): Promise<readonly OtherDatabase[]> {
    return []
  }

  async close(): Promise<void> {
    const opening = this.#opening
    this.#opening = null
    await opening?.then(
      async ({ database, copy }) => {
        database.close()
        await copy.remove()
      },
      () => {},
    )
  }

  #opened(): Promise<Opened> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async #open(): Promise<Opened> {
    const endpoint = this.describe()
    const copy = await copyDatabase(this.#endpoint.path, {
      endpoint,
      ...(this.#signal && { signal: this.#signal }),
    })
    let database: Database | null = null
    try {
      database = openDatabase(copy, endpoint)
      return { copy, database, holdings: holdingsOf(database, endpoint) }
    } catch (error) {
      database?.close()
      await copy.remove()
      throw sqliteFailure(error, endpoint)
    }
  }

  /** Others have their turn between two batches. */
  async #ofEach<T, R>(items: readonly T[], ask: (opened: Opened, item: T) => R): Promise<R[]> {
    const opened = await this.#opened()
    await setImmediate()
    try {
      return items.map((item) => ask(opened, item))
    } catch (error) {
      throw sqliteFailure(error, this.describe())
    }
  }
}
