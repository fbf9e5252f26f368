/** Of which threads rows that a run has written are no longer in Postgres, in words. */
import { RecordedThreads } from '../../pipeline/recorded-threads.js'
import { verifyRecorded } from '../../pipeline/verify/recorded.js'
import type { SqlSession } from '../../target/connection/session.js'
import { missingRows } from '../../target/ledger/purge-ledger.js'
import type { CurrentThread, LedgerScope } from '../../target/ledger/read.js'

/**
 * Rows are counted. Those that were lost and written again are in the counts of both runs: where rows seem to be missing of a thread
 * of several runs, what stands is compared with the digests on record. Where the application has gone on, that cannot tell.
 */
export async function threadsWithMissingRows(
  session: SqlSession,
  scope: LedgerScope,
  threads: readonly CurrentThread[],
): Promise<Map<string, string>> {
  const missing = await missingRows(session, scope.targetSchema, threads)
  const doubtful = threads.filter(({ threadId, runIds }) => missing.has(threadId) && runIds.length > 1)
  if (doubtful.length === 0) return missing
  const ledger = new RecordedThreads(scope, (work) => work(session))
  for (const verdict of await verifyRecorded(session, ledger, doubtful, { isGone: true })) {
    const { deleted, ahead } = verdict.explained
    if (deleted === 0 && ahead === 0 && verdict.differences.length === 0) missing.delete(verdict.threadId)
  }
  return missing
}
