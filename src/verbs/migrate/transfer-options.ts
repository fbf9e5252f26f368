/** How a migration's budget is shared out between what waits along the way. */
import type { OpenConverter } from '../../convert/converter.js'
import { DIALECTS } from '../../convert/dialects.js'
import type { ThreadBound } from '../../model/bounds.js'
import type { TransferOptions } from '../../pipeline/transfer-options.js'

/**
 * Shares of the memory budget: keys, values in flight (two reads), values held until it is known whether they changed, rows in
 * flight (two batches), copies to compare with.
 */
const SHARES = { inventory: 1 / 3, read: 1 / 24, hold: 1 / 12, batch: 1 / 16, copies: 1 / 8 } as const
const MAX_BATCH_BYTES = 8 * 1024 ** 2
/** The app's own puts wait while a thread's rows are inserted: larger threads are staged first. */
const STAGE_BYTES = 16 * 1024 ** 2

export const inventoryBytesOf = (memoryBytes: number): number => memoryBytes * SHARES.inventory

export function transferOptionsOf({
  memoryBytes,
  dialect,
  openConverter = DIALECTS[dialect],
  allowOlderHead,
  bound,
  signal,
  recover,
}: Pick<TransferOptions, 'dialect' | 'signal' | 'recover'> & {
  /** Bytes for everything that waits between the two ends. */
  readonly memoryBytes: number
  readonly openConverter?: OpenConverter
  readonly allowOlderHead: boolean
  readonly bound: ThreadBound | null
}): TransferOptions {
  return {
    dialect,
    openConverter,
    bound,
    convert: { allowOlderHead, copiesBytes: memoryBytes * SHARES.copies },
    readBytes: memoryBytes * SHARES.read,
    holdBytes: memoryBytes * SHARES.hold,
    batchBytes: Math.min(memoryBytes * SHARES.batch, MAX_BATCH_BYTES),
    stageBytes: STAGE_BYTES,
    signal,
    recover,
  }
}
