/** A row of LangGraph's table store in Postgres: what it is called, what it is to hold, what stands there. */

/** As the target has it: labels joined with `.` in Python, with `:` in JavaScript. */
export interface StoreRowName {
  readonly namespace: string
  readonly key: string
}

/** One text for both: Postgres' text has no NUL. */
export const storeRowKey = ({ namespace, key }: StoreRowName): string => `${namespace}\0${key}`

/** What a row is to hold. Times in microseconds since 1970. */
export interface StoreRow extends StoreRowName {
  /** JSON that Postgres takes. */
  readonly value: string
  readonly createdAt: bigint
  readonly updatedAt: bigint
  /** Null: lives for ever. */
  readonly remainingMs: number | null
  readonly ttlMinutes: number | null
  readonly vector: {
    readonly field: string
    /** What was embedded; only JavaScript keeps it. */
    readonly text: string
    readonly embedding: readonly number[]
  } | null
}

/** How what stands under the name of a wanted row compares with it. */
export interface StandingStoreRow {
  readonly found: boolean
  /** Value and times are those wanted. */
  readonly same: boolean
  /** Its updated_at is later than that of the wanted one. */
  readonly newer: boolean
  /** It would expire earlier than its source, or at a time where its source does not. */
  readonly expiryDiffers: boolean
  readonly digest: Buffer | null
}

/** A row as it was read back. Times in microseconds since 1970. */
export interface StoredStoreRow {
  readonly value: Buffer
  readonly createdAt: bigint
  readonly updatedAt: bigint
  readonly expires: boolean
  readonly digest: Buffer
  /** Field → embedding. */
  readonly vectors: ReadonlyMap<string, readonly number[]>
}
