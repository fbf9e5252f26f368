/** What the ledger takes of threads that are moved, so that a rehearsal can say it. */

/**
 * Measured on threads of 11 to 65 keys in several layouts, tables and indexes after a run: a packed name with its digest; the digest of
 * a checkpoint's rows; a thread's row with its share of two indexes and of half-filled pages.
 */
const BYTES = { key: 60, checkpoint: 18, thread: 800 } as const
/** The first pages of the tables and indexes. */
const BEGINNING_BYTES = 64 * 1024

export interface RecordedAmounts {
  readonly threads: number
  readonly keys: number
  readonly checkpoints: number
}

/** Bytes on disk; 0 where nothing is recorded. */
export function ledgerBytesOf({ threads, keys, checkpoints }: RecordedAmounts): number {
  if (threads === 0) return 0
  return BEGINNING_BYTES + threads * BYTES.thread + keys * BYTES.key + checkpoints * BYTES.checkpoint
}
