/**
 * The way back in the ledger: keys that a run writes into Redis, on record before they are written, so that a process that dies in between
 * leaves nothing behind that nobody knows. A run's target is then the Redis it wrote to, and its threads' keys are those it made.
 */
import type { Completeness, ThreadFacts } from '../../model/run.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { UNKNOWN_STATE } from '../rows/commit.js'
import type { RecordedKey } from './pack.js'
import type { LedgerScope } from './records.js'
import { recordThreads } from './rows.js'

/** What a run did to a thread, all of it. */
export interface WrittenThread {
  readonly threadId: string
  readonly completeness: Completeness
  /** Something of it stood in Redis before this run. */
  readonly hadKeysBefore: boolean
  /** Documents and writes that this run made, and keys that it rewrote. */
  readonly checkpoints: number
  readonly writes: number
  readonly rewritten: number
  /** Of all keys that it wrote. */
  readonly bytes: number
  /**
   * All keys that it wrote, with the digest of what it wrote (target/redis/key-digest.ts). `foreign`: a key of the saver's own to which it
   * added something.
   */
  readonly keys: readonly RecordedKey[]
  /** namespace → newest checkpoint id. */
  readonly newest: ReadonlyMap<string, string>
}

/** Inside the caller's transaction, behind the fence. What the same run said of these threads before is written over. */
export async function recordWritten(
  session: SqlSession,
  run: LedgerScope & { readonly id: number; readonly nowMs: number },
  threads: readonly WrittenThread[],
): Promise<void> {
  const rows = threads.map(({ threadId, bytes, newest, hadKeysBefore, ...thread }) => ({
    ...thread,
    facts: { ...NO_FACTS, threadId, completeness: thread.completeness, sourceBytes: bytes, heads: newest },
    state: UNKNOWN_STATE,
    hadRowsBefore: hadKeysBefore,
    blobs: 0,
    targetBytes: bytes,
    rowDigests: new Map<string, string>(),
    blobDigest: 0n,
  }))
  await recordThreads(session, run, rows)
}

/** How it ended with threads of which the rest was recorded before. Behind the fence. */
export async function recordEnded(
  session: SqlSession,
  { ledgerSchema, id }: LedgerScope & { readonly id: number },
  threads: readonly Pick<WrittenThread, 'threadId' | 'completeness'>[],
): Promise<void> {
  if (threads.length === 0) return
  await session.query(
    `UPDATE ${qualified(ledgerSchema, 'threads')} t SET completeness = v.completeness, changed_at = clock_timestamp()
     FROM unnest($2::text[], $3::text[]) AS v (thread_id, completeness)
     WHERE t.run_id = $1 AND t.thread_id = v.thread_id AND t.completeness <> v.completeness`,
    [id, threads.map(({ threadId }) => threadId), threads.map(({ completeness }) => completeness)],
  )
}

const NO_FACTS: ThreadFacts = {
  threadId: '',
  layouts: [],
  completeness: 'whole',
  checkpoints: 0,
  writes: 0,
  blobs: 0,
  sourceBytes: 0,
  targetBytes: 0,
  sourceKeys: [],
  unreadKeys: [],
  longestPttlMs: null,
  heads: new Map(),
  findings: [],
  isPart: false,
}

/** A key as it was before a run rewrote it. */
export interface ReplacedKey {
  readonly runId: number
  readonly threadId: string
  readonly key: Buffer
  readonly type: 'json' | 'string' | 'zset'
  /** The document's text, the string, or of a sorted set JSON of `[member, score]`. */
  readonly value: Buffer
}

/*
 * They stand in `replaced`, which has a place for everything: the key is the `channel`, what it held the `blob`.
 */

/** Keeps what the keys held; of a key that the run has rewritten before, what it held first counts. */
export async function keepReplacedKeys(
  session: SqlSession,
  ledgerSchema: string,
  keys: readonly ReplacedKey[],
): Promise<void> {
  if (keys.length === 0) return
  const table = qualified(ledgerSchema, 'replaced')
  await session.query(
    `INSERT INTO ${table} (run_id, thread_id, tbl, checkpoint_ns, channel, type, blob)
     SELECT v.run_id, v.thread_id, 'checkpoints', '', v.channel, v.type, v.blob
     FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::bytea[]) AS v(run_id, thread_id, channel, type, blob)
     WHERE NOT EXISTS (SELECT FROM ${table} r
       WHERE r.thread_id = v.thread_id AND r.run_id = v.run_id AND r.channel = v.channel)`,
    [
      keys.map(({ runId }) => runId),
      keys.map(({ threadId }) => threadId),
      keys.map(({ key }) => key.toString()),
      keys.map(({ type }) => type),
      keys.map(({ value }) => value),
    ],
  )
}

export async function readReplacedKeys(
  session: SqlSession,
  ledgerSchema: string,
  { runIds, threadIds }: { readonly runIds: readonly number[]; readonly threadIds: readonly string[] },
): Promise<ReplacedKey[]> {
  const { rows } = await session.query<Omit<ReplacedKey, 'key'> & { key: string }>(
    `SELECT run_id AS "runId", thread_id AS "threadId", channel AS key, type, blob AS value
     FROM ${qualified(ledgerSchema, 'replaced')} WHERE run_id = ANY($1::int[]) AND thread_id = ANY($2::text[])`,
    [runIds, threadIds],
  )
  return rows.map((row) => ({ ...row, key: Buffer.from(row.key) }))
}

/** What the runs did to these threads is undone. Behind the fence. */
export async function recordUndone(
  session: SqlSession,
  ledgerSchema: string,
  { runIds, threadIds }: { readonly runIds: readonly number[]; readonly threadIds: readonly string[] },
): Promise<void> {
  await session.query(
    `UPDATE ${qualified(ledgerSchema, 'threads')} SET progress = 'rolled_back', changed_at = clock_timestamp()
     WHERE run_id = ANY($1::int[]) AND thread_id = ANY($2::text[])`,
    [runIds, threadIds],
  )
  await session.query(
    `DELETE FROM ${qualified(ledgerSchema, 'replaced')} WHERE run_id = ANY($1::int[]) AND thread_id = ANY($2::text[])`,
    [runIds, threadIds],
  )
}
