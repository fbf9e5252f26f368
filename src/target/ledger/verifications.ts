/** Verifications in the ledger: begun, what they found of each thread, ended. Each write passes the fence. */

import { inTransaction, qualified, type SqlSession } from '../connection/session.js'
import type { Lease } from './lease.js'
import type { LedgerScope } from './read.js'

/** What a verification says of one thread, as its newest run left it. */
export interface RecordedVerdict {
  readonly threadId: string
  readonly runId: number
  readonly progress: 'verified' | 'differs'
}

/** Gives its number. */
export async function startVerification(
  session: SqlSession,
  lease: Lease,
  scope: LedgerScope,
  options: Readonly<Record<string, unknown>>,
): Promise<number> {
  return inTransaction(session, async () => {
    await lease.fence(session)
    const { rows } = await session.query<{ id: number }>(
      `INSERT INTO ${qualified(scope.ledgerSchema, 'verifications')} (token, source_name, target_schema, options)
       VALUES ($1::bigint, $2, $3, $4::jsonb) RETURNING id`,
      [lease.token, scope.sourceName, scope.targetSchema, JSON.stringify(options)],
    )
    return rows[0]!.id
  })
}

/**
 * Trusted only once the verification has ended. A thread that a later run or a purge has taken up meanwhile keeps what they say of it.
 */
export async function recordVerdicts(
  session: SqlSession,
  lease: Lease,
  verification: { readonly id: number; readonly scope: LedgerScope },
  verdicts: readonly RecordedVerdict[],
): Promise<void> {
  if (verdicts.length === 0) return
  const { id, scope } = verification
  await inTransaction(session, async () => {
    await lease.fence(session)
    await session.query('SET LOCAL synchronous_commit = off')
    await session.query(
      `UPDATE ${qualified(scope.ledgerSchema, 'threads')} t
       SET progress = v.progress, verification_id = $1,
         verified_at = CASE v.progress WHEN 'verified' THEN clock_timestamp() END
       FROM unnest($2::int[], $3::text[], $4::text[]) AS v(run_id, thread_id, progress)
       WHERE t.run_id = v.run_id AND t.thread_id = v.thread_id AND t.progress IN ('migrated', 'differs', 'verified')
         AND t.source_name = $5 AND t.target_schema = $6`,
      [
        id,
        verdicts.map(({ runId }) => runId),
        verdicts.map(({ threadId }) => threadId),
        verdicts.map(({ progress }) => progress),
        scope.sourceName,
        scope.targetSchema,
      ],
    )
  })
}

/** Its last word, on disk before this returns, and with it every verdict before it. */
export async function endVerification(
  session: SqlSession,
  lease: Lease,
  verification: { readonly id: number; readonly scope: LedgerScope },
  counts: Readonly<Record<string, number>>,
): Promise<void> {
  const { id, scope } = verification
  await inTransaction(session, async () => {
    await lease.fence(session)
    await session.query('SET LOCAL synchronous_commit = on')
    await session.query(
      `UPDATE ${qualified(scope.ledgerSchema, 'verifications')}
       SET finished_at = clock_timestamp(), counts = $2::jsonb WHERE id = $1`,
      [id, JSON.stringify(counts)],
    )
  })
}
