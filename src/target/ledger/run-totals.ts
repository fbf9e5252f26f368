/** How far runs have come: sums over the rows that are committed. */
import type { FindingTotal, RunTotals } from '../../model/status-report.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { LEDGER_TABLES } from '../init/ddl.js'

type Row = { readonly run_id: number } & Readonly<Record<string, bigint>>

/** Runs without a thread or an item of the store are left out. */
export async function runTotals(
  session: SqlSession,
  ledgerSchema: string,
  runIds: readonly number[],
): Promise<Map<number, RunTotals>> {
  const { rows } = await session.query<Row>(
    `SELECT run_id, ${['whole', 'partial', 'rejected'].map((name) => countWhere('completeness', name)).join(', ')},
       ${PROGRESS.map((name) => countWhere('progress', name)).join(', ')},
       ${SUMS.map((name) => `sum(${name}) FILTER (WHERE progress <> 'rolled_back')::bigint AS ${name}`).join(', ')}
     FROM ${qualified(ledgerSchema, 'threads')} WHERE run_id = ANY($1::int[]) GROUP BY run_id`,
    [runIds],
  )
  const { rows: items } = await session.query<Row>(
    `SELECT run_id, count(*) AS store_items FROM ${qualified(ledgerSchema, 'store_items')}
     WHERE run_id = ANY($1::int[]) AND is_written AND progress <> 'rolled_back' GROUP BY run_id`,
    [runIds],
  )
  const itemsOf = new Map(items.map((row) => [row.run_id, row]))
  return new Map(
    [...rows, ...items].map(({ run_id }) => [
      run_id,
      totalsOf({
        ...rows.find((row) => row.run_id === run_id),
        ...itemsOf.get(run_id),
        run_id,
      } as unknown as Row),
    ]),
  )
}

const PROGRESS = ['differs', 'verified', 'purging', 'purged', 'rolled_back']
const SUMS = ['checkpoints', 'writes', 'blobs', 'rewritten', 'target_bytes']
const countWhere = (column: string, name: string) =>
  `count(*) FILTER (WHERE ${column} = '${name}') AS ${name}`

function totalsOf(row: Row): RunTotals {
  const of = (name: string): number => Number(row[name] ?? 0)
  return {
    threads: {
      whole: of('whole'),
      partial: of('partial'),
      rejected: of('rejected'),
      differs: of('differs'),
      verified: of('verified'),
      purging: of('purging'),
      purged: of('purged'),
      rolledBack: of('rolled_back'),
    },
    rows: {
      checkpoints: of('checkpoints'),
      writes: of('writes'),
      blobs: of('blobs'),
      rewritten: of('rewritten'),
      storeItems: of('store_items'),
    },
    bytes: of('target_bytes'),
  }
}

export const NO_TOTALS: RunTotals = totalsOf({ run_id: 0 } as Row)

/** Findings of runs, summed by reason, the gravest kind first. */
export async function findingTotals(
  session: SqlSession,
  ledgerSchema: string,
  runIds: readonly number[],
): Promise<Map<number, FindingTotal[]>> {
  const { rows } = await session.query<Omit<FindingTotal, 'count'> & { run_id: number; count: bigint }>(
    `SELECT run_id, kind, reason, sum(count)::bigint AS count FROM ${qualified(ledgerSchema, 'findings')}
     WHERE run_id = ANY($1::int[]) GROUP BY run_id, kind, reason
     ORDER BY array_position(ARRAY['conflict', 'rejected', 'repaired', 'gone', 'ignored'], kind), reason`,
    [runIds],
  )
  const totals = new Map<number, FindingTotal[]>()
  for (const { run_id, kind, reason, count } of rows) {
    const ofRun = totals.get(run_id) ?? []
    ofRun.push({ kind, reason, count: Number(count) })
    totals.set(run_id, ofRun)
  }
  return totals
}

/** What the ledger's tables and their indexes take on disk. */
export async function ledgerBytes(session: SqlSession, ledgerSchema: string): Promise<number> {
  const { rows } = await session.query<{ bytes: bigint | null }>(
    `SELECT sum(pg_total_relation_size(c.oid))::bigint AS bytes
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = ANY($2::text[]) AND c.relkind = 'r'`,
    [ledgerSchema, LEDGER_TABLES],
  )
  return Number(rows[0]?.bytes ?? 0)
}
