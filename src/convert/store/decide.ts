/** What becomes of a wanted row where something may stand already (pure). */
import type { StandingStoreRow } from '../../model/store-row.js'

/** As the ledger remembers it; undefined where no run knows the item. */
export interface Recorded {
  readonly isOurs: boolean
  readonly sourceDigest: Buffer
  readonly rowDigest: Buffer
}

export type Fate =
  | 'insert'
  | 'rewrite'
  | 'there'
  | 'store-older-copy'
  | 'store-continued'
  | 'store-deleted'
  | 'store-item-differs'
  | 'existing-skipped'

/** A row that is not ours, or was changed since, is never overwritten, unless the user says `replace`. */
export function fateOf(
  standing: StandingStoreRow,
  recorded: Recorded | undefined,
  wanted: { readonly sourceDigest: Buffer; readonly onExisting: string; readonly restoreDeleted: boolean },
): Fate {
  const isNews = recorded === undefined || !recorded.sourceDigest.equals(wanted.sourceDigest)
  if (!standing.found) return isNews || wanted.restoreDeleted ? 'insert' : 'store-deleted'
  const isAsWritten =
    recorded !== undefined && standing.digest !== null && recorded.rowDigest.equals(standing.digest)
  const isOurs = isAsWritten && recorded.isOurs
  if (standing.same) return standing.expiryDiffers && isOurs ? 'rewrite' : 'there'
  if (isAsWritten && standing.newer) return 'store-older-copy'
  if (isOurs || wanted.onExisting === 'replace') return 'rewrite'
  if (wanted.onExisting === 'skip') return 'existing-skipped'
  return isNews ? 'store-item-differs' : 'store-continued'
}
