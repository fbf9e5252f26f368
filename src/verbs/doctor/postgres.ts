/** The verdicts on a Postgres (pure): tables and who made them, rights, connections, what is to come. */
import { type Check, checkOf } from '../../model/doctor-report.js'
import { formatBytes, formatCount } from '../../report/format.js'
import type { ServerFacts } from '../../target/connection/connect-checks.js'
import { versionText } from '../../target/connection/connect-checks.js'
import { quoted } from '../../target/connection/session.js'
import type { PostgresHealth } from '../../target/doctor/examine.js'
import type { TargetState } from '../../target/init/schema.js'

export interface TargetLook {
  readonly server: ServerFacts
  readonly schema: string
  readonly ledgerSchema: string
  readonly state: TargetState
  readonly health: PostgresHealth
  /** What init would make for the newest Python saver: `table checkpoints`, `column checkpoint_writes.task_path`. */
  readonly lacking: readonly string[]
  /** Steps that are not recorded, of those the Python saver knows. */
  readonly unrecorded: readonly number[]
  /** The user's own flags for the next command. */
  readonly flags: string
}

/** What Redis is going to bring, where that is known. */
export interface Forecast {
  readonly keys: number
  /** What these keys take in Redis: rows take less, for they hold each channel value once. */
  readonly bytes: number
}

/** Three for the rows, one for the lock, one to look around. */
const CONNECTIONS_NEEDED = 5
/** Measured on threads of 14 keys each (76): a packed name and digest of a key, and its share of the thread's row. */
const LEDGER_BYTES_A_KEY = 80

export function checksOfPostgres(
  look: TargetLook,
  { forecast, hasPython }: { readonly forecast: Forecast | null; readonly hasPython: boolean },
): Check[] {
  const { server, schema, health, state } = look
  const { user, version } = server
  return [
    checkOf('postgres-server', { version: versionText(version), schema, user }),
    ...tablesOf(look, hasPython),
    ...[...state.indexes]
      .filter(([, { health: condition }]) => condition === 'invalid')
      .map(([index]) => checkOf('postgres-index-invalid', { index, flags: look.flags })),
    ...rightsOf(look),
    compressionOf(look),
    connectionsOf(health),
    state.ledger.numbers.length > 0 ? checkOf('postgres-ledger', { ledger: look.ledgerSchema }) : null,
    forecast === null || forecast.keys === 0 ? null : spaceOf(forecast, health),
  ].filter((check) => check !== null)
}

function tablesOf({ state, health, lacking, unrecorded, flags }: TargetLook, hasPython: boolean): Check[] {
  if (!state.tables.has('checkpoints')) return [checkOf('postgres-nothing-yet', { flags })]
  const last = Math.max(0, ...state.numbers)
  // Its steps end before the column and the indexes that the Python saver makes.
  const isJavaScript = !state.tables.get('checkpoint_writes')?.columns.has('task_path') && last <= 4
  const saver = isJavaScript ? 'JavaScript' : 'Python'
  const rows = health.checkpoints?.count ?? 0
  const mixed = isJavaScript && hasPython && rows > 0
  return [
    mixed ? checkOf('postgres-js-rows') : null,
    lacking.length > 0
      ? checkOf('postgres-tables-incomplete', { saver, lacking: lacking.join(', '), flags })
      : checkOf('postgres-tables', { saver, last }),
    lacking.length === 0 && unrecorded.length > 0
      ? checkOf('postgres-steps-missing', { missing: unrecorded.join(', '), flags })
      : null,
    rows > 0
      ? checkOf('postgres-rows', {
          rows: `${health.checkpoints?.isAll ? '' : 'more than '}${formatCount(rows)}`,
        })
      : null,
  ].filter((check) => check !== null)
}

function rightsOf({ server, schema, ledgerSchema, state, health, lacking }: TargetLook): Check[] {
  const { user, database } = server
  const { isAllowed } = health
  const checks: Check[] = []
  const denied = (what: string, grant: string) =>
    checks.push(checkOf('postgres-create-denied', { user, what, grant }))
  const onDatabase = (right: string) => `GRANT ${right} ON DATABASE ${quoted(database)} TO ${quoted(user)}`
  if (isAllowed.tables === null && !isAllowed.schema) denied(`schema ${schema}`, onDatabase('CREATE'))
  if (isAllowed.tables === false && lacking.length > 0) {
    denied(`tables in schema ${schema}`, `GRANT USAGE, CREATE ON SCHEMA ${quoted(schema)} TO ${quoted(user)}`)
  }
  if (!state.ledger.schemaExists && !isAllowed.schema)
    denied(`the ledger's schema ${ledgerSchema}`, onDatabase('CREATE'))
  if (!isAllowed.temporary) denied('temporary tables', onDatabase('TEMPORARY'))
  for (const { table, rights } of health.lacking)
    checks.push(checkOf('postgres-rows-denied', { user, table, rights }))
  return checks
}

function compressionOf({ state, flags }: TargetLook): Check {
  if (!state.compressions.includes('lz4')) return checkOf('postgres-no-lz4')
  const isUsed = state.tables.get('checkpoint_blobs')?.columns.get('blob')?.compression === 'lz4'
  return isUsed ? checkOf('postgres-lz4') : checkOf('postgres-lz4-possible', { flags })
}

function connectionsOf({ connections: { free, limit } }: PostgresHealth): Check {
  const facts = { free: Math.max(0, free), limit, needed: CONNECTIONS_NEEDED }
  // Ours is one of those that are taken.
  if (free + 1 < CONNECTIONS_NEEDED) return checkOf('postgres-connections-none', facts)
  return free + 1 < 2 * CONNECTIONS_NEEDED
    ? checkOf('postgres-connections-few', facts)
    : checkOf('postgres-connections', facts)
}

function spaceOf({ keys, bytes }: Forecast, { databaseBytes, dataDirectory }: PostgresHealth): Check {
  return checkOf('postgres-space', {
    rows: formatBytes(bytes),
    ledger: formatBytes(keys * LEDGER_BYTES_A_KEY),
    keys: formatCount(keys),
    size: formatBytes(databaseBytes),
    where: dataDirectory === '' ? 'or in its console where it is a managed one' : `df -h ${dataDirectory}`,
  })
}
