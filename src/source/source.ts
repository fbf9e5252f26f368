/** The port every source of checkpoints implements: which keys there are, and what they hold. Nothing in it can write. */
import type { ReadResult, RedisType } from '../model/redis-value.js'

/** A key with what `TYPE` says of it. */
export interface KeyOfType {
  readonly key: Buffer
  readonly type: RedisType
}

export interface ScanOptions {
  /** A pattern as `SCAN … MATCH` takes it; every key without. */
  readonly match?: string
  /**
   * Asks for the TYPEs of a page by one read-only script where the server runs such (Redis 7, `+eval_ro`), which costs half: for whoever
   * does little else than listing. One by one otherwise.
   */
  readonly typesByScript?: boolean
}

export interface ReadStreamOptions {
  /** Values of about this many bytes are asked for at once; one larger value is read alone. */
  readonly batchBytes: number
  /** A larger value is not read: its result is `too-large`. */
  readonly maxValueBytes?: number
}

/** One key of a stream with what was read of it. */
export interface ReadKey<Request extends KeyOfType> {
  readonly request: Request
  readonly result: ReadResult
}

export interface ServerModule {
  /** As the server names it: `ReJSON`, `search`, `json`, … */
  readonly name: string
  readonly version: string
}

/** One logical database. */
export interface DatabaseKeys {
  readonly keys: number
  /** Keys that have a time to live. */
  readonly expiring: number
}

/** What only a snapshot's file has to say. */
export interface SnapshotInfo {
  readonly bytes: number
  /** Milliseconds since 1970; null where the file does not say. */
  readonly savedAtMs: number | null
  /** Keys of the database that is read: those that had expired by then, which are left out, and those that have expired since. */
  readonly expiredBefore: number
  readonly expiredSince: number
}

export interface SourceInfo {
  readonly kind: 'redis' | 'valkey' | 'sqlite'
  /** The server's own: `7.4.1`; of a Valkey its Valkey version; of a SQLite file the language of its saver. */
  readonly version: string
  readonly modules: readonly ServerModule[]
  /** Another at every start of the server: for people who compare logs, never to decide anything by. Absent where no server answers. */
  readonly runId?: string
  readonly usedMemoryBytes: number
  /** 0: no limit. */
  readonly maxMemoryBytes: number
  /** `noeviction`, `allkeys-lru`, …; empty where the server does not say. */
  readonly maxMemoryPolicy: string
  readonly role: 'master' | 'replica'
  readonly clusterEnabled: boolean
  readonly loading: boolean
  readonly appendOnly: boolean
  /** Only databases that hold keys. */
  readonly databases: ReadonlyMap<number, DatabaseKeys>
  /** Absent where a server answers. */
  readonly snapshot?: SnapshotInfo
}

/** A RediSearch index: the savers' names and prefixes give away what their users chose. */
export interface SearchIndex {
  readonly name: string
  readonly keyType: 'HASH' | 'JSON'
  /** As the index has them: `checkpoint:`. */
  readonly prefixes: readonly string[]
  /** Names of the indexed fields. */
  readonly fields: readonly string[]
}

/** Another logical database that seems to hold checkpoints. */
export interface OtherDatabase {
  readonly db: number
  readonly keys: number
  /** How many of its keys were looked at. */
  readonly lookedAt: number
  /** How many of those begin with one of the prefixes. */
  readonly matching: number
}

export interface Source {
  /** The endpoint for people: `redis://host:6379/0`; never a user or a password. */
  describe(): string
  info(): Promise<SourceInfo>
  /**
   * Every key that is there from beginning to end, page by page. A key may come twice; one that vanishes meanwhile may be left
   * out.
   */
  scan(options?: ScanOptions): AsyncIterable<readonly KeyOfType[]>
  /** What `TYPE` says now, in the order of the keys; null where there is no key. */
  types(keys: readonly Buffer[]): Promise<readonly (RedisType | null)[]>
  /** What each takes of the server's memory, 0 where there is no key, null where the server does not say. No value is sent for it. */
  memoryOf(keys: readonly Buffer[]): Promise<readonly (number | null)[]>
  /** Milliseconds each has left to live; −1: for ever; −2: there is no such key. */
  timesToLive(keys: readonly Buffer[]): Promise<readonly number[]>
  /** Reads all of them at once, in their order. The caller bounds how much that may be. */
  read(requests: readonly KeyOfType[]): Promise<readonly ReadResult[]>
  /**
   * Reads in order, a batch at a time, with the next batch under way while this one is consumed. At most about two batches are in
   * memory, or one larger value. Keys come in groups, and go a batch at a time, which the consumer may empty as it goes; `readStream`
   * gives them one by one.
   */
  readBatches<Request extends KeyOfType>(
    groups: AsyncIterable<readonly Request[]>,
    options: ReadStreamOptions,
  ): AsyncIterable<ReadKey<Request>[]>
  /** Empty where there is no search module, or where the user may not ask it. */
  searchIndexes(): Promise<readonly SearchIndex[]>
  /** Looks at some keys of each of the other logical databases; gives those where a key begins with one of the prefixes. */
  databasesWith(prefixes: readonly string[]): Promise<readonly OtherDatabase[]>
  close(): Promise<void>
}
