/** Runs in the ledger: begun, resumed, ended, forgotten. Each write passes the fence. */
import { explain, type Failure } from '../../model/failure.js'
import type { Finding } from '../../model/finding.js'
import { inTransaction, qualified, type SqlSession } from '../connection/session.js'
import { recordCounts } from './findings.js'
import type { Lease } from './lease.js'
import { type LedgerScope, type RunRow, type RunState, readRuns } from './read.js'

export interface RunStart {
  readonly scope: LedgerScope
  readonly toolVersion: string
  /** Without user and password. */
  readonly sourceUrl: string
  /** What the user chose; a run goes on only under the same choice. */
  readonly options: Readonly<Record<string, unknown>>
}

export interface StartedRun {
  readonly id: number
  /** It was interrupted before, and goes on. */
  readonly resumed: boolean
}

/** A run that did not come to its end is gone on with by the command that began it; any other command begins a new one. */
export async function startRun(session: SqlSession, lease: Lease, start: RunStart): Promise<StartedRun> {
  const { scope, options } = start
  const runs = qualified(scope.ledgerSchema, 'runs')
  return inTransaction(session, async () => {
    await lease.fence(session)
    const [last] = await readRuns(session, scope.ledgerSchema, scope)
    const isSame = last !== undefined && canonical(last.options) === canonical(options)
    // We hold the lock, so nobody is at work: whatever is still called running was interrupted.
    await session.query(
      `UPDATE ${runs} SET state = 'stopped', finished_at = clock_timestamp()
       WHERE state = 'running' AND target_schema = $1 AND id <> $2`,
      [scope.targetSchema, isSame ? last.id : -1],
    )
    if (isSame && RESUMABLE.has(last.state)) {
      await session.query(
        `UPDATE ${runs} SET state = 'running', token = $2::bigint, resumed = resumed + 1, finished_at = NULL,
           last_error = NULL, tool_version = $3 WHERE id = $1`,
        [last.id, lease.token, start.toolVersion],
      )
      return { id: last.id, resumed: true }
    }
    const { rows } = await session.query<{ id: number }>(
      `INSERT INTO ${runs} (state, token, tool_version, source_name, source_url, target_schema, options)
       VALUES ('running', $1::bigint, $2, $3, $4, $5, $6::jsonb) RETURNING id`,
      [
        lease.token,
        start.toolVersion,
        scope.sourceName,
        start.sourceUrl,
        scope.targetSchema,
        JSON.stringify(options),
      ],
    )
    return { id: rows[0]!.id, resumed: false }
  })
}

const RESUMABLE: ReadonlySet<RunState> = new Set(['running', 'stopped', 'failed'])

/** JSONB keeps no order of keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join()}}`
}

/** What the source turned out to be. */
export async function noteSource(
  session: SqlSession,
  ledgerSchema: string,
  runId: number,
  { dialect, sourceRunId }: { readonly dialect: 'python' | 'js'; readonly sourceRunId: string | null },
): Promise<void> {
  await session.query(
    `UPDATE ${qualified(ledgerSchema, 'runs')} SET dialect = $2, source_run_id = $3 WHERE id = $1`,
    [runId, dialect, sourceRunId],
  )
}

export interface RunEnd {
  readonly runId: number
  readonly ledgerSchema: string
  /** What stopped it; absent where it came to its end. */
  readonly stoppedBy?: Failure
  /** Findings that belong to no thread. */
  readonly counts: readonly { readonly example: Finding; readonly count: number }[]
}

/** The last word on a run, on disk before this returns, and with it everything that was committed before. */
export async function endRun(session: SqlSession, lease: Lease, end: RunEnd): Promise<void> {
  const { stoppedBy, ledgerSchema, runId } = end
  await inTransaction(session, async () => {
    await lease.fence(session)
    await session.query('SET LOCAL synchronous_commit = on')
    await recordCounts(session, ledgerSchema, runId, end.counts)
    const error = stoppedBy === undefined ? null : { id: stoppedBy.id, what: explain(stoppedBy).what }
    await session.query(
      `UPDATE ${qualified(ledgerSchema, 'runs')}
       SET state = $2, finished_at = clock_timestamp(), last_error = $3::jsonb WHERE id = $1`,
      [runId, stateOf(stoppedBy), error === null ? null : JSON.stringify(error)],
    )
  })
}

function stateOf(stoppedBy: Failure | undefined): RunState {
  if (stoppedBy === undefined) return 'done'
  return stoppedBy.id === 'interrupted' || stoppedBy.id === 'terminated' ? 'stopped' : 'failed'
}

/** How many threads of a run are on record. */
export async function countRunThreads(
  session: SqlSession,
  ledgerSchema: string,
  runId: number,
): Promise<number> {
  const { rows } = await session.query<{ n: bigint }>(
    `SELECT count(*) AS n FROM ${qualified(ledgerSchema, 'threads')} WHERE run_id = $1`,
    [runId],
  )
  return Number(rows[0]!.n)
}

/** Threads that the ledger would no longer know. */
export interface Disowned {
  readonly threads: number
  /** Of them, those whose keys a purge has begun to delete: nobody could finish it afterwards. */
  readonly purging: number
  /** Ids of the first ones, in their order. */
  readonly first: readonly string[]
}

const SHOWN_THREADS = 20

/** What forgetting would disown: all of a ledger, or what one source has in one target schema. */
export async function disownedBy(
  session: SqlSession,
  ledgerSchema: string,
  scope?: LedgerScope,
): Promise<Disowned> {
  const where = `FROM ${qualified(ledgerSchema, 'current_threads')}
    WHERE completeness <> 'rejected' AND ($1::text IS NULL OR source_name = $1) AND ($2::text IS NULL OR target_schema = $2)`
  const of = [scope?.sourceName ?? null, scope?.targetSchema ?? null]
  const { rows: counts } = await session.query<{ threads: bigint; purging: bigint }>(
    `SELECT count(*) AS threads, count(*) FILTER (WHERE progress = 'purging') AS purging ${where}`,
    of,
  )
  const { rows } = await session.query<{ thread_id: string }>(
    `SELECT thread_id ${where} ORDER BY thread_id LIMIT ${SHOWN_THREADS}`,
    of,
  )
  const { threads, purging } = counts[0]!
  return { threads: Number(threads), purging: Number(purging), first: rows.map((row) => row.thread_id) }
}

/** `--restart`: rows of former runs count as somebody else's from now on. Their runs stay, as a record that they were. */
export async function forgetRuns(session: SqlSession, lease: Lease, scope: LedgerScope): Promise<void> {
  const { ledgerSchema } = scope
  const runs = qualified(ledgerSchema, 'runs')
  await inTransaction(session, async () => {
    await lease.fence(session)
    for (const table of ['inserted', 'replaced', 'findings', 'store_items', 'threads']) {
      await session.query(
        `DELETE FROM ${qualified(ledgerSchema, table)} WHERE run_id IN (
           SELECT id FROM ${runs} WHERE source_name = $1 AND target_schema = $2)`,
        [scope.sourceName, scope.targetSchema],
      )
    }
    await session.query(
      `UPDATE ${runs} SET state = 'forgotten', finished_at = coalesce(finished_at, clock_timestamp())
       WHERE source_name = $1 AND target_schema = $2`,
      [scope.sourceName, scope.targetSchema],
    )
  })
}

/** The last run of that source and target, as it stands. */
export async function lastRun(session: SqlSession, scope: LedgerScope): Promise<RunRow | undefined> {
  return (await readRuns(session, scope.ledgerSchema, scope))[0]
}
