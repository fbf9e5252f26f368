/** Which threads of a batch live on in the target: somebody else wrote there what the source knows nothing of. */

import { qualified, type SqlSession } from '../connection/session.js'
import type { LeftAlone, MergePolicy, Ownership, RowKey, ThreadCommit } from './commit.js'
import { digestsOf } from './merge-compare.js'
import { rowKey, textOf } from './row-keys.js'
import { staged } from './staging.js'

export interface DivergedRequest {
  readonly schema: string
  readonly threads: readonly ThreadCommit[]
  readonly policy: MergePolicy
  readonly ownership: Ownership
}

/**
 * A thread lives on when the target holds, in any namespace, a checkpoint not ours that is newer than the source's newest or descends
 * from one both have, or a pending write not ours on the newest checkpoint both have. Older rows of somebody else are history.
 */
export async function threadsLeftAlone(session: SqlSession, request: DivergedRequest): Promise<LeftAlone[]> {
  const { policy } = request
  if (policy.onExisting === 'merge' || policy.onExisting === 'replace') return []
  const found = new Map<string, LeftAlone>()
  const note = (row: RowKey, reason: LeftAlone['reason']) => {
    const [threadId, checkpointNs, checkpointId] = row.key as [string, string, string]
    if (!found.has(threadId)) found.set(threadId, { threadId, checkpointNs, checkpointId, reason })
  }
  const foreign = await foreignCheckpoints(session, request)
  for (const row of await livingOn(session, request, foreign)) note(row, 'diverged')
  for (const row of await foreignWrites(session, request)) note(row, 'diverged')
  if (policy.onExisting === 'skip') {
    for (const row of foreign) note(row, 'existing-skipped')
    for (const row of await commonNotOurs(session, request)) note(row, 'existing-skipped')
  }
  return [...found.values()]
}

interface ForeignCheckpoint extends RowKey {
  readonly parent: string | null
}

/** Checkpoints of these threads that the source does not have and that no run of ours wrote. */
async function foreignCheckpoints(
  session: SqlSession,
  { schema, ownership }: DivergedRequest,
): Promise<ForeignCheckpoint[]> {
  const { rows } = await session.query<Record<string, unknown> & { parent: string | null }>(
    `SELECT x.thread_id, x.checkpoint_ns, x.checkpoint_id, x.parent_checkpoint_id AS parent
     FROM ${qualified(schema, 'checkpoints')} x
     WHERE x.thread_id IN (SELECT thread_id FROM ${staged('checkpoints')}) AND NOT EXISTS (
       SELECT FROM ${staged('checkpoints')} t
       WHERE t.thread_id = x.thread_id AND t.checkpoint_ns = x.checkpoint_ns AND t.checkpoint_id = x.checkpoint_id)`,
  )
  return rows
    .map((row) => ({ ...rowKey('checkpoints', row), parent: row.parent }))
    .filter(({ key }) => !ownership.wrote(key[0]!, key[1]!, key[2]!))
}

/** Of the foreign checkpoints those that are newer than the source's newest, or descend from one that both sides have. */
async function livingOn(
  session: SqlSession,
  { threads, ownership }: DivergedRequest,
  foreign: readonly ForeignCheckpoint[],
): Promise<RowKey[]> {
  if (foreign.length === 0) return []
  const heads = new Map(threads.map(({ facts }) => [facts.threadId, facts.heads]))
  const isNewer = ({ key: [threadId, ns, id] }: RowKey): boolean => {
    const ofThread = heads.get(threadId!) ?? new Map<string, string>()
    // A namespace that the source does not have is measured by the thread's newest.
    const head = ofThread.get(ns!) ?? [...ofThread.values()].reduce((a, b) => (a > b ? a : b), '')
    return id! > head
  }
  const shared = await stagedParents(session, foreign)
  const byKey = new Map(foreign.map((row) => [textOf(row), row]))
  const descends = (row: ForeignCheckpoint): boolean => {
    const visited = new Set<string>()
    for (let at: ForeignCheckpoint | undefined = row; at?.parent; ) {
      const [threadId, ns] = at.key as [string, string]
      const parent: string = [threadId, ns, at.parent].join('\0')
      if (visited.has(parent)) return false
      visited.add(parent)
      if (shared.has(parent) || ownership.wrote(threadId, ns, at.parent)) return true
      at = byKey.get(parent)
    }
    return false
  }
  return foreign.filter((row) => isNewer(row) || descends(row))
}

async function stagedParents(
  session: SqlSession,
  foreign: readonly ForeignCheckpoint[],
): Promise<Set<string>> {
  const children = foreign.filter(({ parent }) => parent !== null)
  const { rows } = await session.query<Record<string, unknown>>(
    `SELECT DISTINCT t.thread_id, t.checkpoint_ns, t.checkpoint_id
     FROM ${staged('checkpoints')} t
     JOIN unnest($1::text[], $2::text[], $3::text[]) AS k(thread_id, checkpoint_ns, checkpoint_id)
       USING (thread_id, checkpoint_ns, checkpoint_id)`,
    [
      children.map(({ key }) => key[0]),
      children.map(({ key }) => key[1]),
      children.map(({ parent }) => parent),
    ],
  )
  return new Set(rows.map((row) => textOf(rowKey('checkpoints', row))))
}

/** Newest checkpoints that both sides have, with a write that the source does not have; ours where all stands as we wrote it. */
async function foreignWrites(session: SqlSession, { schema, ownership }: DivergedRequest): Promise<RowKey[]> {
  const { rows } = await session.query<Record<string, unknown>>(
    `WITH common AS (
       SELECT DISTINCT ON (t.thread_id, t.checkpoint_ns) t.thread_id, t.checkpoint_ns, t.checkpoint_id
       FROM ${staged('checkpoints')} t
       JOIN ${qualified(schema, 'checkpoints')} x USING (thread_id, checkpoint_ns, checkpoint_id)
       ORDER BY t.thread_id, t.checkpoint_ns, t.checkpoint_id COLLATE "C" DESC)
     SELECT DISTINCT c.thread_id, c.checkpoint_ns, c.checkpoint_id
     FROM common c JOIN ${qualified(schema, 'checkpoint_writes')} w USING (thread_id, checkpoint_ns, checkpoint_id)
     WHERE NOT EXISTS (
       SELECT FROM ${staged('checkpoint_writes')} t
       WHERE t.thread_id = w.thread_id AND t.checkpoint_ns = w.checkpoint_ns AND t.checkpoint_id = w.checkpoint_id
         AND t.task_id = w.task_id AND t.idx = w.idx)`,
  )
  const candidates = rows.map((row) => rowKey('checkpoints', row))
  return (await digestsOf(session, schema, candidates))
    .filter(({ key, digest }) => !ownership.isOurs(...key, digest))
    .map(({ key }) => ({ table: 'checkpoints', key }))
}

/** Checkpoints on both sides that no run of ours wrote. */
async function commonNotOurs(session: SqlSession, { schema, ownership }: DivergedRequest): Promise<RowKey[]> {
  const { rows } = await session.query<Record<string, unknown>>(
    `SELECT t.thread_id, t.checkpoint_ns, t.checkpoint_id FROM ${staged('checkpoints')} t
     JOIN ${qualified(schema, 'checkpoints')} x USING (thread_id, checkpoint_ns, checkpoint_id)`,
  )
  return rows
    .map((row) => rowKey('checkpoints', row))
    .filter(({ key }) => !ownership.wrote(key[0]!, key[1]!, key[2]!))
}
