/** What the ledger remembers, read back: runs, threads as their newest runs left them, what a run inserted and replaced, findings. */
import type { FindingKind, ReasonId } from '../../model/finding.js'
import type { TableName } from '../../model/rows.js'
import { ofThreads } from '../connection/of-threads.js'
import { qualified, type SqlSession } from '../connection/session.js'
import {
  type CurrentThread,
  currentOf,
  type LedgerScope,
  type Progress,
  parsed,
  type RunRow,
  type RunThread,
  runThread,
  type ThreadRow,
} from './records.js'

export type { CurrentThread, LedgerScope, Progress, RunRow, RunState, RunThread } from './records.js'

/** Runs, newest first. */
export async function readRuns(
  session: SqlSession,
  ledgerSchema: string,
  which: { readonly id?: number; readonly sourceName?: string; readonly targetSchema?: string } = {},
): Promise<RunRow[]> {
  const { rows } = await session.query<Record<string, unknown>>(
    `SELECT id, state, ${iso('started_at')} AS "startedAt", ${iso('finished_at')} AS "finishedAt", resumed, token,
       tool_version AS "toolVersion", source_name AS "sourceName", source_url AS "sourceUrl",
       target_schema AS "targetSchema", dialect, options::text AS options, last_error::text AS "lastError",
       ${iso('rolled_back_at')} AS "rolledBackAt"
     FROM ${qualified(ledgerSchema, 'runs')}
     WHERE ($1::int IS NULL OR id = $1) AND ($2::text IS NULL OR source_name = $2)
       AND ($3::text IS NULL OR target_schema = $3)
     ORDER BY id DESC`,
    [which.id ?? null, which.sourceName ?? null, which.targetSchema ?? null],
  )
  return rows.map((row) => ({
    ...(row as unknown as RunRow),
    options: parsed(row.options) ?? {},
    lastError: parsed(row.lastError),
  }))
}

/** Current state of these threads, by their id; threads the ledger does not know are left out. */
export async function readThreads(
  session: SqlSession,
  scope: LedgerScope,
  threadIds: readonly string[],
): Promise<Map<string, CurrentThread>> {
  const { rows } = await session.query<ThreadRow>(
    `${selectThreads(scope.ledgerSchema)}
     WHERE t.source_name = $2 AND t.target_schema = $3 AND t.progress <> 'rolled_back'
     ORDER BY t.thread_id, t.run_id`,
    [threadIds, scope.sourceName, scope.targetSchema],
  )
  return new Map(currentOf(rows).map((thread) => [thread.threadId, thread]))
}

/** Which of these threads stand in the same tables because of another source, and its name. */
export async function otherSources(
  session: SqlSession,
  { ledgerSchema, sourceName, targetSchema }: LedgerScope,
  threadIds: readonly string[],
): Promise<Map<string, string>> {
  const { rows } = await session.query<{ id: string; name: string }>(
    `SELECT thread_id AS id, min(source_name) AS name FROM ${qualified(ledgerSchema, 'threads')}
     WHERE thread_id = ANY($1::text[]) AND source_name <> $2 AND target_schema = $3
       AND progress <> 'rolled_back' AND checkpoints > 0 GROUP BY 1`,
    [threadIds, sourceName, targetSchema],
  )
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** What of the ledger's threads `eachThread` gives. */
export interface ThreadSelection {
  /** Only threads that this run changed. */
  readonly runId?: number
  /** Only threads whose newest run left them so. */
  readonly progress?: readonly Progress[]
}

/** Every thread on record by id, a page at a time: memory stays flat however many there are. */
export async function* eachThread(
  session: SqlSession,
  scope: LedgerScope,
  { runId, progress }: ThreadSelection = {},
  pageSize = 200,
): AsyncGenerator<CurrentThread> {
  let after: string | null = null
  for (;;) {
    const { rows }: { rows: { thread_id: string }[] } = await session.query<{ thread_id: string }>(
      `SELECT DISTINCT thread_id FROM ${qualified(scope.ledgerSchema, 'threads')}
       WHERE source_name = $1 AND target_schema = $2 AND progress <> 'rolled_back'
         AND ($3::text IS NULL OR thread_id > $3) AND ($4::int IS NULL OR run_id = $4)
       ORDER BY thread_id LIMIT $5`,
      [scope.sourceName, scope.targetSchema, after, runId ?? null, pageSize],
    )
    const ids = rows.map((row) => row.thread_id)
    const threads = await readThreads(session, scope, ids)
    for (const id of ids) {
      const thread = threads.get(id)
      if (thread !== undefined && (progress === undefined || progress.includes(thread.progress))) yield thread
    }
    if (ids.length < pageSize) return
    after = ids.at(-1)!
  }
}

/** Rows of `threads` as single runs left them, newest run first; rolled-back ones too. */
export async function readRunThreads(
  session: SqlSession,
  ledgerSchema: string,
  which: { readonly threadIds: readonly string[]; readonly runId?: number },
): Promise<RunThread[]> {
  const { rows } = await session.query<ThreadRow>(
    `${selectThreads(ledgerSchema)} WHERE ($2::int IS NULL OR t.run_id = $2)
     ORDER BY t.thread_id, t.run_id DESC`,
    [which.threadIds, which.runId ?? null],
  )
  return rows.map(runThread)
}

/** The primary key of a row that a run inserted or rewrote; what is no part of the table's key is null. */
export interface RowName {
  readonly runId: number
  readonly threadId: string
  readonly table: TableName
  readonly checkpointNs: string
  readonly checkpointId: string | null
  readonly channel: string | null
  readonly version: string | null
  readonly taskId: string | null
  readonly idx: number | null
}

/** Rows inserted into threads that had rows before. */
export async function readInserted(
  session: SqlSession,
  ledgerSchema: string,
  which: { readonly runId: number; readonly threadIds: readonly string[] },
): Promise<RowName[]> {
  const { rows } = await session.query<RowName>(
    `SELECT ${ROW_NAME} FROM ${qualified(ledgerSchema, 'inserted')}
     WHERE thread_id = ANY($1::text[]) AND run_id = $2 ORDER BY thread_id, tbl, checkpoint_ns, checkpoint_id, task_id, idx`,
    [which.threadIds, which.runId],
  )
  return rows
}

/** A row of the target as it was before a run rewrote it. */
export interface ReplacedRow extends RowName {
  readonly parentCheckpointId: string | null
  /** JSONB as text. */
  readonly checkpoint: string | null
  readonly metadata: string | null
  readonly type: string | null
  readonly blob: Buffer | null
  readonly taskPath: string | null
  /** The channel of a write; a blob's is part of its key. */
  readonly channel: string | null
}

export async function readReplaced(
  session: SqlSession,
  ledgerSchema: string,
  which: { readonly runId: number; readonly threadIds: readonly string[] },
): Promise<ReplacedRow[]> {
  const { rows } = await session.query<ReplacedRow>(
    `SELECT ${ROW_NAME}, parent_checkpoint_id AS "parentCheckpointId", checkpoint::text AS checkpoint,
       metadata::text AS metadata, type, blob, task_path AS "taskPath"
     FROM ${qualified(ledgerSchema, 'replaced')}
     WHERE thread_id = ANY($1::text[]) AND run_id = $2 ORDER BY thread_id, tbl, checkpoint_ns, checkpoint_id, task_id, idx`,
    [which.threadIds, which.runId],
  )
  return rows
}

export interface FindingRow {
  readonly runId: number
  readonly threadId: string | null
  readonly key: Buffer | null
  readonly kind: FindingKind
  readonly reason: ReasonId
  readonly detail: string | null
  readonly checkpointNs: string | null
  readonly checkpointId: string | null
  readonly count: number
}

/** Findings of one run, gravest first; at most `limit`. */
export async function readFindings(
  session: SqlSession,
  ledgerSchema: string,
  { runId, limit }: { readonly runId: number; readonly limit: number },
): Promise<FindingRow[]> {
  const { rows } = await session.query<Omit<FindingRow, 'count'> & { count: bigint }>(
    `SELECT run_id AS "runId", thread_id AS "threadId", key, kind, reason, detail, checkpoint_ns AS "checkpointNs",
       checkpoint_id AS "checkpointId", count
     FROM ${qualified(ledgerSchema, 'findings')} WHERE run_id = $1
     ORDER BY array_position(ARRAY['conflict', 'rejected', 'repaired', 'gone', 'ignored'], kind), reason, thread_id, key
     LIMIT $2`,
    [runId, limit],
  )
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

const ROW_NAME = `run_id AS "runId", thread_id AS "threadId", tbl AS "table", checkpoint_ns AS "checkpointNs",
  checkpoint_id AS "checkpointId", channel, version, task_id AS "taskId", idx`

/** Those in $1. */
const selectThreads = (ledgerSchema: string): string => `
  SELECT t.run_id AS "runId", t.thread_id AS "threadId", t.layouts, t.completeness, t.progress,
    t.had_rows_before AS "hadRowsBefore", t.checkpoints, t.blobs, t.writes, t.rewritten,
    t.source_bytes AS "sourceBytes", t.target_bytes AS "targetBytes", t.source_keys AS keys,
    t.row_digests AS "rowDigests", t.blob_digest AS "blobDigest", ${iso('t.latest_expiry')} AS "latestExpiry",
    ${iso('t.latest_at')} AS "latestAt", t.newest::text AS newest, t.renumbered::text AS renumbered, t.bounds::text AS bounds,
    ${iso('t.migrated_at')} AS "migratedAt", ${iso('t.changed_at')} AS "changedAt", ${iso('t.verified_at')} AS "verifiedAt",
    t.verification_id AS "verificationId", v.finished_at IS NOT NULL AS "verificationEnded",
    ${iso('t.purged_at')} AS "purgedAt"
  FROM ${ofThreads(ledgerSchema, 'threads')} t
  LEFT JOIN ${qualified(ledgerSchema, 'verifications')} v ON v.id = t.verification_id`

const iso = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
