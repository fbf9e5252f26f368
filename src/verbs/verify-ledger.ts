/** Threads on record that Redis was not asked for, or no longer has: their rows against the digests that the ledger keeps. */
import type { RecordedThreads } from '../pipeline/recorded-threads.js'
import { verifyRecorded } from '../pipeline/verify-recorded.js'
import type { Postgres } from '../target/connect.js'
import { type CurrentThread, eachThread } from '../target/ledger-read.js'
import type { VerifyTally } from './verify-tally.js'

const THREADS_AT_ONCE = 100

export async function verifyLedger(
  request: {
    readonly postgres: Postgres
    readonly signal: AbortSignal
    readonly scope: { readonly limit: number | null }
  },
  {
    ledger,
    tally,
    wants,
    isGone,
  }: {
    readonly ledger: RecordedThreads
    readonly tally: VerifyTally
    readonly wants: (threadId: string) => boolean
    /** Threads that were compared already are left alone; the others are no longer in Redis. */
    readonly isGone: boolean
  },
): Promise<void> {
  const { postgres, signal, scope } = request
  let left = scope.limit ?? Number.POSITIVE_INFINITY
  const compare = async (threads: CurrentThread[]) => {
    signal.throwIfAborted()
    const verdicts = await postgres.use((session) => verifyRecorded(session, ledger, threads, { isGone }))
    await tally.comparedRecorded(verdicts)
  }
  await postgres.use(async (session) => {
    let chunk: CurrentThread[] = []
    for await (const thread of eachThread(session, ledger.scope)) {
      // Of a rejected thread nothing stands in Postgres, and nothing was written that could be compared.
      if (thread.completeness === 'rejected' && thread.rowDigests.size === 0) continue
      if (!wants(thread.threadId) || tally.seen.has(thread.threadId) || left === 0) continue
      left--
      chunk.push(thread)
      if (chunk.length < THREADS_AT_ONCE) continue
      await compare(chunk)
      chunk = []
    }
    if (chunk.length > 0) await compare(chunk)
  })
}
