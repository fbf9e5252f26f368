/** Rows by their primary keys: from a result, as text for maps, as parameters of a statement. */
import { TABLES, type TableName } from '../../model/rows.js'
import type { RowKey } from './commit.js'

/** Values before the rows that name them. */
export const TABLE_ORDER: readonly TableName[] = ['checkpoint_blobs', 'checkpoint_writes', 'checkpoints']

export const rowKey = (table: TableName, row: Readonly<Record<string, unknown>>): RowKey => ({
  table,
  key: TABLES[table].map((column) => String(row[column])),
})

/** The checkpoint that a write belongs to; a checkpoint itself. */
export const checkpointOf = ({ key }: RowKey): RowKey => ({ table: 'checkpoints', key: key.slice(0, 3) })

/** For maps and sets; ids hold no NUL. */
export const textOf = ({ key }: RowKey): string => key.join('\0')

/** `unnest($1, …) AS k(…)` of a primary key's columns. */
export const unnested = (columns: readonly string[]): string =>
  `unnest(${columns.map((column, at) => `$${at + 1}::${column === 'idx' ? 'int' : 'text'}[]`).join(', ')}) AS k(${columns.join(', ')})`

/** The first `count` columns of the keys, each as one array. */
export const columnsOf = (rows: readonly RowKey[], count: number): string[][] =>
  Array.from({ length: count }, (_, at) => rows.map(({ key }) => key[at]!))
