/** The source port over an RDB snapshot: what SAVE, BGSAVE and the exports of managed services write. Reads; nothing in it can write. */
import { setImmediate } from 'node:timers/promises'
import { Failure } from '../../model/failure.js'
import { globMatcher } from '../../model/glob.js'
import type { ReadResult, RedisType } from '../../model/redis-value.js'
import { type SnapshotEndpoint, snapshotUrl } from '../../model/snapshot.js'
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
import { Blocks } from './blocks.js'
import { snapshotFailure } from './errors.js'
import { SnapshotFile } from './file.js'
import type { Place } from './key-index.js'
import { findKey, readKey, type Shelf, timeLeftMs } from './read.js'
import { type Survey, scanSnapshot, surveySnapshot } from './survey.js'

export interface SnapshotOptions {
  readonly signal?: AbortSignal
  /** Told of how many keys were found, while the file is gone through for the first time. */
  onKeys?(keys: number): void
  /** Milliseconds since 1970. */
  now(): number
}

/** What was looked up to measure a key need not be looked up again to read it. */
class Found implements Measure {
  constructor(readonly places: readonly Place[]) {}

  /** Keys that share a hash are taken for the largest: a guess too high costs nothing. */
  get bytes(): number {
    return this.places.reduce((most, { valueBytes }) => Math.max(most, valueBytes), 0)
  }
}

/** Opened when it is first used: then the whole file is gone through once, before anything of it is given away. */
export class SnapshotSource implements Source {
  readonly #endpoint: SnapshotEndpoint
  readonly #options: SnapshotOptions
  #opening: Promise<Shelf & Survey> | null = null

  constructor(endpoint: SnapshotEndpoint, options: SnapshotOptions) {
    this.#endpoint = endpoint
    this.#options = options
  }

  describe(): string {
    return snapshotUrl(this.#endpoint)
  }

  async info(): Promise<SourceInfo> {
    const { about, databases, isOfCluster, file, savedAtMs, expiredBefore, expiredSince } =
      await this.#shelf()
    const valkey = about.get('valkey-ver')
    return {
      kind: valkey === undefined ? 'redis' : 'valkey',
      version: valkey ?? about.get('redis-ver') ?? 'of unknown version',
      modules: [],
      usedMemoryBytes: Number(about.get('used-mem') ?? 0),
      maxMemoryBytes: 0,
      maxMemoryPolicy: '',
      role: 'master',
      clusterEnabled: isOfCluster,
      loading: false,
      appendOnly: false,
      databases: new Map([...databases].map(([db, { keys, expiring }]) => [db, { keys, expiring }])),
      snapshot: { bytes: file.size, savedAtMs, expiredBefore, expiredSince },
    }
  }

  async *scan({ match }: ScanOptions = {}): AsyncGenerator<readonly KeyOfType[], void, undefined> {
    const { file, savedAtMs } = await this.#shelf()
    const isWanted = match === undefined ? null : globMatcher(match)
    try {
      for await (const page of oneAhead(scanSnapshot(file, { db: this.#endpoint.db, savedAtMs }))) {
        this.#checkUnchanged(file)
        const wanted = isWanted === null ? page : page.filter(({ key }) => isWanted(key.toString()))
        if (wanted.length > 0) yield wanted
      }
    } catch (error) {
      throw snapshotFailure(error, this.describe())
    }
  }

  types(keys: readonly Buffer[]): Promise<(RedisType | null)[]> {
    return this.#ofEach(keys, async (shelf, key) => (await findKey(shelf, key))?.head.type ?? null)
  }

  /** What the value takes once it is read; the snapshot does not say what it took in the server. */
  memoryOf(keys: readonly Buffer[]): Promise<number[]> {
    return this.#ofEach(keys, async (shelf, key) => (await findKey(shelf, key))?.place.valueBytes ?? 0)
  }

  /** From now on, as if the server had gone on. */
  timesToLive(keys: readonly Buffer[]): Promise<number[]> {
    const nowMs = this.#options.now()
    return this.#ofEach(keys, async (shelf, key) => {
      const found = await findKey(shelf, key)
      return found === null ? -2 : timeLeftMs(found.head, nowMs)
    })
  }

  read(requests: readonly KeyOfType[]): Promise<ReadResult[]> {
    const nowMs = this.#options.now()
    return this.#ofEach(requests, async (shelf, request) =>
      readKey(shelf, request, await shelf.index.find(request.key), nowMs),
    )
  }

  readBatches<Request extends KeyOfType>(
    groups: AsyncIterable<readonly Request[]>,
    options: ReadStreamOptions,
  ): AsyncGenerator<ReadKey<Request>[], void, undefined> {
    return readBatches(groups, options, this.#batchReader())
  }

  #batchReader(): BatchReader {
    return {
      read: async (batch, measures) => {
        const shelf = await this.#ready()
        const nowMs = this.#options.now()
        return Promise.all(
          batch.map(async (request, at) => {
            const measure = measures[at]
            const places = measure instanceof Found ? measure.places : await shelf.index.find(request.key)
            return readKey(shelf, request, places, nowMs)
          }),
        )
      },
      measure: (window) =>
        this.#ofEach(window, async ({ index }, { key }) => new Found(await index.find(key))),
    }
  }

  async searchIndexes(): Promise<readonly SearchIndex[]> {
    return (await this.#shelf()).indexes
  }

  async databasesWith(prefixes: readonly string[]): Promise<readonly OtherDatabase[]> {
    const { databases } = await this.#shelf()
    const wanted = prefixes.map((prefix) => Buffer.from(prefix))
    return [...databases].flatMap(([db, { keys, names }]) => {
      const matching = names.filter((name) =>
        wanted.some((prefix) => name.subarray(0, prefix.length).equals(prefix)),
      ).length
      return matching === 0 ? [] : [{ db, keys, lookedAt: names.length, matching }]
    })
  }

  async close(): Promise<void> {
    const opening = this.#opening
    this.#opening = null
    await opening?.then(
      async ({ file, index }) => {
        file.close()
        await index.close()
      },
      () => {},
    )
  }

  #shelf(): Promise<Shelf & Survey> {
    this.#opening ??= this.#open()
    return this.#opening
  }

  async #open(): Promise<Shelf & Survey> {
    const endpoint = this.describe()
    const { now, signal, onKeys } = this.#options
    let file: SnapshotFile | null = null
    try {
      file = new SnapshotFile(this.#endpoint.path)
      const survey = await surveySnapshot(file, {
        endpoint,
        db: this.#endpoint.db,
        nowMs: now(),
        ...(signal && { signal }),
        ...(onKeys && { onKeys }),
      })
      return { ...survey, file, endpoint, blocks: new Blocks() }
    } catch (error) {
      file?.close()
      throw snapshotFailure(error, endpoint)
    }
  }

  async #ofEach<T, R>(items: readonly T[], ask: (shelf: Shelf, item: T) => Promise<R>): Promise<R[]> {
    const shelf = await this.#ready()
    const answers: R[] = []
    for (const item of items) answers.push(await ask(shelf, item))
    return answers
  }

  /** Nothing of a file has to be waited for: others have their turn between two batches. */
  async #ready(): Promise<Shelf & Survey> {
    const shelf = await this.#shelf()
    await setImmediate()
    this.#checkUnchanged(shelf.file)
    return shelf
  }

  /** What was proven whole must still be what is read. */
  #checkUnchanged(file: SnapshotFile): void {
    if (!file.isUnchanged()) throw new Failure('snapshot-changed', { endpoint: this.describe() })
  }
}
