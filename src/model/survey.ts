/** What a pass over threads has seen of them, besides moving them: sizes, times, classes. Bounded, whatever the database holds. */

/** What one thread adds. */
export interface ThreadSeen {
  /** Milliseconds that the first of its keys to go still has; null where none expires. */
  readonly shortestPttlMs: number | null
  /** Day (since 1970) → checkpoints whose ids are of that day; −1 for those whose ids name no time. */
  readonly days: ReadonlyMap<number, number>
  /** Of classes that are not LangGraph's or LangChain's own: `module.Class`. */
  readonly classes: ReadonlySet<string>
  /** Channel values in the source, repeats included. */
  readonly valuesSeen: number
  readonly waitsAtInterrupt: boolean
}

export interface SizeClass {
  /** Inclusive; null: no limit. */
  readonly upToBytes: number | null
  readonly threads: number
  readonly bytes: number
}

export interface LargeThread {
  readonly threadId: string
  readonly layout: string
  /** Of its values in Redis. */
  readonly bytes: number
  readonly keys: number
  readonly checkpoints: number
  /** Day of its newest checkpoint, `2026-11-20`; null where no id tells. */
  readonly lastDay: string | null
}

export interface GrowthStep {
  /** First day of the step, `2026-11-02`. */
  readonly from: string
  readonly checkpoints: number
  /** Threads whose oldest checkpoint is of that step. */
  readonly newThreads: number
  /** A thread's bytes divided evenly over its checkpoints. */
  readonly bytes: number
}

/** Written when, as the time inside the checkpoint ids says. */
export interface Growth {
  readonly step: 'day' | 'week' | 'month'
  /** From the oldest to the newest, without gaps. */
  readonly steps: readonly GrowthStep[]
  /** Checkpoints whose ids name no time. */
  readonly undated: number
}

export interface ExpiryClass {
  /** Milliseconds from now until the first key of the thread goes; null: it expires later than all other classes. */
  readonly withinMs: number | null
  readonly threads: number
}

export interface ExpiringThread {
  readonly threadId: string
  /** When its first key goes, and its last; null: some key stays for ever. ISO 8601. */
  readonly firstAt: string
  readonly lastAt: string | null
}

/** What Redis would delete by itself. In Postgres nothing expires: this is the retention that gets lost. */
export interface Expiry {
  /** Soonest first. */
  readonly classes: readonly ExpiryClass[]
  /** Threads of which no key expires. */
  readonly never: number
  /** The longest time to live met. */
  readonly longestMs: number | null
  readonly soonest: readonly ExpiringThread[]
}

export interface ClassUse {
  /** `app.state.Cart` */
  readonly name: string
  readonly threads: number
}

/** What the target is going to take. */
export interface Forecast {
  /** `everything`: all was encoded. `samples`: worked out from a few values. */
  readonly basis: 'everything' | 'samples'
  /** Tables and indexes, with the compression Postgres uses by itself (pglz), and with lz4; `samples`: at most. */
  readonly postgresBytes: number
  readonly lz4Bytes: number | null
  /** What the ledger takes beside them until `ledger drop`; null where nothing tells. */
  readonly ledgerBytes: number | null
  /** How long the run would take; null where nothing tells. */
  readonly seconds: number | null
}

/** What is known of the threads that were read; a rehearsal and a run have it, `detect` the parts that names and samples tell. */
export interface Survey {
  /** Threads that sizes are of. */
  readonly threads: number
  readonly sizes: readonly SizeClass[]
  /** Largest first. */
  readonly largest: readonly LargeThread[]
  readonly growth: Growth
  readonly expiry: Expiry
  /** Most used first. */
  readonly classes: readonly ClassUse[]
  /** Classes beyond those listed. */
  readonly moreClasses: number
  /** Threads that wait at an interrupt and will resume. */
  readonly waitsAtInterrupt: number
  /** Channel values stored in Redis, repeats included. */
  readonly valuesSeen: number
}
