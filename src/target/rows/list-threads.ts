/** Every thread of the tables in one line each: counted and added up by the server, sent as a stream. */
import type { ThreadState } from '../../model/threads-report.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { tuplesOf } from './copy-tuples.js'
import type { CopyOutSession } from './read-rows.js'

export interface StoredThreadLine {
  readonly threadId: string
  readonly namespaces: number
  readonly checkpoints: number
  /** Columns as stored: compressed, without what Postgres needs around them. */
  readonly bytes: number
  /** The greatest id of all namespaces. */
  readonly newestId: string
  /** `checkpoint.ts` of that one. */
  readonly ts: string | null
  readonly state: ThreadState
  readonly dialect: 'python' | 'js' | null
}

/** In no order. Threads of which only writes or values are left have no checkpoint, so no saver sees them: they are left out. */
export async function* listThreads(
  session: CopyOutSession,
  schema: string,
): AsyncGenerator<StoredThreadLine, void, undefined> {
  const copy = `COPY (${statementOf(schema)}) TO STDOUT (FORMAT binary)`
  for await (const tuples of tuplesOf(session.copyOut(copy))) {
    for (const tuple of tuples) {
      const [threadId, namespaces, checkpoints, bytes, newestId, ts, state, dialect] = tuple.map(
        (field) => field?.toString() ?? null,
      )
      yield {
        threadId: threadId!,
        namespaces: Number(namespaces),
        checkpoints: Number(checkpoints),
        bytes: Number(bytes),
        newestId: newestId!,
        ts: ts ?? null,
        state: (state ?? null) as ThreadState,
        dialect: (dialect ?? null) as StoredThreadLine['dialect'],
      }
    }
  }
}

/** Whose saver reads the thread, as far as its rows tell; null where it has no checkpoint. */
export async function dialectOfThread(
  session: SqlSession,
  schema: string,
  threadId: string,
): Promise<'python' | 'js' | null> {
  const table = qualified(schema, 'checkpoints')
  const has = (type: string): string =>
    ['checkpoint_blobs', 'checkpoint_writes']
      .map(
        (name) =>
          `EXISTS (SELECT 1 FROM ${qualified(schema, name)} WHERE thread_id = $1 AND type = '${type}')`,
      )
      .join(' OR ')
  const { rows } = await session.query<{ dialect: 'python' | 'js' }>(
    `SELECT CASE WHEN (SELECT jsonb_typeof(v.value) FROM ${table} x, jsonb_each(${objectOf(`x.checkpoint -> 'channel_versions'`)}) v
         WHERE x.thread_id = $1 LIMIT 1) = 'number' THEN 'js'
       WHEN ${has('msgpack')} THEN 'python' WHEN ${has('json')} THEN 'js' ELSE 'python' END AS dialect
     FROM ${table} WHERE thread_id = $1 LIMIT 1`,
    [threadId],
  )
  return rows[0]?.dialect ?? null
}

/** Ids are compared by their bytes, as both savers' ids sort by time; any other collation of the database would be slower and no better. */
function statementOf(schema: string): string {
  const [checkpoints, blobs, writes] = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'].map((table) =>
    qualified(schema, table),
  ) as [string, string, string]
  const sums = (table: string) =>
    `SELECT thread_id, sum(coalesce(pg_column_size(blob), 0)) AS bytes,
       bool_or(type = 'msgpack') AS has_msgpack, bool_or(type = 'json') AS has_json
     FROM ${table} GROUP BY thread_id`
  return `
    WITH c AS (
      SELECT thread_id, count(*) AS checkpoints, count(DISTINCT checkpoint_ns) AS namespaces,
        sum(pg_column_size(checkpoint) + pg_column_size(metadata)) AS bytes,
        max(checkpoint_id COLLATE "C") COLLATE "default" AS newest,
        max(checkpoint_id COLLATE "C") FILTER (WHERE checkpoint_ns = '') COLLATE "default" AS root
      FROM ${checkpoints} GROUP BY thread_id
    ), b AS (${sums(blobs)}), w AS (${sums(writes)})
    SELECT c.thread_id, c.namespaces::text, c.checkpoints::text,
      (c.bytes + coalesce(b.bytes, 0) + coalesce(w.bytes, 0))::text, c.newest, dated.ts, head.state,
      CASE WHEN head.version_type = 'number' THEN 'js' WHEN b.has_msgpack OR w.has_msgpack THEN 'python'
        WHEN b.has_json OR w.has_json THEN 'js' WHEN head.version_type = 'string' THEN 'python' END
    FROM c LEFT JOIN b USING (thread_id) LEFT JOIN w USING (thread_id)
    LEFT JOIN LATERAL (
      SELECT checkpoint ->> 'ts' AS ts FROM ${checkpoints} x
      WHERE x.thread_id = c.thread_id AND x.checkpoint_id = c.newest LIMIT 1
    ) AS dated ON true
    LEFT JOIN LATERAL (${headOf({ checkpoints, blobs, writes })}) AS head ON true`
}

type Tables = Readonly<Record<'checkpoints' | 'blobs' | 'writes', string>>

/**
 * What the newest checkpoint of the root graph tells. Versions are numbers only in JavaScript, but an application may count in texts
 * there too: then the form of the values has to tell whose they are.
 */
const headOf = ({ checkpoints, blobs, writes }: Tables): string => `
  SELECT
    CASE WHEN ${hasWrite(writes, '__interrupt__')} THEN 'waiting'
         WHEN ${hasWrite(writes, '__error__')} THEN 'failed'
         WHEN x.metadata ->> 'source' = 'input' OR ${hasSends(blobs, writes)} OR ${isTriggered(blobs)} THEN 'unfinished'
         ELSE 'done' END AS state,
    (SELECT jsonb_typeof(value)
     FROM jsonb_each(${objectOf(`x.checkpoint -> 'channel_versions'`)}) LIMIT 1) AS version_type
  FROM ${checkpoints} x
  WHERE x.thread_id = c.thread_id AND x.checkpoint_ns = '' AND x.checkpoint_id = c.root`

const hasWrite = (writes: string, channel: string, id = 'x.checkpoint_id'): string => `EXISTS (
  SELECT 1 FROM ${writes} r WHERE r.thread_id = x.thread_id AND r.checkpoint_ns = '' AND r.checkpoint_id = ${id}
    AND r.channel = '${channel}')`

/** No Sends: a list as msgpack and as JSON, and what a Topic held before and still holds in JavaScript, two lists. */
const EMPTY_TASKS = String.raw`'{"\\x90", "\\x929090", "\\x5b5d", "\\x5b5b5d2c5b5d5d"}'::bytea[]`

/** Since v4 Sends are a channel; before, they are writes of the parent. */
const hasSends = (blobs: string, writes: string): string => `
  CASE WHEN (x.checkpoint ->> 'v') IN ('1', '2', '3') THEN ${hasWrite(writes, '__pregel_tasks', 'x.parent_checkpoint_id')}
  ELSE EXISTS (SELECT 1 FROM ${blobs} r WHERE r.thread_id = x.thread_id AND r.checkpoint_ns = ''
    AND r.channel = '__pregel_tasks' AND r.version = x.checkpoint #>> '{channel_versions,__pregel_tasks}'
    AND (octet_length(r.blob) > 7 OR r.blob <> ALL (${EMPTY_TASKS}))) END`

/** `join:a+b:c` waits for a and b, then triggers c, which empties it: that, too, makes a new version. */
const JOIN = '^join:.+:[^:]+$'

/**
 * Every name it waits for is there: a text is written with its length before it in msgpack, between quotes in JSON. Of a name that
 * itself holds a plus sign each part is looked for.
 */
const isComplete = (blobs: string): string => `EXISTS (
  SELECT 1 FROM ${blobs} j WHERE j.thread_id = x.thread_id AND j.checkpoint_ns = '' AND j.channel = v.key
    AND j.version = v.value #>> '{}' AND NOT EXISTS (
      SELECT 1
      FROM unnest(string_to_array(substring(v.key from '^join:(.+):[^:]+$'), '+')) AS name,
        convert_to(name, 'UTF8') AS bytes, octet_length(bytes) AS length
      WHERE position(CASE j.type WHEN 'json' THEN convert_to(to_json(name)::text, 'UTF8')
        ELSE set_byte('\\x00', 0, CASE WHEN length < 32 THEN 160 + length ELSE length & 255 END) || bytes END IN j.blob) = 0
        AND position(bytes || '+' IN j.blob) = 0 AND position('+' || bytes IN j.blob) = 0))`

/** A channel that makes a node run has a value in a version that the node has not seen. */
const isTriggered = (blobs: string): string => `EXISTS (
  SELECT 1 FROM (
    SELECT v.key AS channel, v.value AS version,
      x.checkpoint -> 'versions_seen' -> substr(v.key, ${'branch:to:'.length + 1}) -> v.key AS seen
    FROM jsonb_each(${objectOf(`x.checkpoint -> 'channel_versions'`)}) v WHERE v.key LIKE 'branch:to:%'
    UNION ALL
    SELECT e.key, x.checkpoint -> 'channel_versions' -> e.key, e.value
    FROM jsonb_each(${objectOf(`x.checkpoint -> 'versions_seen'`)}) node, jsonb_each(${objectOf('node.value')}) e
    WHERE node.key NOT IN ('__input__', '__interrupt__', '__start__') AND e.key <> '__pregel_tasks'
      AND e.key !~ '${JOIN}'
    UNION ALL
    SELECT v.key, v.value, x.checkpoint -> 'versions_seen' -> substring(v.key from '[^:]+$') -> v.key
    FROM jsonb_each(${objectOf(`x.checkpoint -> 'channel_versions'`)}) v
    WHERE v.key ~ '${JOIN}' AND ${isComplete(blobs)}
  ) AS trigger
  WHERE version IS NOT NULL AND (seen IS NULL OR version > seen)
    AND (x.checkpoint -> 'channel_values' ? channel OR EXISTS (
      SELECT 1 FROM ${blobs} r WHERE r.thread_id = x.thread_id AND r.checkpoint_ns = '' AND r.channel = trigger.channel
        AND r.version = trigger.version #>> '{}' AND r.type <> 'empty')))`

/** What is no object has no members, and is no error. */
const objectOf = (json: string): string =>
  `(CASE jsonb_typeof(${json}) WHEN 'object' THEN ${json} ELSE '{}' END)`
