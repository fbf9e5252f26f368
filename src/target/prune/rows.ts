/** Removes rows of threads, or says what would go: one statement, so that all of it sees the same moment. */
import type { RowAmounts } from '../../model/bounds.js'
import { qualified, type SqlSession } from '../connection/session.js'

export interface PruneRequest {
  readonly schema: string
  readonly threadIds: readonly string[]
  /** Newest checkpoints of each namespace that stay; null: the threads go whole. */
  readonly keepLast: number | null
  /** False: nothing is removed. */
  readonly removes: boolean
}

/** What goes of each thread; those of which nothing goes are left out. */
export async function pruneRows(
  session: SqlSession,
  request: PruneRequest,
): Promise<Map<string, RowAmounts>> {
  const { threadIds, keepLast } = request
  const { rows } = await session.query<{ thread_id: string } & Record<keyof RowAmounts, string>>(
    statementOf(request),
    keepLast === null ? [threadIds] : [threadIds, keepLast],
  )
  return new Map(
    rows.map(({ thread_id, checkpoints, writes, blobs, bytes }) => [
      thread_id,
      {
        checkpoints: Number(checkpoints),
        writes: Number(writes),
        blobs: Number(blobs),
        bytes: Number(bytes),
      },
    ]),
  )
}

type Tables = Readonly<Record<'checkpoints' | 'blobs' | 'writes', string>>

const SIZES = {
  checkpoints: 'pg_column_size(x.checkpoint) + pg_column_size(x.metadata)',
  blobs: 'coalesce(pg_column_size(x.blob), 0)',
  writes: 'coalesce(pg_column_size(x.blob), 0)',
} as const

function statementOf({ schema, keepLast, removes }: PruneRequest): string {
  const tables: Tables = {
    checkpoints: qualified(schema, 'checkpoints'),
    blobs: qualified(schema, 'checkpoint_blobs'),
    writes: qualified(schema, 'checkpoint_writes'),
  }
  const isGoing = keepLast === null ? WHOLE : PARTS
  const part = (table: keyof Tables): string => {
    const returned = `x.thread_id, ${SIZES[table]} AS bytes`
    return removes
      ? `DELETE FROM ${tables[table]} x WHERE ${isGoing[table]} RETURNING ${returned}`
      : `SELECT ${returned} FROM ${tables[table]} x WHERE ${isGoing[table]}`
  }
  const names = Object.keys(SIZES) as (keyof Tables)[]
  const unlink = removes && keepLast !== null ? `, unlinked AS (${unlinkOf(tables)})` : ''
  const removed = names.map((table) => `gone_${table} AS (${part(table)})`).join(', ')
  const all = names
    .map((table) => `SELECT thread_id, '${table}' AS tbl, bytes FROM gone_${table}`)
    .join(' UNION ALL ')
  const counts = names.map((table) => `count(*) FILTER (WHERE tbl = '${table}') AS ${table}`).join(', ')
  return `WITH ${keepLast === null ? '' : `${choiceOf(tables)}, `}${removed}${unlink}
    SELECT thread_id, ${counts}, sum(bytes) AS bytes FROM (${all}) AS gone GROUP BY thread_id`
}

const WHOLE: Tables = {
  checkpoints: 'x.thread_id = ANY($1::text[])',
  blobs: 'x.thread_id = ANY($1::text[])',
  writes: 'x.thread_id = ANY($1::text[])',
}

/** Writes may commit before their checkpoint does, so they go by the checkpoints that go, and not by those that are there. */
const PARTS: Tables = {
  checkpoints: `${WHOLE.checkpoints} AND (x.thread_id, x.checkpoint_ns, x.checkpoint_id) IN (SELECT * FROM going)`,
  blobs: `${WHOLE.blobs} AND (x.thread_id, x.checkpoint_ns, x.channel, x.version) IN (SELECT * FROM dead_blobs)`,
  writes: `${WHOLE.writes} AND ((x.thread_id, x.checkpoint_ns, x.checkpoint_id) IN (SELECT * FROM going)
    OR (x.thread_id, x.checkpoint_ns) IN (SELECT * FROM calls))`,
}

/**
 * The rules of the official `prune` (langgraph-checkpoint-postgres 3.2.0, `keep_latest`) for any number: the newest of each namespace,
 * the parent that holds the Sends of one before v4, no subgraph call whose root checkpoint goes, no blob that nothing kept names.
 */
const choiceOf = ({ checkpoints, blobs, writes }: Tables): string => `
  ranked AS MATERIALIZED (
    SELECT thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, metadata -> 'parents' ->> '' AS root,
      CASE WHEN checkpoint ->> 'v' ~ '^[0-9]{1,4}$' THEN (checkpoint ->> 'v')::int END AS v,
      row_number() OVER (PARTITION BY thread_id, checkpoint_ns ORDER BY checkpoint_id DESC) AS place
    FROM ${checkpoints} WHERE thread_id = ANY($1::text[])
  ), newest AS MATERIALIZED (
    SELECT thread_id, checkpoint_ns, checkpoint_id FROM ranked WHERE place <= $2::int
    UNION
    SELECT thread_id, checkpoint_ns, parent_checkpoint_id FROM ranked r
    WHERE place <= $2::int AND v < 4 AND EXISTS (
      SELECT FROM ${writes} w WHERE w.thread_id = r.thread_id AND w.checkpoint_ns = r.checkpoint_ns
        AND w.checkpoint_id = r.parent_checkpoint_id AND w.channel = '__pregel_tasks')
  ), calls AS MATERIALIZED (
    SELECT thread_id, checkpoint_ns FROM ranked
    WHERE place = 1 AND strpos(checkpoint_ns, ':') > 0
      AND (thread_id, root) IN (SELECT thread_id, checkpoint_id FROM ranked WHERE checkpoint_ns = '')
      AND (thread_id, root) NOT IN (SELECT thread_id, checkpoint_id FROM newest WHERE checkpoint_ns = '')
  ), kept AS MATERIALIZED (
    SELECT * FROM newest WHERE (thread_id, checkpoint_ns) NOT IN (SELECT * FROM calls)
  ), going AS MATERIALIZED (
    SELECT thread_id, checkpoint_ns, checkpoint_id FROM ranked EXCEPT SELECT * FROM kept
  ), dead_blobs AS MATERIALIZED (
    ${namedBy('going', checkpoints)} EXCEPT ${namedBy('kept', checkpoints)}
    UNION SELECT thread_id, checkpoint_ns, channel, version FROM ${blobs} JOIN calls USING (thread_id, checkpoint_ns)
      WHERE thread_id = ANY($1::text[])
  )`

const namedBy = (which: string, checkpoints: string): string => `
  SELECT c.thread_id, c.checkpoint_ns, v.key, v.value FROM ${which} JOIN ${checkpoints} c USING (thread_id, checkpoint_ns, checkpoint_id),
    jsonb_each_text(CASE jsonb_typeof(c.checkpoint -> 'channel_versions')
      WHEN 'object' THEN c.checkpoint -> 'channel_versions' ELSE '{}' END) v
  WHERE c.thread_id = ANY($1::text[])`

/** What leads to a checkpoint that goes leads nowhere. */
const unlinkOf = ({ checkpoints }: Tables): string => `
  UPDATE ${checkpoints} x SET parent_checkpoint_id = NULL
  WHERE ${WHOLE.checkpoints} AND (x.thread_id, x.checkpoint_ns, x.checkpoint_id) IN (SELECT * FROM kept)
    AND (x.thread_id, x.checkpoint_ns, x.parent_checkpoint_id) IN (SELECT * FROM going)`
