/** Compares rows with what the ledger recorded of them: for threads that Redis no longer has. */
import { type Doubtful, stateOf } from '../../convert/compare/outcome.js'
import { type Difference, type Explained, NOTHING_EXPLAINED } from '../../model/verify-report.js'
import type { SqlSession } from '../../target/connection/session.js'
import { addDigests, checkpointName } from '../../target/ledger/pack.js'
import { type CurrentThread, readRunThreads } from '../../target/ledger/read.js'
import {
  type RowsOfThread,
  readInsertedBlobs,
  readNamedBlobs,
  readRoots,
  readRowDigests,
} from '../../target/ledger/recorded-rows.js'
import type { RecordedThreads } from '../recorded-threads.js'
import type { ThreadVerdict } from './verdicts.js'

/**
 * What became of these threads. `isGone`: Redis was asked and has them no longer. Postgres computes every digest: nothing is fetched, however large the
 * threads are.
 */
export async function verifyRecorded(
  session: SqlSession,
  ledger: RecordedThreads,
  threads: readonly CurrentThread[],
  { isGone }: { readonly isGone: boolean },
): Promise<ThreadVerdict[]> {
  const { targetSchema } = ledger.scope
  const threadIds = threads.map(({ threadId }) => threadId)
  const rows = await readRowDigests(session, targetSchema, threadIds)
  const roots = await readRoots(session, targetSchema, threadIds)
  const verdicts: ThreadVerdict[] = []
  for (const recorded of await ledger.withRejects(session, threads)) {
    const { current, threadId } = recorded
    const stored = rows.get(threadId)!
    const outcome = checkpointsOf(current, stored, roots.get(threadId) ?? new Set())
    if (!(await areBlobsRight(session, ledger, { current, stored, outcome }))) {
      outcome.differences.push({
        kind: 'differs',
        part: 'blob',
        threadId,
        note: 'the rows of checkpoint_blobs are not those that were written',
      })
    }
    const { explained, differences } = outcome
    if (current.completeness !== 'whole') explained.leftOut++
    if (!isGone) explained.expired = 0
    const hasRows = stored.checkpoints.length > 0
    const compared = { checkpoints: stored.checkpoints.length, writes: 0, values: stored.blobs.length }
    const state = stateOf({ explained, hasRows }, differences)
    verdicts.push({ threadId, state, explained, differences, compared, hasRows, recorded })
  }
  return verdicts
}

interface Found {
  readonly explained: Explained
  readonly differences: Difference[]
  /** Checkpoints that no run wrote. */
  readonly others: number
}

function checkpointsOf(
  thread: CurrentThread,
  { checkpoints }: RowsOfThread,
  roots: ReadonlySet<string>,
): Found {
  const { threadId, rowDigests, newest } = thread
  const explained = { ...NOTHING_EXPLAINED }
  const differences: Difference[] = []
  const missing = new Set(rowDigests.keys())
  const changed: Doubtful[] = []
  for (const { checkpointNs, checkpointId, digest } of checkpoints) {
    const name = checkpointName(checkpointNs, checkpointId)
    const written = rowDigests.get(name)
    missing.delete(name)
    if (written === undefined) {
      if (checkpointId > (newest.get(checkpointNs) ?? newestOf(newest))) explained.ahead++
      else if (thread.hadRowsBefore) explained.history++
      else
        differences.push({
          kind: 'extra',
          part: 'checkpoint',
          threadId,
          checkpointNs,
          checkpointId,
          note: 'no run wrote it',
        })
    } else if (written !== digest) {
      const note = 'its rows are not as they were written'
      const difference = {
        kind: 'differs',
        part: 'rows',
        threadId,
        checkpointNs,
        checkpointId,
        note,
      } as const
      changed.push({ checkpointNs, checkpointId, differences: [difference] })
    } else {
      explained.expired++
    }
  }
  for (const { checkpointNs, checkpointId, differences: found } of changed) {
    // A prune clears the parent of the oldest that it leaves: what else the number stood for is not known without the parent's id.
    if (missing.size > 0 && roots.has(checkpointName(checkpointNs, checkpointId))) explained.expired++
    // The app adds writes to the newest checkpoint as soon as it goes on from there.
    else if (explained.ahead > 0 && newest.get(checkpointNs) === checkpointId) explained.ahead++
    else differences.push(...found)
  }
  explained.deleted = missing.size
  return { explained, differences, others: explained.ahead + explained.history }
}

const newestOf = (newest: ReadonlyMap<string, string>): string => [...newest.values()].sort().at(-1) ?? ''

async function areBlobsRight(
  session: SqlSession,
  ledger: RecordedThreads,
  of: { readonly current: CurrentThread; readonly stored: RowsOfThread; readonly outcome: Found },
): Promise<boolean> {
  const { current, stored, outcome } = of
  if (sumOf(stored.blobs) === current.blobDigest) return true
  // The official saver's prune deletes blobs with their checkpoints: which of them were ours is no longer known.
  if (outcome.explained.deleted > 0) return true
  return (await areOurBlobsRight(session, ledger, of)) || (await areRewrittenBlobsRight(session, ledger, of))
}

const sumOf = (blobs: RowsOfThread['blobs']): bigint =>
  blobs.reduce((sum, { digest }) => addDigests(sum, digest), 0n)

const nameOf = (blob: { checkpointNs: string; channel: string; version: string }): string =>
  [blob.checkpointNs, blob.channel, blob.version].join('\0')

/** Without those that others wrote. */
async function areOurBlobsRight(
  session: SqlSession,
  ledger: RecordedThreads,
  {
    current,
    stored,
    outcome,
  }: { readonly current: CurrentThread; readonly stored: RowsOfThread; readonly outcome: Found },
): Promise<boolean> {
  if (current.hadRowsBefore) {
    const inserted = await readInsertedBlobs(session, ledger.scope, current)
    const ours = new Set(inserted.map(nameOf))
    return sumOf(stored.blobs.filter((blob) => ours.has(nameOf(blob)))) === current.blobDigest
  }
  if (outcome.others === 0) return false
  // What only the app's own checkpoints name is the app's.
  const named = await readNamedBlobs(session, ledger.scope.targetSchema, current.threadId)
  const isOurs = ({ checkpointNs, checkpointId }: (typeof named)[number]) =>
    current.rowDigests.has(checkpointName(checkpointNs, checkpointId))
  const ours = new Set(named.filter(isOurs).map(nameOf))
  const others = new Set(named.filter((blob) => !isOurs(blob)).map(nameOf))
  const wanted = stored.blobs.filter((blob) => ours.has(nameOf(blob)) || !others.has(nameOf(blob)))
  return sumOf(wanted) === current.blobDigest
}

/** A blob that was lost in Postgres and written again by a later run is in the sums of both. */
async function areRewrittenBlobsRight(
  session: SqlSession,
  { scope }: RecordedThreads,
  { current, stored }: { readonly current: CurrentThread; readonly stored: RowsOfThread },
): Promise<boolean> {
  const { threadId, runIds } = current
  if (runIds.length < 2) return false
  const names = (await readInsertedBlobs(session, scope, current)).map(nameOf)
  const which = { threadIds: [threadId], runId: runIds[0]! }
  const [first] = await readRunThreads(session, scope.ledgerSchema, which)
  if (first?.hadRowsBefore === false) {
    // What the first run wrote is not listed row by row: it is what its checkpoints name.
    const named = await readNamedBlobs(session, scope.targetSchema, threadId)
    const its = named.filter((blob) =>
      first.rowDigests.has(checkpointName(blob.checkpointNs, blob.checkpointId)),
    )
    names.push(...new Set(its.map(nameOf)))
  }
  const times = new Map<string, bigint>()
  for (const name of names) times.set(name, (times.get(name) ?? 0n) + 1n)
  const sum = stored.blobs.reduce(
    (total, blob) => addDigests(total, blob.digest * (times.get(nameOf(blob)) ?? 0n)),
    0n,
  )
  return sum === current.blobDigest
}
