/** Until when Redis would have kept the threads, as the runs that moved them have written down. */
import { quoted, type SqlSession } from '../connection/session.js'

export interface RecordedTtl {
  /** When the last of its keys was to expire; milliseconds since 1970. */
  readonly expiresAtMs: number
  /** The thread's last moment then; null: unknown. */
  readonly latestAtMs: number | null
}

export interface TtlScope {
  readonly schema: string
  readonly ledgerSchema: string
}

/** Of those threads of which every key was to expire. Moved from several sources, a thread lives as long as the longest. */
export async function recordedTtls(
  session: SqlSession,
  { schema, ledgerSchema }: TtlScope,
  threadIds: readonly string[],
): Promise<ReadonlyMap<string, RecordedTtl>> {
  const ms = (column: string): string => `(extract(epoch FROM max(${column})) * 1000)::float8`
  const { rows } = await session.query<{ thread_id: string; expires: number; latest: number | null }>(
    `SELECT thread_id, ${ms('latest_expiry')} AS expires,
       CASE WHEN bool_and(latest_at IS NOT NULL) THEN ${ms('latest_at')} END AS latest
     FROM ${quoted(ledgerSchema)}.current_threads
     WHERE target_schema = $1 AND thread_id = ANY($2::text[])
     GROUP BY thread_id HAVING bool_and(latest_expiry IS NOT NULL)`,
    [schema, threadIds],
  )
  return new Map(
    rows.map(({ thread_id, expires, latest }) => [thread_id, { expiresAtMs: expires, latestAtMs: latest }]),
  )
}
