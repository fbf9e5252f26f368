/** Any source, read no faster than a pace allows. Listing keys only rests for others: it costs the server little. */
import type { ReadResult, RedisType } from '../model/redis-value.js'
import type { Pace } from './pace.js'
import type {
  KeyOfType,
  OtherDatabase,
  ReadKey,
  ReadStreamOptions,
  ScanOptions,
  SearchIndex,
  Source,
  SourceInfo,
} from './source.js'

export class PacedSource implements Source {
  readonly #source: Source
  readonly #pace: Pace

  constructor(source: Source, pace: Pace) {
    this.#source = source
    this.#pace = pace
  }

  async *scan(options?: ScanOptions): AsyncGenerator<readonly KeyOfType[], void, undefined> {
    for await (const page of this.#source.scan(options)) {
      yield page
      await this.#pace.turn()
    }
  }

  async read(requests: readonly KeyOfType[]): Promise<readonly ReadResult[]> {
    await this.#pace.turn()
    const results = await this.#source.read(requests)
    this.#pace.took(results.length, results.reduce(addBytes, 0))
    return results
  }

  async *readBatches<Request extends KeyOfType>(
    groups: AsyncIterable<readonly Request[]>,
    options: ReadStreamOptions,
  ): AsyncGenerator<ReadKey<Request>[], void, undefined> {
    for await (const batch of this.#source.readBatches(groups, options)) {
      this.#pace.took(
        batch.length,
        batch.reduce((sum, { result }) => addBytes(sum, result), 0),
      )
      yield batch
      await this.#pace.turn()
    }
  }

  describe = (): string => this.#source.describe()
  info = (): Promise<SourceInfo> => this.#source.info()
  types = (keys: readonly Buffer[]): Promise<readonly (RedisType | null)[]> => this.#source.types(keys)
  memoryOf = (keys: readonly Buffer[]): Promise<readonly (number | null)[]> => this.#source.memoryOf(keys)
  timesToLive = (keys: readonly Buffer[]): Promise<readonly number[]> => this.#source.timesToLive(keys)
  searchIndexes = (): Promise<readonly SearchIndex[]> => this.#source.searchIndexes()
  databasesWith = (prefixes: readonly string[]): Promise<readonly OtherDatabase[]> =>
    this.#source.databasesWith(prefixes)
  close = (): Promise<void> => this.#source.close()
}

const bytesOf = (result: ReadResult): number => (result.state === 'read' ? result.sizeBytes : 0)
const addBytes = (sum: number, result: ReadResult): number => sum + bytesOf(result)
