/** What the functions take: the flags of the commands, in camel case, with the same words for sizes and durations. */
import type { OnEvent } from '../model/events.js'

/** How a call is watched and stopped. */
export interface RunOptions {
  /** Ends the run after the batch that is under way. */
  readonly signal?: AbortSignal
  /** Told of progress. It must not throw. */
  readonly onEvent?: OnEvent
}

/** `10s`, `30d`, `1h30m`. */
export type Duration = string
/** `48MB`, `2GiB`. */
export type Size = string

export interface SourceOptions {
  /** `redis://:PASSWORD@HOST:6379/0`, `rediss://…`, `file:dump.rdb`, or `sqlite:FILE.db`. */
  readonly redis: string
  readonly redisDb?: number
  readonly redisUser?: string
  /** Paths of PEM files, or their text. */
  readonly redisCa?: string
  readonly redisCert?: string
  readonly redisKey?: string
  readonly redisServerName?: string
  /** What the ledger calls it. */
  readonly sourceName?: string
  readonly checkpointPrefix?: readonly string[]
  readonly checkpointWritePrefix?: readonly string[]
  readonly checkpointBlobPrefix?: readonly string[]
}

/** LangGraph's long-term memory, which goes only where it is asked for. */
export interface StoreOptions {
  readonly include?: 'store'
  readonly storePrefix?: readonly string[]
  readonly storeVectorPrefix?: readonly string[]
}

export interface TargetOptions {
  /** `postgres://USER:PASSWORD@HOST:5432/DATABASE`. */
  readonly postgres: string
  readonly postgresCa?: string
  readonly postgresCert?: string
  readonly postgresKey?: string
  readonly postgresServerName?: string
  readonly schema?: string
  readonly ledgerSchema?: string
}

export interface PatienceOptions {
  /** For servers that are still starting. */
  readonly wait?: Duration
  readonly connectTimeout?: Duration
  readonly statementTimeout?: Duration
  /** To Postgres at once, from 1 to 20. */
  readonly connections?: number
}

/** Of a command that keeps the lock of the target. */
export interface LockOptions {
  readonly retryFor?: Duration
  readonly takeoverTimeout?: Duration
}

export interface ThreadOptions {
  readonly thread?: readonly string[]
  /** The path of a file with one id a line. */
  readonly threadsFrom?: string
  readonly match?: readonly string[]
  readonly limit?: number
}

export interface LayoutOptions {
  readonly layoutFile?: readonly string[]
  readonly layout?: string
}

export interface PaceOptions {
  readonly memory?: Size
  /** `2000` keys or `20MB` a second. */
  readonly rate?: number | string
  readonly redisMaxLatency?: Duration
}

export type Dialect = 'python' | 'js'

export interface DetectOptions extends SourceOptions, LayoutOptions, PatienceOptions {
  /** Also lists threads that expire within that. */
  readonly expiring?: Duration
}

export interface InitOptions extends TargetOptions, PatienceOptions {
  readonly dialect?: Dialect
  readonly compression?: 'lz4' | 'pglz'
  readonly deferIndexes?: boolean
  readonly include?: 'store'
  /** With the store: makes its table for embeddings of so many dimensions. */
  readonly vectorDims?: number
  /** Changes nothing. */
  readonly check?: boolean
}

export interface MigrateOptions
  extends SourceOptions,
    StoreOptions,
    Partial<TargetOptions>,
    PatienceOptions,
    LockOptions,
    ThreadOptions,
    LayoutOptions,
    PaceOptions {
  readonly dialect?: Dialect
  readonly allowOlderHead?: boolean
  readonly onExisting?: 'merge' | 'skip' | 'replace'
  readonly restoreDeleted?: boolean
  readonly restart?: boolean
  readonly strict?: boolean
  readonly newerThan?: Duration
  readonly olderThan?: Duration
  readonly keepLast?: number
  readonly latestOnly?: boolean
}

export interface VerifyOptions
  extends SourceOptions,
    StoreOptions,
    TargetOptions,
    PatienceOptions,
    LockOptions,
    ThreadOptions,
    LayoutOptions,
    PaceOptions {
  readonly dialect?: Dialect
  readonly sample?: number
  readonly seed?: string
  readonly sinceRun?: number
  /** Without Redis: rows against what the ledger recorded. */
  readonly ledger?: boolean
  readonly showValues?: boolean
}

export interface RollbackOptions extends TargetOptions, PatienceOptions, LockOptions {
  /** One of these three at most; the last run without. */
  readonly run?: number
  readonly toBefore?: number
  readonly all?: boolean
  readonly discardContinued?: boolean
  /** Does it. */
  readonly yes?: boolean
}

export interface PurgeOptions
  extends SourceOptions,
    StoreOptions,
    TargetOptions,
    PatienceOptions,
    LockOptions,
    ThreadOptions {
  readonly layoutFile?: readonly string[]
  readonly olderThan?: Duration | '0'
  readonly archive?: string
  readonly maxKeys?: number
  /** Threads with a larger value are left alone. */
  readonly maxValueBytes?: Size
  /** Keys a second. */
  readonly rate?: number
  readonly orphans?: boolean
  readonly includeDeleted?: boolean
  readonly includeSkipped?: boolean
  readonly strict?: boolean
  readonly memory?: Size
  /** Does it. */
  readonly yes?: boolean
}

export interface LedgerOptions extends TargetOptions, PatienceOptions {
  /** Only this run. */
  readonly run?: number
}
