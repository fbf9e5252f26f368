/** Are the tables that stand there LangGraph's? Decided by columns and keys, never by the numbers recorded beside them (pure). */
import type { FailureId } from '../../model/failure.js'
import { CHECKPOINT_TABLES, type CheckpointTable, MISSING_IN_SHALLOW, SHAPES } from './ddl.js'
import type { TableState, TargetState } from './schema.js'

/** Why a target cannot be used, with the facts of its failure. */
export interface Refusal {
  readonly id: Extract<
    FailureId,
    | 'shallow-tables'
    | 'foreign-tables'
    | 'ledger-newer'
    | 'ledger-names-taken'
    | 'no-compression'
    | 'no-pgvector'
  >
  readonly facts: Readonly<Record<string, string | number>>
}

/** Undefined where every table that exists is one the full savers made, in whatever version. */
export function refusalOfTables(state: TargetState): Refusal | undefined {
  for (const [table, column] of Object.entries(MISSING_IN_SHALLOW)) {
    if (isShallow(state.tables.get(table as CheckpointTable), column)) {
      return { id: 'shallow-tables', facts: { evidence: `${table} has no column ${column}` } }
    }
  }
  for (const table of CHECKPOINT_TABLES) {
    const found = state.tables.get(table)
    const evidence = found === undefined ? undefined : differenceOf(found, table)
    if (evidence !== undefined) return { id: 'foreign-tables', facts: { table: `table ${table}`, evidence } }
  }
  return undefined
}

/** All that the full saver's table has but for the one column. */
function isShallow(found: TableState | undefined, missing: string): boolean {
  if (found === undefined || found.columns.has(missing)) return false
  return found.columns.has('thread_id') && found.columns.has('checkpoint_ns') && found.columns.has('type')
}

function differenceOf(found: TableState, table: CheckpointTable): string | undefined {
  if (found.kind === 'other') return 'it is a view or a foreign table'
  const { columns, primaryKey } = SHAPES[table]
  for (const [name, type] of Object.entries(columns)) {
    const column = found.columns.get(name)
    if (column === undefined) return `it has no column ${name}`
    if (!isType(column.type, type)) return `its column ${name} is ${column.type}, not ${type}`
  }
  if (found.primaryKey.join() !== primaryKey.join()) {
    const key =
      found.primaryKey.length === 0
        ? 'it has no primary key'
        : `its primary key is (${found.primaryKey.join(', ')})`
    return `${key}, and rows are told apart by (${primaryKey.join(', ')})`
  }
  for (const [name, column] of found.columns) {
    if (name in columns || name === 'task_path' || column.nullable || column.hasDefault) continue
    return `its column ${name} wants a value that no saver writes`
  }
  return undefined
}

/** varchar holds and orders what text does. */
const isType = (found: string, wanted: string): boolean =>
  found === wanted || (wanted === 'text' && found === 'character varying')
