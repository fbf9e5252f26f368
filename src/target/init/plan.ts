/** What init is going to do, as a value: compares what a target has with what the newest saver's setup() would leave (pure). */
import { INDEX_STEPS, MIGRATIONS_TABLE, type WantedTables } from './ddl.js'
import type { Migration, Migrations } from './migrations.js'
import type { IndexState, TargetState } from './schema.js'
import { type Refusal, refusalOfTables } from './shape.js'
import {
  compressionSteps,
  type InitStep,
  indexStep,
  ledgerSteps,
  numberSteps,
  schemaSteps,
  tableSteps,
} from './steps.js'

export interface InitPlan {
  /** In order; neighbours that are not `alone` go into one transaction. Empty: nothing is missing. */
  readonly steps: readonly InitStep[]
  /** Indexes that another session builds at this moment; what rests on them is left out of the steps. */
  readonly building: readonly string[]
  /** Worth knowing, but nothing to do. */
  readonly notes: readonly string[]
  /** The target is not to be touched at all; the plan then has no steps. */
  readonly refusal?: Refusal
}

/** `migrations` are the SQL texts; which of them run is decided by columns and indexes, never by the recorded numbers. */
export function planInit(state: TargetState, wanted: WantedTables, migrations: Migrations): InitPlan {
  const refusal =
    refusalOfTables(state) ??
    refusalOfLedger(state, wanted, migrations) ??
    refusalOfCompression(state, wanted)
  if (refusal !== undefined) return { steps: [], building: [], notes: [], refusal }

  const set = migrations[`langgraph-${wanted.dialect}`]
  const lacking = set.map(({ number }) => number).filter((number) => isIndexLacking(number, state))
  const isDeferred = wanted.deferIndexes && lacking.length > 0
  const isBuilding = (number: number) => state.indexes.get(INDEX_STEPS[number]!.index)?.health === 'building'
  const indexes = isDeferred
    ? []
    : lacking.filter((number) => !isBuilding(number)).map((number) => indexStep(number, state, wanted, set))
  const building = isDeferred ? [] : lacking.filter(isBuilding)

  // A number is recorded once all below it are applied, so that whoever goes on from the highest, as setup() does, skips nothing.
  const toRecord = set.map(({ number }) => number).filter((number) => !state.numbers.includes(number))
  const isInTransaction = indexes.every((step) => !step.alone) && building.length === 0 && !isDeferred
  const firstLate = isInTransaction ? Number.POSITIVE_INFINITY : Math.min(...lacking)
  const late = isDeferred || building.length > 0 ? [] : toRecord.filter((number) => number >= firstLate)

  return {
    steps: [
      ...schemaSteps(state, wanted),
      ...tableSteps(state, wanted, set),
      ...indexes.filter((step) => !step.alone),
      ...numberSteps(
        toRecord.filter((number) => number < firstLate),
        wanted,
      ),
      ...compressionSteps(state, wanted),
      ...ledgerSteps(state, wanted, migrations.ledger),
      ...indexes.filter((step) => step.alone),
      ...numberSteps(late, wanted),
    ],
    building: building.map((number) => INDEX_STEPS[number]!.index),
    notes: notesOf(state, wanted, set, isDeferred),
  }
}

/** An index that stands under the name in another shape is left as it is: setup() would not touch it either. */
function isIndexLacking(number: number, state: TargetState): boolean {
  const wanted = INDEX_STEPS[number]
  if (wanted === undefined) return false
  const found = state.indexes.get(wanted.index)
  return found === undefined || (found.health !== 'valid' && isExpected(found, wanted.table))
}

const isExpected = (found: IndexState, table: string): boolean =>
  found.table === table && found.columns.join() === 'thread_id'

function refusalOfLedger(
  state: TargetState,
  wanted: WantedTables,
  migrations: Migrations,
): Refusal | undefined {
  const { numbers, tables } = state.ledger
  const schema = wanted.ledgerSchema
  const known = Math.max(...migrations.ledger.map((migration) => migration.number))
  const found = Math.max(0, ...numbers)
  if (found > known) return { id: 'ledger-newer', facts: { schema, found, known } }
  if (numbers.length === 0 && tables.length > 0) {
    return { id: 'ledger-names-taken', facts: { schema, tables: tables.join(', ') } }
  }
  return undefined
}

function refusalOfCompression(state: TargetState, { compression }: WantedTables): Refusal | undefined {
  if (compression === undefined || state.compressions.includes(compression)) return undefined
  return { id: 'no-compression', facts: { method: compression } }
}

function notesOf(
  state: TargetState,
  wanted: WantedTables,
  set: readonly Migration[],
  isDeferred: boolean,
): string[] {
  const notes: string[] = []
  const last = Math.max(...set.map((migration) => migration.number))
  const newer = state.numbers.filter((number) => number > last)
  if (newer.length > 0 && wanted.dialect === 'python') {
    notes.push(`${MIGRATIONS_TABLE} also lists ${newer.join(', ')}: a newer saver was here; left as it is`)
  }
  for (const { index, table } of Object.values(INDEX_STEPS)) {
    const found = state.indexes.get(index)
    if (found !== undefined && !isExpected(found, table)) {
      notes.push(`index ${index} is on ${found.table} (${found.columns.join(', ')}); left as it is`)
    }
  }
  if (isDeferred) notes.push('the thread_id indexes are left for after the load: run init again then')
  if (state.storeTables.length > 0) notes.push(`store tables are left alone: ${state.storeTables.join(', ')}`)
  const hasRows = [...state.tables.values()].some((table) => (table.rowsEstimate ?? 0) > 0)
  if (wanted.compression !== undefined && hasRows) {
    notes.push('rows that are there keep their compression until they are rewritten')
  }
  return notes
}
