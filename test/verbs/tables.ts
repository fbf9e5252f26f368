/** Everything that stands in LangGraph's tables, as text that can be compared. */
import { sql } from '../services/postgres.js'

const TABLES = ['checkpoints', 'checkpoint_blobs', 'checkpoint_writes'] as const

export type Tables = Readonly<Record<(typeof TABLES)[number], readonly string[]>>

/** Every row of every table, sorted: two of these are equal where `COPY … TO` gives the same lines. */
export async function tablesOf(url: string, schema = 'public'): Promise<Tables> {
  const entries = TABLES.map(async (table) => {
    const rows = await sql<{ line: string }>(
      url,
      `SELECT t::text AS line FROM "${schema}".${table} t ORDER BY 1`,
    )
    return [table, rows.map(({ line }) => line)] as const
  })
  return Object.fromEntries(await Promise.all(entries)) as Record<(typeof TABLES)[number], string[]>
}

/** A new checkpoint as the official saver puts it after `parent`: with one new value and the others as they were. */
export async function continueThread(url: string, threadId: string, newId: string): Promise<void> {
  await sql(
    url,
    `INSERT INTO checkpoints
     SELECT thread_id, checkpoint_ns, $2, checkpoint_id, NULL, jsonb_set(checkpoint, '{id}', to_jsonb($2::text)), metadata
     FROM checkpoints WHERE thread_id = $1 AND checkpoint_ns = '' ORDER BY checkpoint_id DESC LIMIT 1`,
    [threadId, newId],
  )
}
