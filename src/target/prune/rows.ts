/** Removes rows of threads, or says what would go: one statement, so that all of it sees the same moment. */
import type { RowAmounts } from '../../model/bounds.js'
import { qualified, type SqlSession } from '../connection/session.js'

export interface PruneRequest {
  readonly schema: string
  readonly threadIds: readonly string[]
  /** What stays of each namespace; null: the threads go whole. */
  readonly kept: readonly KeptNamespace[] | null
  /** False: nothing is removed. */
  readonly removes: boolean
}

export interface KeptNamespace {
  readonly threadId: string
  readonly checkpointNs: string
  /** What came after it stays, too. */
  readonly newestId: string
  /** Null: the namespace goes whole, with writes whose checkpoint is not there. */
  readonly ids: ReadonlySet<string> | null
}

/** What goes of each thread; those of which nothing goes are left out. Asked in a transaction, whose settings it changes. */
export async function pruneRows(
  session: SqlSession,
  request: PruneRequest,
): Promise<Map<string, RowAmounts>> {
  const { threadIds, kept } = request
  // Two sets of a long thread's rows, which the planner takes for a few rows each: row by row that takes minutes.
  await session.query('SET LOCAL enable_nestloop = off')
  const { rows } = await session.query<{ thread_id: string } & Record<keyof RowAmounts, string>>(
    statementOf(request),
    kept === null ? [threadIds] : [threadIds, ...columnsOf(kept)],
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

/** Of the namespaces, then of the checkpoints that stay. */
function columnsOf(kept: readonly KeptNamespace[]): unknown[] {
  const ids = kept.flatMap(({ threadId, checkpointNs, ids: of }) =>
    [...(of ?? [])].map((id) => [threadId, checkpointNs, id] as const),
  )
  return [
    kept.map(({ threadId }) => threadId),
    kept.map(({ checkpointNs }) => checkpointNs),
    kept.map(({ newestId }) => newestId),
    kept.map((namespace) => namespace.ids === null),
    ...[0, 1, 2].map((column) => ids.map((id) => id[column])),
  ]
}

type Tables = Readonly<Record<'checkpoints' | 'blobs' | 'writes', string>>

const SIZES = {
  checkpoints: 'pg_column_size(x.checkpoint) + pg_column_size(x.metadata)',
  blobs: 'coalesce(pg_column_size(x.blob), 0)',
  writes: 'coalesce(pg_column_size(x.blob), 0)',
} as const

function statementOf({ schema, kept, removes }: PruneRequest): string {
  const tables: Tables = {
    checkpoints: qualified(schema, 'checkpoints'),
    blobs: qualified(schema, 'checkpoint_blobs'),
    writes: qualified(schema, 'checkpoint_writes'),
  }
  const isGoing = kept === null ? WHOLE : PARTS
  const part = (table: keyof Tables): string => {
    const returned = `x.thread_id, ${SIZES[table]} AS bytes`
    return removes
      ? `DELETE FROM ${tables[table]} x WHERE ${isGoing[table]} RETURNING ${returned}`
      : `SELECT ${returned} FROM ${tables[table]} x WHERE ${isGoing[table]}`
  }
  const names = Object.keys(SIZES) as (keyof Tables)[]
  const unlink = removes && kept !== null ? `, unlinked AS (${unlinkOf(tables)})` : ''
  const removed = names.map((table) => `gone_${table} AS (${part(table)})`).join(', ')
  const all = names
    .map((table) => `SELECT thread_id, '${table}' AS tbl, bytes FROM gone_${table}`)
    .join(' UNION ALL ')
  const counts = names.map((table) => `count(*) FILTER (WHERE tbl = '${table}') AS ${table}`).join(', ')
  return `WITH ${kept === null ? '' : `${choiceOf(tables)}, `}${removed}${unlink}
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

/** What goes by what is to stay; whatever was written since it was chosen stays. */
const choiceOf = ({ checkpoints, blobs }: Tables): string => `
  chosen AS MATERIALIZED (
    SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::bool[]) AS c (thread_id, checkpoint_ns, newest, is_whole)
  ), staying AS MATERIALIZED (
    SELECT * FROM unnest($6::text[], $7::text[], $8::text[]) AS s (thread_id, checkpoint_ns, checkpoint_id)
  ), calls AS MATERIALIZED (
    SELECT thread_id, checkpoint_ns FROM chosen WHERE is_whole
  ), going AS MATERIALIZED (
    SELECT x.thread_id, x.checkpoint_ns, x.checkpoint_id FROM ${checkpoints} x JOIN chosen USING (thread_id, checkpoint_ns)
    WHERE ${WHOLE.checkpoints} AND x.checkpoint_id <= newest
    EXCEPT SELECT * FROM staying
  ), kept AS MATERIALIZED (
    SELECT x.thread_id, x.checkpoint_ns, x.checkpoint_id FROM ${checkpoints} x WHERE ${WHOLE.checkpoints}
    EXCEPT SELECT * FROM going
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
