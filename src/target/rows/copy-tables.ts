/** Sends the tuples of a batch: into LangGraph's tables, or into those where they wait. */
import type { TableName } from '../../model/rows.js'
import { COPY_HEADER, COPY_TRAILER } from './copy-buffer.js'
import { TABLE_ORDER } from './row-keys.js'
import type { Columns, CopySession } from './staging.js'

/** COPY BINARY of ready tuples, table by table. */
export async function copyTuples(
  session: CopySession,
  columns: Columns,
  /** Where they go, already quoted. */
  into: (table: TableName) => string,
  tuples: (table: TableName) => readonly Buffer[],
): Promise<void> {
  for (const table of TABLE_ORDER) {
    const pieces = tuples(table)
    if (pieces.length === 0) continue
    const copy = `COPY ${into(table)} (${columns[table].join(', ')}) FROM STDIN (FORMAT binary)`
    await session.copyIn(copy, [COPY_HEADER, ...pieces, COPY_TRAILER])
  }
}
