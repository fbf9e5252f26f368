/** Which checkpoints have pending writes, and what these are called. */
import { qualified, type SqlSession } from '../connection/session.js'

export interface WrittenCheckpoint {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
  readonly writes: readonly { readonly taskId: string; readonly idx: number }[]
}

/** Writes whose checkpoint is not there are left out. */
export async function writtenCheckpoints(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<WrittenCheckpoint[]> {
  const { rows } = await session.query<
    Omit<WrittenCheckpoint, 'writes'> & { readonly tasks: string[]; readonly idxs: number[] }
  >(
    `SELECT thread_id AS "threadId", checkpoint_ns AS "checkpointNs", checkpoint_id AS "checkpointId",
       array_agg(task_id) AS tasks, array_agg(idx) AS idxs
     FROM ${qualified(schema, 'checkpoint_writes')} JOIN ${qualified(schema, 'checkpoints')} USING (thread_id, checkpoint_ns, checkpoint_id)
     WHERE thread_id = ANY($1::text[]) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
    [threadIds],
  )
  return rows.map(({ tasks, idxs, ...ids }) => ({
    ...ids,
    writes: tasks.map((taskId, at) => ({ taskId, idx: idxs[at]! })),
  }))
}
