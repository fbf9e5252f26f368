/** What must be true of a target at any moment, whatever happened before: each broken promise is a sentence. */
import { sql } from '../services/postgres.js'

const TABLES = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'] as const

/** Every row of the saver's tables, as text in a fixed order. */
export async function rowsOf(url: string): Promise<string[]> {
  const all = await Promise.all(
    TABLES.map((table) =>
      sql<{ row: string }>(
        url,
        `SELECT '${table} ' || t::text AS row FROM ${table} t ORDER BY t::text COLLATE "C"`,
      ),
    ),
  )
  return all.flat().map(({ row }) => row)
}

/** Nothing if the tables hold exactly these rows. */
export async function otherRows(url: string, expected: readonly string[]): Promise<string[]> {
  const rows = await rowsOf(url)
  const [there, wanted] = [new Set(rows), new Set(expected)]
  const extra = rows.filter((row) => !wanted.has(row))
  const missing = expected.filter((row) => !there.has(row))
  if (rows.length === expected.length && extra.length + missing.length === 0) return []
  const shown = [...extra.map((row) => `+ ${row}`), ...missing.map((row) => `- ${row}`)].slice(0, 4)
  return [
    `the tables hold ${extra.length} rows too many and lack ${missing.length}: ${shown.map((row) => row.slice(0, 160)).join(' | ')}`,
  ]
}

/**
 * The ledger's sums are what the tables hold, thread by thread. Only for a target in which all rows are ours: then it holds at every
 * moment, because rows and ledger commit together.
 */
export async function falseLedger(url: string): Promise<string[]> {
  const wrong = await sql<{ what: string }>(
    url,
    `WITH recorded AS (
       SELECT thread_id, sum(checkpoints)::int AS c, sum(blobs)::int AS b, sum(writes)::int AS w
       FROM cp_migrate.threads WHERE progress <> 'rolled_back' GROUP BY 1),
     counted AS (
       SELECT thread_id, sum(c)::int AS c, sum(b)::int AS b, sum(w)::int AS w FROM (
         SELECT thread_id, 1 AS c, 0 AS b, 0 AS w FROM checkpoints
         UNION ALL SELECT thread_id, 0, 1, 0 FROM checkpoint_blobs
         UNION ALL SELECT thread_id, 0, 0, 1 FROM checkpoint_writes) AS rows GROUP BY 1)
     SELECT format('thread %s: the ledger says %s checkpoints, %s values and %s writes, there are %s, %s and %s', thread_id,
       coalesce(r.c, 0), coalesce(r.b, 0), coalesce(r.w, 0), coalesce(n.c, 0), coalesce(n.b, 0), coalesce(n.w, 0)) AS what
     FROM recorded r FULL JOIN counted n USING (thread_id)
     WHERE (coalesce(r.c, 0), coalesce(r.b, 0), coalesce(r.w, 0)) <> (coalesce(n.c, 0), coalesce(n.b, 0), coalesce(n.w, 0))
     UNION ALL
     SELECT format('thread %s of run %s: %s rows inserted, %s of them listed; %s rewritten, %s of them kept', thread_id, run_id,
       checkpoints + blobs + writes, listed, rewritten, kept)
     FROM (SELECT t.*,
         (SELECT count(*) FROM cp_migrate.inserted i WHERE (i.run_id, i.thread_id) = (t.run_id, t.thread_id)) AS listed,
         (SELECT count(*) FROM cp_migrate.replaced r WHERE (r.run_id, r.thread_id) = (t.run_id, t.thread_id)) AS kept
       FROM cp_migrate.threads t WHERE progress <> 'rolled_back' AND had_rows_before) AS t
     WHERE listed <> checkpoints + blobs + writes OR kept > rewritten
     LIMIT 3`,
  )
  return wrong.map(({ what }) => what)
}

/** No run says that it is at work; for a moment at which nobody is. */
export async function stillRunning(url: string): Promise<string[]> {
  const rows = await sql<{ id: number }>(url, `SELECT id FROM cp_migrate.runs WHERE state = 'running'`)
  return rows.map(({ id }) => `run ${id} is still called running`)
}

/** Returns when no session of the tool is left in that database: a server notices only after a while that a client has died. */
export async function untilAlone(url: string): Promise<void> {
  for (;;) {
    const left = await sql(
      url,
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'cp-migrate' AND datname = current_database()`,
    )
    if (left.length === 0) return
  }
}
