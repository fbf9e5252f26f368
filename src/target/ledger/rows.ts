/** The row of `threads` that a run writes for one thread: made of what the pass found, and merged with what the same run wrote before. */
import type { Finding, ReasonId } from '../../model/finding.js'
import type { Completeness, ThreadFacts } from '../../model/run.js'
import { timeOfUuid6 } from '../../model/uuid6.js'
import { qualified, type SqlSession } from '../connection/session.js'
import type { ThreadState } from '../rows/commit.js'
import {
  addDigests,
  type KeyUse,
  keyText,
  packDigests,
  packKeys,
  type RecordedKey,
  type RowDigests,
} from './pack.js'

export interface ThreadRow {
  readonly facts: ThreadFacts
  readonly state: ThreadState
  readonly completeness: Completeness
  /** Somebody's rows were there before this run: its own are listed one by one. */
  readonly hadRowsBefore: boolean
  /** Rows inserted and rewritten now. */
  readonly checkpoints: number
  readonly blobs: number
  readonly writes: number
  readonly rewritten: number
  readonly targetBytes: number
  /** New or changed keys. */
  readonly keys: readonly RecordedKey[]
  readonly rowDigests: RowDigests
  readonly blobDigest: bigint
}

/** Findings of these reasons tell of keys for which nothing stands in the target. */
const WITHOUT_ROWS: Partial<Record<ReasonId, KeyUse>> = {
  'orphan-write': 'orphan',
  'replaced-write': 'orphan',
  'foreign-key': 'foreign',
  'store-item': 'foreign',
}

/** Keys of a thread that the ledger does not know yet, or knows with another digest or use. */
export function keysToRecord(facts: ThreadFacts, state: ThreadState): RecordedKey[] {
  const uses = new Map<string, KeyUse>()
  for (const { key, reason } of facts.findings) {
    const use = WITHOUT_ROWS[reason]
    if (key !== undefined && use !== undefined) uses.set(keyText(key), use)
  }
  for (const key of facts.cut?.skippedKeys ?? []) uses.set(keyText(key), 'skipped')
  const read = facts.sourceKeys.map(
    ({ key, digest }): RecordedKey => ({
      key,
      digest,
      use: (uses.size > 0 ? uses.get(keyText(key)) : undefined) ?? 'migrated',
    }),
  )
  const unread = facts.unreadKeys.map((key): RecordedKey => ({ key, digest: null, use: 'index' }))
  const known = state.recorded?.keys
  if (known === undefined) return [...read, ...unread]
  return [...read, ...unread].filter((key) => {
    const before = known.get(keyText(key.key))
    return before === undefined || before.use !== key.use || !sameDigest(before.digest, key.digest)
  })
}

export const sameDigest = (a: Buffer | null, b: Buffer | null): boolean =>
  a === null || b === null ? a === b : a.equals(b)

/** Nothing to say of the thread that the ledger does not say already. */
export function isOldNews(row: ThreadRow): boolean {
  const { state, completeness, keys } = row
  const { recorded } = state
  return (
    recorded !== undefined &&
    recorded.completeness === completeness &&
    recorded.progress !== 'differs' &&
    row.checkpoints + row.blobs + row.writes + row.rewritten === 0 &&
    keys.length === 0 &&
    (row.facts.isPart || (recorded.bounds?.keepLast ?? null) === (row.facts.cut?.keepLast ?? null))
  )
}

/** Writes the rows; those of threads that this run has written before are merged with what it said then. */
export async function recordThreads(
  session: SqlSession,
  run: {
    readonly id: number
    readonly ledgerSchema: string
    readonly sourceName: string
    readonly targetSchema: string
    readonly nowMs: number
  },
  rows: readonly ThreadRow[],
): Promise<number> {
  if (rows.length === 0) return 0
  const merged = rows.map((row) => withEarlier(row))
  const of = <T>(column: (row: ThreadRow) => T): T[] => merged.map(column)
  const columns: readonly (readonly [
    name: string,
    type: string,
    values: readonly unknown[],
    cast?: string,
  ])[] = [
    ['thread_id', 'text', of(({ facts }) => facts.threadId)],
    ['layouts', 'text', of(({ facts }) => facts.layouts.join(',')), `string_to_array(v.layouts, ',')`],
    ['completeness', 'text', of((row) => row.completeness)],
    ['had_rows_before', 'bool', of((row) => row.hadRowsBefore)],
    ['checkpoints', 'int', of((row) => row.checkpoints)],
    ['blobs', 'int', of((row) => row.blobs)],
    ['writes', 'int', of((row) => row.writes)],
    ['rewritten', 'int', of((row) => row.rewritten)],
    ['source_bytes', 'bigint', of(({ facts }) => facts.sourceBytes)],
    ['target_bytes', 'bigint', of((row) => row.targetBytes)],
    ['keys', 'int', of((row) => row.keys.length)],
    ['source_keys', 'bytea', of((row) => packKeys(row.keys))],
    ['row_digests', 'bytea', of((row) => packDigests(row.rowDigests))],
    ['blob_digest', 'bigint', of((row) => String(row.blobDigest))],
    ['latest_expiry', 'bigint', of(({ facts }) => livesOn(facts)), FROM_NOW],
    ['latest_at', 'timestamptz', of(({ facts }) => latestAt(facts, run.nowMs))],
    ['newest', 'jsonb', of(({ facts }) => JSON.stringify(Object.fromEntries(facts.heads)))],
    ['renumbered', 'jsonb', of(({ facts }) => renumbered(facts.findings))],
    ['bounds', 'jsonb', of(boundsOf)],
  ]
  const names = columns.map(([name]) => name)
  const table = qualified(run.ledgerSchema, 'threads')
  const { rows: written } = await session.query<{ is_new: boolean }>(
    `INSERT INTO ${table} AS t (run_id, source_name, target_schema, progress, ${names.join(', ')})
     SELECT $1::int, $2::text, $3::text, 'migrated', ${columns.map(([name, , , cast]) => cast ?? `v.${name}`).join(', ')}
     FROM unnest(${columns.map(([, type], at) => `$${at + 4}::${type}[]`).join(', ')}) AS v(${names.join(', ')})
     ON CONFLICT (run_id, thread_id) DO UPDATE SET progress = 'migrated', verified_at = NULL, verification_id = NULL,
       changed_at = clock_timestamp(),
       ${names
         .slice(1)
         .map((name) => `${name} = excluded.${name}`)
         .join(', ')}
     RETURNING xmax = 0 AS is_new`,
    [run.id, run.sourceName, run.targetSchema, ...columns.map(([, , values]) => values)],
  )
  return written.filter((row) => row.is_new).length
}

function withEarlier(row: ThreadRow): ThreadRow {
  const { sameRun } = row.state
  if (sameRun === undefined) return row
  const { facts } = row
  return {
    ...row,
    ...(facts.isPart && {
      facts: { ...facts, heads: new Map([...sameRun.newest, ...facts.heads]) },
      completeness: sameRun.completeness === 'whole' ? row.completeness : sameRun.completeness,
    }),
    hadRowsBefore: sameRun.hadRowsBefore,
    checkpoints: sameRun.checkpoints + row.checkpoints,
    blobs: sameRun.blobs + row.blobs,
    writes: sameRun.writes + row.writes,
    rewritten: sameRun.rewritten + row.rewritten,
    targetBytes: sameRun.targetBytes + row.targetBytes,
    keys: [
      ...new Map([...sameRun.keys, ...row.keys.map((key) => [keyText(key.key), key] as const)]).values(),
    ],
    rowDigests: new Map([...sameRun.rowDigests, ...row.rowDigests]),
    blobDigest: addDigests(sameRun.blobDigest, row.blobDigest),
  }
}

/** A part of a thread says nothing of the rest. */
function boundsOf({ facts: { cut, isPart }, state }: ThreadRow): string | null {
  if (cut !== undefined) return JSON.stringify({ keepLast: cut.keepLast })
  const earlier = isPart ? (state.sameRun?.bounds ?? null) : null
  return earlier && JSON.stringify(earlier)
}

const FROM_NOW = `clock_timestamp() + v.latest_expiry * interval '1 millisecond'`

/** −1 (some key lives for ever) and unknown are both null: no moment can be named after which all of it is gone. */
const livesOn = ({ longestPttlMs }: ThreadFacts): number | null =>
  longestPttlMs === null || longestPttlMs < 0 ? null : longestPttlMs

function latestAt({ heads, notedMs = null }: ThreadFacts, nowMs: number): string | null {
  const ids = [...heads.values()].map((id) => timeOfUuid6(id, nowMs))
  const times = [...ids, notedMs].filter((ms) => ms !== null)
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString()
}

/** The converter names the channel in the detail: `channel NAME`. */
function renumbered(findings: readonly Finding[]): string | null {
  const byNs = new Map<string, Set<string>>()
  for (const { reason, checkpointNs = '', detail } of findings) {
    if (reason !== 'version-renumbered' || detail === undefined) continue
    const channels = byNs.get(checkpointNs) ?? new Set()
    byNs.set(checkpointNs, channels.add(detail.replace(/^channel /, '')))
  }
  if (byNs.size === 0) return null
  return JSON.stringify(Object.fromEntries([...byNs].map(([ns, channels]) => [ns, [...channels]])))
}
