/** What a batch brings to its transaction, and what the transaction made of it. */
import type { TableName } from '../../model/rows.js'
import type { ThreadFacts } from '../../model/run.js'
import type { SqlSession } from '../connection/session.js'
import type { CurrentThread, RunThread } from '../ledger/read.js'
import type { ThreadSpan } from './batch.js'

/** What was known of a thread before its values were read. */
export interface ThreadState {
  /** It has rows in the target, whoever wrote them. */
  readonly hasRows: boolean
  /** At least as many rows as the ledger lists for it are there. */
  readonly stands: boolean
  /** Its rows in the target, whoever wrote them; only of threads that the ledger knows. */
  readonly rows?: Readonly<Record<'checkpoints' | 'blobs' | 'writes', number>>
  /** What the ledger knows of it. */
  readonly recorded?: CurrentThread
  /** What this very run has done to it before it was interrupted. */
  readonly sameRun?: RunThread
}
export const UNKNOWN_STATE: ThreadState = { hasRows: false, stands: true }

/** One thread of a batch. */
export interface ThreadCommit {
  readonly span: ThreadSpan
  readonly facts: ThreadFacts
  readonly state: ThreadState
}

/** A thread of which nothing is written. */
export type LeftOut = Omit<ThreadCommit, 'span'>

/** Rows of it may be there: it goes through the temporary tables. */
export const isKnown = ({ state }: Pick<ThreadCommit, 'state'>): boolean =>
  state.hasRows || state.recorded !== undefined

/** A row by its primary key. */
export interface RowKey {
  readonly table: TableName
  /** Values of the primary key, in the order of `TABLES`. */
  readonly key: readonly string[]
}

/** A thread that was not touched: it lives on in the target, or `--on-existing skip` says so. */
export interface LeftAlone {
  readonly threadId: string
  readonly reason: 'diverged' | 'existing-skipped'
  readonly checkpointNs: string
  readonly checkpointId: string
}

/** A thread whose id stands in the target for another source's, too, and nothing links the one with the other. */
export interface SharedId {
  readonly threadId: string
  readonly otherSource: string
}

export interface Merged {
  readonly inserted: readonly RowKey[]
  /** Rows that were rewritten; the ledger has them as they were. */
  readonly updated: readonly RowKey[]
  /** Rows that are there and differ, and are not ours to change. */
  readonly conflicts: readonly RowKey[]
  /** Checkpoints of ours that are gone from the target: deleted on purpose, not brought back. */
  readonly deleted: readonly RowKey[]
  readonly leftAlone: readonly LeftAlone[]
  readonly sharedIds: readonly SharedId[]
  /** Checkpoints that now stand as we wrote them, with all their writes. */
  readonly owned: readonly RowKey[]
  /** Rows that stand there already as they would be written. */
  readonly unchanged: number
}

/** What the ledger knows about the rows of a batch. */
export interface Ownership {
  /** True when the ledger shows this checkpoint (its row and its writes) as ours with exactly this digest. */
  isOurs(threadId: string, checkpointNs: string, checkpointId: string, digest: string): boolean
  /** True when a run of ours wrote this checkpoint, whatever stands there now. */
  wrote(threadId: string, checkpointNs: string, checkpointId: string): boolean
  /** Which of these threads runs over other sources have brought into the same tables, by name of the thread; what is undone does not count. */
  otherSources(session: SqlSession, threadIds: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Keeps the old rows, so that a rollback can restore them. Called before they change, in the same transaction. */
  keepReplaced(session: SqlSession, rows: readonly RowKey[]): Promise<void>
}

/** What a transaction has done, told to the ledger before it ends. */
export interface Written {
  readonly threads: readonly ThreadCommit[]
  /** Absent where all rows went in directly. */
  readonly merged?: Merged
}

export interface Committed {
  /** Absent where the batch went in by direct COPY. */
  readonly merged?: Merged
  /** Threads that Postgres refused, with the SQLSTATE; nothing of them was written. */
  readonly refused: readonly { readonly threadId: string; readonly sqlstate: string }[]
  /** Of a thread that was staged: milliseconds for which an application that writes the same rows would have waited. */
  readonly heldMs?: number
}

/** Two parts of one batch. */
export function joined(first: Committed, second: Committed): Committed {
  const refused = [...first.refused, ...second.refused]
  if (first.merged === undefined || second.merged === undefined) {
    const merged = first.merged ?? second.merged
    return { refused, ...(merged && { merged }) }
  }
  const [a, b] = [first.merged, second.merged]
  const merged: Merged = {
    inserted: [...a.inserted, ...b.inserted],
    updated: [...a.updated, ...b.updated],
    conflicts: [...a.conflicts, ...b.conflicts],
    deleted: [...a.deleted, ...b.deleted],
    leftAlone: [...a.leftAlone, ...b.leftAlone],
    sharedIds: [...a.sharedIds, ...b.sharedIds],
    owned: [...a.owned, ...b.owned],
    unchanged: a.unchanged + b.unchanged,
  }
  return { refused, merged }
}

/** What to do with threads that have rows in the target which no run of ours wrote. */
export type OnExisting = 'auto' | 'merge' | 'skip' | 'replace'

export interface MergePolicy {
  /** `auto`: merge, but leave alone a thread that lives on in the target. */
  readonly onExisting: OnExisting
  /** Bring back checkpoints that were deleted in the target. */
  readonly restoreDeleted: boolean
}
export const USUAL_POLICY: MergePolicy = { onExisting: 'auto', restoreDeleted: false }
