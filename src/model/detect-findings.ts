/** What is found of a database: which savers wrote here, how sure that is, and what would become of every key. */

/** A count; not exact where it was worked out from samples. */
export interface Estimate {
  readonly count: number
  readonly exact: boolean
}

/** `sure`: every sample says so. `likely`: at least nine in ten. */
export type Certainty = 'sure' | 'likely' | 'unsure'

/** One sentence that samples gave, and how many of those looked at. */
export interface Evidence {
  readonly text: string
  readonly count: number
  readonly of: number
}

/** `migrated`; into a schema of its own, because both languages were found and their rows cannot share one; or `refused`. */
export type Happens = 'migrated' | 'own-schema' | 'refused'

export interface LayoutVerdict {
  readonly id: string
  readonly title: string
  readonly writtenBy: string
  readonly dialect: 'python' | 'js'
  readonly keys: Estimate
  readonly threads: Estimate
  /** Of the server's memory, from samples; null where the server does not tell. */
  readonly memoryBytes: number | null
  readonly certainty: Certainty
  readonly evidence: readonly Evidence[]
  /** Values looked at whose names are of this layout, and how many of those no layout recognised. */
  readonly sampled: number
  readonly unrecognised: number
  readonly happens: Happens
}

/** A key with what `TYPE` says, for people; `base64` where the name is not UTF-8. */
export interface NamedKey {
  readonly key: string
  readonly base64?: string
  readonly type: string
}

/** Keys that no layout knows, by how they begin. */
export interface KeyGroup {
  readonly prefix: string
  readonly keys: number
  readonly samples: readonly NamedKey[]
}

export interface ServerFacts {
  /** `Redis 7.4.1` */
  readonly name: string
  /** `RedisJSON 2.8.4`, … */
  readonly modules: readonly string[]
  readonly usedMemoryBytes: number
  /** 0: no limit. */
  readonly maxMemoryBytes: number
  readonly maxMemoryPolicy: string
}

/** What a walk over all names and a look at some values say; a rehearsal shows it too. */
export interface DetectFindings {
  readonly server: ServerFacts
  readonly keys: {
    readonly scanned: number
    /** Keys whose names are of some layout. */
    readonly claimed: number
    readonly storeItems: number
    /** Of other applications. */
    readonly foreign: number
    /** Under a beginning that savers use, and of no layout. */
    readonly unknown: number
    /** Indexes and pointers among the claimed ones: nothing in them has to be moved. */
    readonly index: number
  }
  readonly threads: Estimate
  /** Most keys first. */
  readonly layouts: readonly LayoutVerdict[]
  readonly orphans: {
    /** Writes whose checkpoint is not there. */
    readonly writes: Estimate
    /** Pointers of threads that have no checkpoint. */
    readonly pointers: Estimate
    /** Documents that say that there are writes, and nothing else. */
    readonly stubs: Estimate
  }
  /** Sampled checkpoints that nobody can read: their names are of a layout, their values are damaged or of none. */
  readonly unreadable: {
    readonly sampled: number
    readonly of: number
    readonly samples: readonly NamedKey[]
  }
  readonly unknown: readonly KeyGroup[]
  /** The largest groups. */
  readonly foreign: readonly KeyGroup[]
  readonly otherDatabases: readonly { readonly db: number; readonly keys: number }[]
  readonly expiring: ExpiringThreads
}

export interface ExpiringThreads {
  readonly withinMs: number
  readonly threads: Estimate
  /** Only with `--expiring`; soonest first. */
  readonly listed: readonly { readonly threadId: string; readonly expiresInMs: number }[] | null
}
