/** Findings as the ledger keeps them: the grave ones each, of the others a few of each reason and thread, the rest as a number. */
import { type Finding, type FindingKind, kindOf } from '../../model/finding.js'
import type { FindingCount } from '../../model/report.js'
import { qualified, type SqlSession } from '../connection/session.js'

/** How many findings of one reason and thread are listed. */
const LISTED: Readonly<Record<FindingKind, number>> = {
  ignored: 3,
  gone: 3,
  repaired: 10,
  rejected: 200,
  conflict: 200,
}

interface Entry {
  readonly finding: Finding
  count: number
}

/** Of one reason and thread the first ones, the last of them with the number of all that follow. */
function listed(findings: readonly Finding[]): Entry[] {
  const groups = new Map<string, Entry[]>()
  for (const finding of findings) {
    const name = `${finding.reason}\0${finding.threadId ?? ''}`
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [{ finding, count: 1 }])
    else if (group.length < LISTED[kindOf(finding)]) group.push({ finding, count: 1 })
    else group.at(-1)!.count++
  }
  return [...groups.values()].flat()
}

/** Inserts findings; with `anew`, what this run had said of these threads before goes first. Inside the caller's transaction. */
export async function recordFindings(
  session: SqlSession,
  ledgerSchema: string,
  run: { readonly id: number; readonly anew: readonly string[] },
  findings: readonly Finding[],
): Promise<void> {
  const table = qualified(ledgerSchema, 'findings')
  const anew = run.anew.filter(isStorable)
  if (anew.length > 0) {
    await session.query(
      `DELETE FROM ${table} f USING unnest($2::text[]) AS k(thread_id)
       WHERE f.run_id = $1 AND hashtextextended(f.thread_id, 0) = hashtextextended(k.thread_id, 0)
         AND f.thread_id = k.thread_id`,
      [run.id, anew],
    )
  }
  await insert(session, table, run.id, listed(findings))
}

/** What was found that belongs to no thread: one row a reason, with one key as an example. Replaces what the run said before. */
export async function recordCounts(
  session: SqlSession,
  ledgerSchema: string,
  runId: number,
  counts: readonly { readonly example: Finding; readonly count: number }[],
): Promise<void> {
  const table = qualified(ledgerSchema, 'findings')
  await session.query(`DELETE FROM ${table} WHERE run_id = $1 AND thread_id IS NULL AND kind = 'ignored'`, [
    runId,
  ])
  const entries = counts.map(({ example, count }) => ({ finding: { ...example, threadId: '\0' }, count }))
  await insert(session, table, runId, entries)
}

/** What was found of keys of the store: named one by one as far as they are here, and counted. Replaces what the run said of them before. */
export async function recordOfStore(
  session: SqlSession,
  ledgerSchema: string,
  runId: number,
  found: readonly FindingCount[],
): Promise<void> {
  const table = qualified(ledgerSchema, 'findings')
  const entries = found.flatMap(({ samples, count }): Entry[] => {
    const named = listed(samples)
    const last = named.pop()
    return last === undefined ? [] : [...named, { ...last, count: last.count + count - samples.length }]
  })
  await session.query(
    `DELETE FROM ${table} WHERE run_id = $1 AND thread_id IS NULL AND kind <> 'ignored' AND key = ANY ($2::bytea[])`,
    [runId, entries.flatMap(({ finding: { key } }) => key ?? [])],
  )
  await insert(session, table, runId, entries)
}

async function insert(
  session: SqlSession,
  table: string,
  runId: number,
  entries: readonly Entry[],
): Promise<void> {
  if (entries.length === 0) return
  const of = <T>(column: (finding: Finding) => T): T[] => entries.map(({ finding }) => column(finding))
  await session.query(
    `INSERT INTO ${table} (run_id, thread_id, key, kind, reason, detail, checkpoint_ns, checkpoint_id, count)
     SELECT $1::int, * FROM unnest($2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])`,
    [
      runId,
      of(({ threadId }) => (threadId !== undefined && isStorable(threadId) ? threadId : null)),
      of(({ key }) => key ?? null),
      of(kindOf),
      of(({ reason }) => reason),
      of(({ detail }) => shown(detail)),
      of(({ checkpointNs }) => shown(checkpointNs)),
      of(({ checkpointId }) => shown(checkpointId)),
      entries.map(({ count }) => count),
    ],
  )
}

/** Postgres' text has no NUL: a thread named with one is told by its key alone. */
const isStorable = (threadId: string): boolean => !threadId.includes('\0')
const shown = (text: string | undefined): string | null => text?.replaceAll('\0', '\\0') ?? null
