/** Threads of the tables page by page, with what decides whether they are cut: how many checkpoints, how old, whether with deltas. */
import { qualified, type SqlSession } from '../connection/session.js'

export interface PrunableThread {
  readonly threadId: string
  readonly checkpoints: number
  /** The greatest id of all namespaces. */
  readonly newestId: string
  /** The latest `checkpoint.ts` of all, as text. */
  readonly ts: string | null
  /** Its values are rebuilt from older checkpoints. */
  readonly hasDeltas: boolean
}

export interface PageRequest {
  readonly schema: string
  /** These threads; without, those after `after` in the order of the index. */
  readonly threadIds?: readonly string[]
  readonly after?: string | null
  readonly size: number
  /** Reads every checkpoint's time: only where the age decides. */
  readonly withTimes: boolean
}

export async function pageOfPrunable(session: SqlSession, request: PageRequest): Promise<PrunableThread[]> {
  const { schema, threadIds, after = null, size, withTimes } = request
  const table = qualified(schema, 'checkpoints')
  const [which, parameter] =
    threadIds === undefined
      ? ['$1::text IS NULL OR thread_id > $1', after]
      : ['thread_id = ANY($1::text[])', threadIds]
  const { rows } = await session.query<{
    thread_id: string
    checkpoints: bigint
    newest: string
    ts: string | null
  }>(
    `SELECT thread_id, count(*) AS checkpoints, max(checkpoint_id COLLATE "C") AS newest,
       ${withTimes ? `max((checkpoint ->> 'ts') COLLATE "C")` : 'NULL'} AS ts
     FROM ${table} WHERE ${which} GROUP BY thread_id ORDER BY thread_id LIMIT ${size}`,
    [parameter],
  )
  const deltas = await deltaThreads(
    session,
    schema,
    rows.map(({ thread_id }) => thread_id),
  )
  return rows.map(({ thread_id, checkpoints, newest, ts }) => ({
    threadId: thread_id,
    checkpoints: Number(checkpoints),
    newestId: newest,
    ts,
    hasDeltas: deltas.has(thread_id),
  }))
}

/** The marks by which the official `prune` (langgraph-checkpoint-postgres 3.2.0) knows them. */
async function deltaThreads(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (threadIds.length === 0) return new Set()
  const [checkpoints, blobs] = [qualified(schema, 'checkpoints'), qualified(schema, 'checkpoint_blobs')]
  const { rows } = await session.query<{ thread_id: string }>(
    // The marks first, as a table: joined as they are found, every value of a long thread is held against every checkpoint.
    `WITH marked AS MATERIALIZED (
       SELECT c.thread_id, c.checkpoint_ns, v.key AS channel, c.checkpoint -> 'channel_versions' ->> v.key AS version
       FROM ${checkpoints} c,
         jsonb_each(CASE jsonb_typeof(c.checkpoint -> 'channel_values') WHEN 'object' THEN c.checkpoint -> 'channel_values' ELSE '{}' END) v
       WHERE c.thread_id = ANY($1::text[]) AND v.value = 'true')
     SELECT thread_id FROM ${checkpoints} WHERE thread_id = ANY($1::text[])
       AND (metadata ? 'counters_since_delta_snapshot' OR metadata ? 'delta_writes_versioned')
     UNION
     SELECT thread_id FROM marked JOIN ${blobs} USING (thread_id, checkpoint_ns, channel, version)`,
    [threadIds],
  )
  return new Set(rows.map(({ thread_id }) => thread_id))
}
