/** Which threads the tables hold: their ids page by page, the newest checkpoints of each, and whose saver wrote them. */
import { qualified, type SqlSession } from '../connection/session.js'

/** Ids after `after`, in their order; of `among` only, where that is given. */
export async function pageOfThreadIds(
  session: SqlSession,
  schema: string,
  page: { readonly after: string | null; readonly size: number; readonly among: readonly string[] | null },
): Promise<string[]> {
  const { rows } = await session.query<{ thread_id: string }>(
    `SELECT DISTINCT thread_id FROM ${qualified(schema, 'checkpoints')}
     WHERE ($1::text IS NULL OR thread_id > $1) AND ($2::text[] IS NULL OR thread_id = ANY($2::text[]))
     ORDER BY thread_id LIMIT $3`,
    [page.after, page.among?.filter((id) => !id.includes('\0')) ?? null, page.size],
  )
  return rows.map((row) => row.thread_id)
}

export interface NewestCheckpoint {
  readonly threadId: string
  readonly checkpointNs: string
  readonly checkpointId: string
}

/** The newest checkpoint of each namespace, by the bytes of its id. */
export async function newestCheckpoints(
  session: SqlSession,
  schema: string,
  threadIds: readonly string[],
): Promise<NewestCheckpoint[]> {
  const { rows } = await session.query<NewestCheckpoint>(
    `SELECT thread_id AS "threadId", checkpoint_ns AS "checkpointNs",
       max(checkpoint_id COLLATE "C") COLLATE "default" AS "checkpointId"
     FROM ${qualified(schema, 'checkpoints')} WHERE thread_id = ANY($1::text[])
     GROUP BY thread_id, checkpoint_ns ORDER BY 1, 2`,
    [threadIds],
  )
  return rows
}

/** Which of these stand in the table. */
export async function knownCheckpoints(
  session: SqlSession,
  schema: string,
  checkpoints: readonly NewestCheckpoint[],
): Promise<ReadonlySet<NewestCheckpoint>> {
  const { rows } = await session.query<{ at: bigint }>(
    `SELECT k.at FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS k(thread_id, checkpoint_ns, checkpoint_id, at)
     JOIN ${qualified(schema, 'checkpoints')} USING (thread_id, checkpoint_ns, checkpoint_id)`,
    [
      checkpoints.map(({ threadId }) => threadId),
      checkpoints.map(({ checkpointNs }) => checkpointNs),
      checkpoints.map(({ checkpointId }) => checkpointId.replaceAll('\0', '')),
    ],
  )
  return new Set(rows.map(({ at }) => checkpoints[Number(at) - 1]!))
}

export async function countThreadIds(session: SqlSession, schema: string): Promise<number> {
  const { rows } = await session.query<{ n: bigint }>(
    `SELECT count(*) AS n FROM (SELECT DISTINCT thread_id FROM ${qualified(schema, 'checkpoints')}) AS t`,
  )
  return Number(rows[0]!.n)
}

/** Told from some rows: msgpack is Python's alone, versions are numbers in JavaScript alone. */
export async function dialectOfRows(session: SqlSession, schema: string): Promise<'python' | 'js' | null> {
  const { rows } = await session.query<{ types: string[] | null; versions: string[] | null }>(
    `SELECT
       (SELECT array_agg(DISTINCT type) FROM (SELECT type FROM ${qualified(schema, 'checkpoint_blobs')} LIMIT 500) AS b) AS types,
       (SELECT array_agg(DISTINCT jsonb_typeof(v.value)) FROM (
          SELECT checkpoint -> 'channel_versions' AS versions FROM ${qualified(schema, 'checkpoints')} LIMIT 100) AS c,
          jsonb_each(CASE jsonb_typeof(c.versions) WHEN 'object' THEN c.versions ELSE '{}' END) AS v) AS versions`,
  )
  const types = rows[0]?.types ?? []
  if (types.includes('msgpack')) return 'python'
  if (rows[0]?.versions?.includes('number') || types.includes('json')) return 'js'
  return rows[0]?.versions == null ? null : 'python'
}
