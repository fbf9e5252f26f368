/** The newest checkpoints of each namespace, with what decides which of the others stay beside them. */
import { qualified, type SqlSession } from '../connection/session.js'

export interface NewestCheckpoint {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  /** The parent whose writes hold its Sends: before v4, where there are any. */
  readonly sendsOf: string | null
  /** The root checkpoint that its run started from, where that is there. */
  readonly root: string | null
}

/** Of every namespace so many, newest first; by the order of the database, as the saver finds the newest. */
export async function newestCheckpoints(
  session: SqlSession,
  {
    schema,
    threadIds,
    keepLast,
  }: { readonly schema: string; readonly threadIds: readonly string[]; readonly keepLast: number },
): Promise<readonly NewestCheckpoint[]> {
  const [checkpoints, writes] = [qualified(schema, 'checkpoints'), qualified(schema, 'checkpoint_writes')]
  const { rows } = await session.query<NewestCheckpoint>(
    `WITH ranked AS (
       SELECT thread_id, checkpoint_ns, checkpoint_id, row_number() OVER (
         PARTITION BY thread_id, checkpoint_ns ORDER BY checkpoint_id DESC) AS place
       FROM ${checkpoints} WHERE thread_id = ANY($1::text[])
     )
     SELECT thread_id AS "threadId", checkpoint_ns AS "checkpointNs", checkpoint_id AS "checkpointId",
       CASE WHEN v < 4 THEN (SELECT w.checkpoint_id FROM ${writes} w WHERE w.thread_id = n.thread_id
         AND w.checkpoint_ns = n.checkpoint_ns AND w.checkpoint_id = n.parent AND w.channel = '__pregel_tasks' LIMIT 1) END AS "sendsOf",
       (SELECT r.checkpoint_id FROM ${checkpoints} r
        WHERE r.thread_id = n.thread_id AND r.checkpoint_ns = '' AND r.checkpoint_id = n.root) AS root
     FROM (
       SELECT c.thread_id, c.checkpoint_ns, c.checkpoint_id, c.parent_checkpoint_id AS parent, c.metadata -> 'parents' ->> '' AS root, place,
         CASE WHEN c.checkpoint ->> 'v' ~ '^[0-9]{1,4}$' THEN (c.checkpoint ->> 'v')::int END AS v
       FROM ranked JOIN ${checkpoints} c USING (thread_id, checkpoint_ns, checkpoint_id) WHERE place <= $2::int
     ) AS n ORDER BY thread_id, checkpoint_ns, place`,
    [threadIds, keepLast],
  )
  return rows
}
