/** From what init saw and did to its report (pure). */
import type { InitReport, InitStepNote } from '../model/init-report.js'
import { REPORT_SCHEMA_VERSION } from '../model/report.js'
import { scriptOf } from '../target/init/apply.js'
import {
  type CheckpointTable,
  MIGRATIONS_TABLE,
  TASK_PATH_STEP,
  type WantedTables,
} from '../target/init/ddl.js'
import type { InitPlan } from '../target/init/plan.js'
import type { TargetState } from '../target/init/schema.js'
import type { InitStep } from '../target/init/steps.js'

export function initReport(facts: {
  readonly endpoint: string
  readonly wanted: WantedTables
  readonly before: TargetState
  readonly done: readonly InitStep[]
  readonly after: InitPlan
}): InitReport {
  const { wanted, before, after } = facts
  const building = after.building.map((index) => ({
    what: `index ${index}`,
    why: 'another session is building it',
  }))
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    command: 'init',
    endpoint: facts.endpoint,
    schema: wanted.schema,
    ledgerSchema: wanted.ledgerSchema,
    dialect: wanted.dialect,
    found: {
      saver: saverOf(before),
      step: before.numbers.at(-1) ?? null,
      ledgerStep: before.ledger.numbers.at(-1) ?? null,
      checkpointsEstimate: before.tables.get('checkpoints')?.rowsEstimate ?? null,
    },
    made: facts.done.map(noteOf),
    missing: [...after.steps.map(noteOf), ...building],
    notes: after.notes,
    script: scriptOf(after.steps),
  }
}

const noteOf = ({ what, why }: InitStep): InitStepNote => ({ what, why })

/** Only the Python saver makes a task path, indexes on thread_id and numbers over 4. */
function saverOf(state: TargetState): InitReport['found']['saver'] {
  const tables = [...state.tables.keys()].filter((table: CheckpointTable) => table !== MIGRATIONS_TABLE)
  if (tables.length === 0) return 'none'
  const hasTaskPath = state.tables.get('checkpoint_writes')?.columns.has('task_path') ?? false
  const hasIndexes = [...state.indexes.keys()].some((name) => name.endsWith('_thread_id_idx'))
  const hasNumbers = state.numbers.some((number) => number > 4 && number <= TASK_PATH_STEP)
  return hasTaskPath || hasIndexes || hasNumbers ? 'python' : 'python-or-js'
}
