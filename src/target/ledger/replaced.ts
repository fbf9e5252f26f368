/** Primary keys of rows that a run inserted, and rows as they were before it rewrote them: what rollback works from. */
import { TABLES, type TableName } from '../../model/rows.js'
import { qualified, type SqlSession } from '../connection/session.js'
import type { RowKey } from '../rows/commit.js'
import { columnsOf, TABLE_ORDER, unnested } from '../rows/row-keys.js'
import { COLUMNS, readable } from '../rows/staging.js'

interface OfRun {
  readonly runId: number
  readonly schema: string
  readonly ledgerSchema: string
}

export async function recordInserted(
  session: SqlSession,
  { runId, ledgerSchema }: OfRun,
  rows: readonly RowKey[],
): Promise<void> {
  for (const table of TABLE_ORDER) {
    const ofTable = rows.filter((row) => row.table === table)
    if (ofTable.length === 0) continue
    const primary = TABLES[table]
    const at = primary.length + 1
    await session.query(
      `INSERT INTO ${qualified(ledgerSchema, 'inserted')} (run_id, tbl, ${primary.join(', ')})
       SELECT $${at}::int, $${at + 1}::text, k.* FROM ${unnested(primary)}`,
      [...columnsOf(ofTable, primary.length), runId, table],
    )
  }
}

/** Keeps the rows as they are now. A row that this run itself made or has rewritten before is not kept: the first one counts. */
export async function keepReplaced(
  session: SqlSession,
  { runId, schema, ledgerSchema }: OfRun,
  rows: readonly RowKey[],
): Promise<void> {
  for (const table of TABLE_ORDER) {
    const ofTable = rows.filter((row) => row.table === table)
    if (ofTable.length === 0) continue
    const primary = TABLES[table]
    const columns = COLUMNS[table].join(', ')
    const at = primary.length + 1
    const noted = (list: string) =>
      `NOT EXISTS (SELECT FROM ${qualified(ledgerSchema, list)} n WHERE n.run_id = $${at}::int AND n.tbl = $${at + 1}::text
         AND ${primary.map((column) => `n.${column} = x.${column}`).join(' AND ')})`
    await session.query(
      `INSERT INTO ${qualified(ledgerSchema, 'replaced')} (run_id, tbl, ${columns})
       SELECT $${at}::int, $${at + 1}::text, ${COLUMNS[table].map((column) => `x.${column}`).join(', ')}
       FROM ${readable(schema, table)} x JOIN ${unnested(primary)} USING (${primary.join(', ')})
       WHERE ${noted('replaced')} AND ${noted('inserted')}`,
      [...columnsOf(ofTable, primary.length), runId, table satisfies TableName],
    )
  }
}
