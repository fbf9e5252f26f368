/** The ledger's part in every transaction of a run: the fence, whose rows are whose, and the rows that tell of the batch. */
import type { Finding } from '../../model/finding.js'
import type { TableName } from '../../model/rows.js'
import type { ThreadFacts } from '../../model/run.js'
import type { SqlSession } from '../connection/session.js'
import {
  isKnown,
  type LeftOut,
  type Merged,
  type Ownership,
  type RowKey,
  type ThreadCommit,
  type ThreadState,
  type Written,
} from '../rows/commit.js'
import { digestsIn, digestsOf } from '../rows/merge-compare.js'
import { BLOB_DIGESTS } from '../rows/row-digests.js'
import { recordFindings } from './findings.js'
import { recordedOwnership } from './ownership.js'
import { addDigests, checkpointName, type RowDigests } from './pack.js'
import { type LedgerScope, otherSources } from './read.js'
import { keepReplaced, recordInserted } from './replaced.js'
import { isOldNews, keysToRecord, recordThreads, type ThreadRow } from './rows.js'

export class RunLedger {
  /** Rows of `threads` that this process has added: at the end of a run they must all be there. */
  threadsAdded = 0

  constructor(
    readonly scope: LedgerScope,
    readonly runId: number,
    /** First statement of a transaction: fails when another run has taken over. Gives the transaction's id. */
    readonly fence: (session: SqlSession) => Promise<string>,
    /** The run was interrupted and goes on: it may meet threads of which it has told already. */
    private readonly resumed: boolean,
    /** Milliseconds since 1970. */
    private readonly now: () => number,
  ) {}

  /** What the ledger knew about these threads before the batch. */
  ownership(threads: readonly ThreadCommit[]): Ownership {
    return {
      ...recordedOwnership(threads),
      otherSources: (session, threadIds) => otherSources(session, this.scope, threadIds),
      keepReplaced: (session, rows) => {
        // Of threads that began with this run there is nothing older to restore.
        const ownThreads = new Set(
          threads
            .filter(({ state }) => state.sameRun?.hadRowsBefore === false)
            .map(({ facts }) => facts.threadId),
        )
        return keepReplaced(
          session,
          this.where,
          rows.filter(({ key }) => !ownThreads.has(key[0]!)),
        )
      },
    }
  }

  /** Last statements of a batch's transaction. Gives the number of thread rows that are new, to be added when it has committed. */
  async record(session: SqlSession, written: Written): Promise<number> {
    const rows = await this.rowsOf(session, written)
    const inserted = written.merged?.inserted ?? []
    const listed = new Set(rows.filter(isListed).map(({ facts }) => facts.threadId))
    await recordInserted(
      session,
      this.where,
      inserted.filter(({ key }) => listed.has(key[0]!)),
    )
    const findings = [
      ...written.threads.flatMap(({ facts }) => facts.findings),
      ...(written.merged === undefined ? [] : findingsOf(written.merged)),
    ]
    await this.recordFindings(
      session,
      written.threads.map(({ facts }) => facts.threadId),
      findings,
    )
    // Of a thread that was left alone there is news only where it had been whole.
    const strangers = new Set((written.merged?.leftAlone ?? []).map(({ threadId }) => threadId))
    return recordThreads(
      session,
      this.run,
      rows.filter(
        (row) => !isOldNews(row) && (row.state.recorded !== undefined || !strangers.has(row.facts.threadId)),
      ),
    )
  }

  /** Threads of which nothing is migrated, in a transaction of their own that the caller has begun. */
  async recordLeftOut(session: SqlSession, threads: readonly LeftOut[]): Promise<number> {
    const run = { id: this.runId, anew: threads.map(({ facts }) => facts.threadId) }
    const findings = threads.flatMap(({ facts }) => facts.findings)
    await recordFindings(session, this.scope.ledgerSchema, run, findings)
    const rejected = threads
      .filter(({ facts: { completeness, threadId } }) => completeness === 'rejected' && isIndexable(threadId))
      .map(({ facts, state }): ThreadRow => {
        // What earlier runs have moved is still there.
        const completeness = (state.recorded?.checkpoints ?? 0) > 0 ? 'partial' : 'rejected'
        return { ...emptyRow(facts, state), completeness, keys: [] }
      })
    return recordThreads(
      session,
      this.run,
      rejected.filter((row) => !isOldNews(row)),
    )
  }

  private get where() {
    const { ledgerSchema, targetSchema: schema } = this.scope
    return { runId: this.runId, schema, ledgerSchema }
  }

  private get run() {
    return { id: this.runId, ...this.scope, nowMs: this.now() }
  }

  private recordFindings(session: SqlSession, threadIds: readonly string[], findings: readonly Finding[]) {
    const run = { id: this.runId, anew: this.resumed ? threadIds : [] }
    return recordFindings(session, this.scope.ledgerSchema, run, findings)
  }

  private async rowsOf(session: SqlSession, { threads, merged }: Written): Promise<ThreadRow[]> {
    const fresh = threads.filter((thread) => merged === undefined || !isKnown(thread))
    const { targetSchema } = this.scope
    const digests = new DigestsByThread()
    for (const { key, digest } of await digestsIn(
      session,
      targetSchema,
      fresh.map(({ facts }) => facts.threadId),
    )) {
      digests.add(key, digest)
    }
    if (merged === undefined) {
      return fresh.map((thread) => this.freshRow(thread, digests.of(thread.facts.threadId)))
    }
    const freshIds = new Set(fresh.map(({ facts }) => facts.threadId))
    const owned = merged.owned.filter(({ key }) => !freshIds.has(key[0]!))
    for (const { key, digest } of await digestsOf(session, targetSchema, owned)) digests.add(key, digest)
    const blobs = await blobDigestsOf(session, targetSchema, merged.inserted)
    const counts = countsOf(merged)
    const left = new Set(merged.leftAlone.map(({ threadId }) => threadId))
    return threads.map((thread) => {
      const { facts, state } = thread
      const count = counts.get(facts.threadId)
      const rowDigests = digests.of(facts.threadId)
      if (left.has(facts.threadId))
        return { ...emptyRow(facts, state), completeness: 'partial' as const, keys: [] }
      if (freshIds.has(facts.threadId)) return this.freshRow(thread, rowDigests)
      return {
        ...emptyRow(facts, state),
        completeness: count !== undefined && count.conflicts > 0 ? 'partial' : facts.completeness,
        checkpoints: count?.checkpoints ?? 0,
        blobs: count?.checkpoint_blobs ?? 0,
        writes: count?.checkpoint_writes ?? 0,
        rewritten: count?.rewritten ?? 0,
        targetBytes: count === undefined ? 0 : facts.targetBytes,
        rowDigests,
        blobDigest: blobs.get(facts.threadId) ?? 0n,
      }
    })
  }

  private freshRow({ facts, state, span }: ThreadCommit, rowDigests: RowDigests): ThreadRow {
    const { checkpoints, writes, blobs } = facts
    return {
      ...emptyRow(facts, state),
      checkpoints,
      blobs,
      writes,
      targetBytes: facts.targetBytes,
      rowDigests,
      blobDigest: span.blobDigest,
    }
  }
}

/** What a b-tree of the ledger can hold of a text, with room for the other column. Postgres would not take such a thread either. */
const MAX_INDEXED_BYTES = 2500

const isIndexable = (threadId: string): boolean =>
  !threadId.includes('\0') && Buffer.byteLength(threadId) <= MAX_INDEXED_BYTES

const emptyRow = (facts: ThreadFacts, state: ThreadState): ThreadRow => ({
  facts,
  state,
  completeness: facts.completeness,
  hadRowsBefore: isKnown({ state }),
  checkpoints: 0,
  blobs: 0,
  writes: 0,
  rewritten: 0,
  targetBytes: 0,
  keys: keysToRecord(facts, state),
  rowDigests: new Map(),
  blobDigest: 0n,
})

/** Its inserted rows are named one by one, because not all rows of the thread are this run's. */
const isListed = ({ state, hadRowsBefore }: ThreadRow): boolean =>
  state.sameRun === undefined ? hadRowsBefore : state.sameRun.hadRowsBefore

class DigestsByThread {
  private readonly byThread = new Map<string, Map<string, string>>()

  add([threadId, ns, id]: readonly [string, string, string], digest: string): void {
    const digests = this.byThread.get(threadId) ?? new Map<string, string>()
    this.byThread.set(threadId, digests.set(checkpointName(ns, id), digest))
  }

  of(threadId: string): RowDigests {
    return this.byThread.get(threadId) ?? new Map()
  }
}

type Counts = Record<TableName, number> & { rewritten: number; conflicts: number }

function countsOf({ inserted, updated, conflicts }: Merged): Map<string, Counts> {
  const counts = new Map<string, Counts>()
  const of = ({ key }: RowKey): Counts => {
    const threadId = key[0]!
    const found = counts.get(threadId) ?? {
      checkpoints: 0,
      checkpoint_blobs: 0,
      checkpoint_writes: 0,
      rewritten: 0,
      conflicts: 0,
    }
    counts.set(threadId, found)
    return found
  }
  for (const row of inserted) of(row)[row.table]++
  for (const row of updated) of(row).rewritten++
  for (const row of conflicts) of(row).conflicts++
  return counts
}

async function blobDigestsOf(
  session: SqlSession,
  schema: string,
  inserted: readonly RowKey[],
): Promise<Map<string, bigint>> {
  const blobs = inserted.filter(({ table }) => table === 'checkpoint_blobs')
  const sums = new Map<string, bigint>()
  if (blobs.length === 0) return sums
  const columns = [0, 1, 2, 3].map((at) => blobs.map(({ key }) => key[at]!))
  const { rows } = await session.query<{ thread_id: string; digest: bigint }>(
    BLOB_DIGESTS(schema, 'of'),
    columns,
  )
  for (const { thread_id, digest } of rows) sums.set(thread_id, addDigests(sums.get(thread_id) ?? 0n, digest))
  return sums
}

/** What a merge found out about threads and rows. */
export function findingsOf({ conflicts, deleted, leftAlone, sharedIds }: Merged): Finding[] {
  return [
    ...conflicts.map(({ table, key }): Finding => {
      const [threadId, checkpointNs, third, fourth] = key as [string, string, string, string?]
      return table === 'checkpoint_blobs'
        ? { reason: 'row-differs', threadId, checkpointNs, detail: `channel ${third}, version ${fourth}` }
        : { reason: 'row-differs', threadId, checkpointNs, checkpointId: third, detail: `row of ${table}` }
    }),
    ...deleted.map(({ key }): Finding => {
      const [threadId, checkpointNs, checkpointId] = key as [string, string, string]
      return { reason: 'deleted', threadId, checkpointNs, checkpointId }
    }),
    ...leftAlone.map((left): Finding => left),
    ...sharedIds.map(
      ({ threadId, otherSource }): Finding => ({
        reason: 'thread-id-shared',
        threadId,
        detail: `with that of ${otherSource}`,
      }),
    ),
  ]
}
