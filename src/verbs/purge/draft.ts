/** A thread on its way to be purged: what is known of its keys before they are looked at in Redis. */
import type { ClaimedKey } from '../../layouts/layout.js'
import type { CurrentThread } from '../../target/ledger/read.js'
import type { PurgeKey } from './order.js'

/** Why a flag was needed, with the keys that it sends away. */
export interface Listed {
  readonly why: 'orphans' | 'deleted' | 'skipped'
  readonly keys: number
}

/** A thread whose own facts speak for it. */
export interface Draft {
  readonly threadId: string
  readonly record: CurrentThread | null
  /** Keys of it that stay. */
  kept: number
  content: readonly KeyDraft[]
  readonly index: readonly ClaimedKey[]
  listed: readonly Listed[]
}

export interface KeyDraft {
  readonly claimed: ClaimedKey
  readonly isOrphan: boolean
  /** Null where it is to be read now. */
  readonly digest: Buffer | null
}

export const keyOfRecord = ({ claimed, digest }: KeyDraft): PurgeKey[] =>
  digest === null
    ? []
    : [{ key: claimed.key, type: claimed.type, use: 'content', digest, bytes: null, claimed }]

/** A write whose checkpoint is gone from Redis and stands in Postgres is no orphan: the next migrate may want it. */
export function withoutNeeded(draft: Draft, standing: ReadonlySet<string>): void {
  const needed = draft.content.filter(
    ({ isOrphan, claimed: { checkpointId } }) =>
      isOrphan && standing.size > 0 && (checkpointId === '' || standing.has(checkpointId)),
  )
  draft.content = draft.content.filter((key) => !needed.includes(key))
  draft.kept += needed.length
  const orphans =
    draft.content.filter(({ isOrphan }) => isOrphan).length + (draft.record === null ? draft.index.length : 0)
  if (orphans > 0) draft.listed = [...draft.listed, { why: 'orphans', keys: orphans }]
}
