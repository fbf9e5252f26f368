/** Checkpoints that runs could not migrate, from the ledger's findings. */

import { qualified, type SqlSession } from '../connection/session.js'
import type { LedgerScope } from '../ledger/read.js'

export interface RejectedCheckpoint {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
}

/** Of these threads; also a checkpoint that is there, but of which a write was rejected. */
export async function readRejected(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  threadIds: readonly string[],
): Promise<RejectedCheckpoint[]> {
  const { rows } = await session.query<RejectedCheckpoint>(
    `SELECT DISTINCT f.thread_id AS "threadId", f.checkpoint_ns AS "checkpointNs", f.checkpoint_id AS "checkpointId"
     FROM ${qualified(ledgerSchema, 'findings')} f
     WHERE f.run_id IN (SELECT id FROM ${qualified(ledgerSchema, 'runs')} WHERE source_name = $2 AND target_schema = $3)
       AND hashtextextended(f.thread_id, 0) = ANY (ARRAY(SELECT hashtextextended(k, 0) FROM unnest($1::text[]) k))
       AND f.thread_id = ANY ($1::text[]) AND f.kind = 'rejected'
       AND f.checkpoint_ns IS NOT NULL AND f.checkpoint_id IS NOT NULL`,
    [threadIds, sourceName, targetSchema],
  )
  return rows
}
