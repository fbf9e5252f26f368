/** The single things init can make, each with its SQL, its reason and the right it takes (pure). */

import { qualified, quoted } from '../connection/session.js'
import {
  BLOB_NULL_STEP,
  type CheckpointTable,
  COMPRESSIBLE,
  INDEX_STEPS,
  MIGRATIONS_TABLE,
  TABLE_STEPS,
  TASK_PATH_STEP,
  type WantedTables,
} from './ddl.js'
import { type Migration, withSchemas } from './migrations.js'
import type { TargetState } from './schema.js'

/** One thing that is made, and what it takes. */
export interface InitStep {
  /** `table checkpoints`, `index checkpoints_thread_id_idx` */
  readonly what: string
  /** `missing`, `left invalid by a build that failed`, … */
  readonly why: string
  readonly sql: readonly string[]
  /** Cannot run inside a transaction. */
  readonly alone: boolean
  readonly needs: { readonly right: string; readonly remedy: string }
}

export const isNew = (state: TargetState, table: CheckpointTable): boolean => !state.tables.has(table)

export function schemaSteps(state: TargetState, wanted: WantedTables): InitStep[] {
  const own = state.schemaExists ? [] : [schemaStep(wanted.schema, wanted, '--schema')]
  if (state.ledger.schemaExists || wanted.ledgerSchema === wanted.schema) return own
  return [...own, schemaStep(wanted.ledgerSchema, wanted, '--ledger-schema')]
}

/** Tables, the nullable blob and the task path, in the saver's own order, so that columns come out in the same order too. */
export function tableSteps(state: TargetState, wanted: WantedTables, set: readonly Migration[]): InitStep[] {
  const blob = state.tables.get('checkpoint_blobs')?.columns.get('blob')
  const hasTaskPath = state.tables.get('checkpoint_writes')?.columns.has('task_path') ?? false
  return set.flatMap(({ number, statements }): InitStep[] => {
    const sql = inSchemas(statements, wanted)
    const table = TABLE_STEPS[number]
    if (table !== undefined && isNew(state, table)) {
      return [{ what: `table ${table}`, why: 'missing', sql, alone: false, needs: toCreateIn(wanted) }]
    }
    if (number === BLOB_NULL_STEP && blob?.nullable === false) {
      const needs = toAlter('checkpoint_blobs', state, wanted)
      const why = 'savers before 1.0.2 made it NOT NULL'
      return [{ what: 'null in checkpoint_blobs.blob', why, sql, alone: false, needs }]
    }
    if (number === TASK_PATH_STEP && !hasTaskPath) {
      const needs = toAlter('checkpoint_writes', state, wanted)
      return [{ what: 'column checkpoint_writes.task_path', why: 'missing', sql, alone: false, needs }]
    }
    return []
  })
}

export function indexStep(
  number: number,
  state: TargetState,
  wanted: WantedTables,
  set: readonly Migration[],
): InitStep {
  const { index, table } = INDEX_STEPS[number]!
  const isInvalid = state.indexes.get(index)?.health === 'invalid'
  // On a table that nobody else has seen yet CONCURRENTLY would only cost us the transaction; a partitioned table refuses it.
  const alone = state.tables.get(table)?.kind === 'table'
  const drop = isInvalid ? [`DROP INDEX CONCURRENTLY IF EXISTS ${qualified(wanted.schema, index)}`] : []
  const statements = set.find((migration) => migration.number === number)?.statements ?? []
  const sql = [...drop, ...inSchemas(statements, wanted)]
  return {
    what: `index ${index}`,
    why: isInvalid ? 'left invalid by a build that failed' : 'missing',
    sql: alone ? sql : sql.map((one) => one.replace(' CONCURRENTLY', '')),
    alone,
    needs: toAlter(table, state, wanted),
  }
}

export function numberSteps(numbers: readonly number[], wanted: WantedTables): InitStep[] {
  if (numbers.length === 0) return []
  const table = qualified(wanted.schema, MIGRATIONS_TABLE)
  const values = numbers.map((number) => `(${number})`).join(', ')
  return [
    {
      what: `${numbers.length === 1 ? 'number' : 'numbers'} ${shown(numbers)} in ${MIGRATIONS_TABLE}`,
      why: 'not recorded',
      sql: [`INSERT INTO ${table} (v) VALUES ${values} ON CONFLICT DO NOTHING`],
      alone: false,
      needs: {
        right: `INSERT on table ${table}`,
        remedy: `Its owner can GRANT SELECT, INSERT ON ${table} TO ${quoted(wanted.user)}`,
      },
    },
  ]
}

export function compressionSteps(state: TargetState, wanted: WantedTables): InitStep[] {
  const { compression } = wanted
  if (compression === undefined) return []
  return Object.entries(COMPRESSIBLE).flatMap(([name, columns]) => {
    const table = name as keyof typeof COMPRESSIBLE
    const found = state.tables.get(table)
    const others = columns.filter((column) => found?.columns.get(column)?.compression !== compression)
    if (others.length === 0) return []
    const changes = others.map((column) => `ALTER COLUMN ${column} SET COMPRESSION ${compression}`).join(', ')
    return [
      {
        what: `${compression} compression of ${others.map((column) => `${table}.${column}`).join(' and ')}`,
        why: 'asked for',
        sql: [`ALTER TABLE ${qualified(wanted.schema, table)} ${changes}`],
        alone: false,
        needs: toAlter(table, state, wanted),
      },
    ]
  })
}

export function ledgerSteps(
  state: TargetState,
  wanted: WantedTables,
  ledger: readonly Migration[],
): InitStep[] {
  const schema = quoted(wanted.ledgerSchema)
  return ledger
    .filter(({ number }) => !state.ledger.numbers.includes(number))
    .map(({ number, statements }) => ({
      what: `ledger step ${number} in schema ${wanted.ledgerSchema}`,
      why: 'missing',
      sql: [
        ...inSchemas(statements, wanted),
        `INSERT INTO ${schema}.ledger_migrations (v) VALUES (${number})`,
      ],
      alone: false,
      needs: {
        right: `CREATE on schema ${schema}`,
        remedy: `Its owner can GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${quoted(wanted.user)}, or name another schema with --ledger-schema`,
      },
    }))
}

const inSchemas = (statements: readonly string[], { schema, ledgerSchema }: WantedTables): string[] =>
  statements.map((sql) => withSchemas(sql, { schema, ledger: ledgerSchema }))

const toCreateIn = ({ schema, user }: WantedTables): InitStep['needs'] => ({
  right: `CREATE on schema ${quoted(schema)}`,
  remedy: `Its owner can GRANT USAGE, CREATE ON SCHEMA ${quoted(schema)} TO ${quoted(user)}`,
})

/** Postgres has no right to grant for this: only a table's owner may alter or index it. */
function toAlter(table: CheckpointTable, state: TargetState, wanted: WantedTables): InitStep['needs'] {
  const found = state.tables.get(table)
  if (found === undefined) return toCreateIn(wanted)
  return {
    right: `ownership of table ${qualified(wanted.schema, table)}`,
    remedy: `Run init as its owner, ${quoted(found.owner)}`,
  }
}

const schemaStep = (schema: string, { user, database }: WantedTables, option: string): InitStep => ({
  what: `schema ${schema}`,
  why: 'missing',
  sql: [`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`],
  alone: false,
  needs: {
    right: `CREATE on database ${quoted(database)}`,
    remedy: `Its owner can GRANT CREATE ON DATABASE ${quoted(database)} TO ${quoted(user)}, or name a schema that exists with ${option}`,
  },
})

/** `0–9`, `5`, `6, 8` */
function shown(numbers: readonly number[]): string {
  const first = numbers[0]!
  const isRun = numbers.length > 2 && numbers.every((number, at) => number === first + at)
  return isRun ? `${first}–${numbers.at(-1)}` : numbers.join(', ')
}
