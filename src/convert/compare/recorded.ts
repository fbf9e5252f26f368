/** What the ledger knows of one thread, as far as a comparison asks. */
export interface RecordedThread {
  /** Some run wrote this checkpoint's rows. */
  wrote(checkpointNs: string, checkpointId: string): boolean
  /** Some run rejected this checkpoint, or a write of it. */
  rejected(checkpointNs: string, checkpointId: string): boolean
  /** Whether the key holds what it held when it was migrated. */
  isAsRecorded(key: Buffer): boolean
  /** namespace → channels whose versions were renumbered. */
  readonly renumbered: ReadonlyMap<string, ReadonlySet<string>>
  /** namespace → newest checkpoint migrated. */
  readonly newest: ReadonlyMap<string, string>
  /** Rows of somebody else were there before the first run. */
  readonly hadRowsBefore: boolean
  /** A run was told to leave older checkpoints out. */
  readonly isBounded: boolean
  /** Rows that runs rewrote: what they named before may be there still. */
  readonly rewritten: number
  /** Nothing of it was migrated. */
  readonly isRejected: boolean
}
