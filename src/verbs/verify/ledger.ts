/** Threads on record that Redis was not asked for, or no longer has: their rows against the digests that the ledger keeps. */
import type { RecordedThreads } from '../../pipeline/recorded-threads.js'
import { retried } from '../../pipeline/retried.js'
import { verifyRecorded } from '../../pipeline/verify/recorded.js'
import type { Postgres } from '../../target/connection/connect.js'
import { type CurrentThread, eachThread } from '../../target/ledger/read.js'
import type { Recover } from '../../target/rows/batch-sink.js'
import type { VerifyTally } from './tally.js'

const THREADS_AT_ONCE = 100

interface RecordedWork {
  readonly ledger: RecordedThreads
  readonly tally: VerifyTally
  readonly wants: (threadId: string) => boolean
  /** Redis was asked: what was not compared yet is no longer there. */
  readonly isGone: boolean
  readonly recover: Recover
}

/** Threads that were compared already are left alone, so that what fails can be begun again. */
export async function verifyLedger(
  request: {
    readonly postgres: Postgres
    readonly signal: AbortSignal
    readonly scope: { readonly limit: number | null }
  },
  work: RecordedWork,
): Promise<void> {
  await retried(work, () => pass(request, work))
}

async function pass(
  { postgres, signal, scope }: Parameters<typeof verifyLedger>[0],
  { ledger, tally, wants, isGone }: RecordedWork,
): Promise<void> {
  const compare = async (threads: CurrentThread[]) => {
    signal.throwIfAborted()
    await tally.comparedRecorded(
      await postgres.use((session) => verifyRecorded(session, ledger, threads, { isGone })),
    )
  }
  await postgres.use(async (session) => {
    let left = scope.limit === null ? Number.POSITIVE_INFINITY : scope.limit - tally.seen.size
    let chunk: CurrentThread[] = []
    for await (const thread of eachThread(session, ledger.scope)) {
      // Of a rejected thread nothing stands in Postgres, and nothing was written that could be compared.
      if (thread.completeness === 'rejected' && thread.rowDigests.size === 0) continue
      if (!wants(thread.threadId) || tally.seen.has(thread.threadId) || left <= 0) continue
      left--
      chunk.push(thread)
      if (chunk.length < THREADS_AT_ONCE) continue
      await compare(chunk)
      chunk = []
    }
    if (chunk.length > 0) await compare(chunk)
  })
}
