/** Makes the tables that the official saver's setup() makes, and the ledger: only what is missing, whatever stood there before. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { OnEvent } from '../model/events.js'
import { Failure } from '../model/failure.js'
import type { InitReport } from '../model/init-report.js'
import {
  advisoryHolderOf,
  advisoryKeyOf,
  pollAdvisoryLock,
  releaseAdvisoryLock,
} from '../target/connection/advisory-lock.js'
import type { Postgres } from '../target/connection/connect.js'
import { versionText } from '../target/connection/connect-checks.js'
import type { SqlSession } from '../target/connection/session.js'
import { applySteps, scriptOf } from '../target/init/apply.js'
import type { Compression, WantedTables } from '../target/init/ddl.js'
import { readMigrations } from '../target/init/migrations.js'
import { type InitPlan, planInit } from '../target/init/plan.js'
import { EMPTY_TARGET, readTarget, type TargetState } from '../target/init/schema.js'
import type { InitStep } from '../target/init/steps.js'
import { NO_STORE_TABLES, planWithStore, readStoreTables } from '../target/store/tables.js'
import { initReport } from './init-report.js'

export interface InitOptions {
  /** Where the saver looks when it is not given. */
  readonly schema?: string
  readonly ledgerSchema: string
  readonly dialect: 'python' | 'js'
  readonly deferIndexes: boolean
  readonly compression?: Compression
  readonly store?: WantedTables['store']
  /** Look and report; change nothing. */
  readonly planOnly: boolean
}

export interface InitControls {
  readonly onEvent: OnEvent
  readonly signal: AbortSignal
  /** How long another init may hold the lock. */
  readonly lockWaitMs?: number
}

const LOCK_WAIT_MS = 10 * 60_000
/** Looks at a target that others change at the same time, and pauses between them. */
const MAX_ROUNDS = 20
const PAUSE_MS = 500

/** Where the tables go when nobody says: the JavaScript saver's own default, or where the Python saver's SQL finds them. */
export const schemaOf = (
  postgres: Postgres,
  { schema, dialect }: Pick<InitOptions, 'schema' | 'dialect'>,
): string => schema ?? (dialect === 'js' ? 'public' : postgres.server.schema)

/** Idempotent. Throws only failures; what was made before one stays and is found by the next call. */
export async function init(
  postgres: Postgres,
  options: InitOptions,
  controls: InitControls,
): Promise<InitReport> {
  const wanted: WantedTables = {
    schema: schemaOf(postgres, options),
    ledgerSchema: options.ledgerSchema,
    dialect: options.dialect,
    deferIndexes: options.deferIndexes,
    user: postgres.server.user,
    database: postgres.server.database,
    ...(options.compression === undefined ? {} : { compression: options.compression }),
    ...(options.store && { store: options.store }),
  }
  try {
    return await postgres.use((session) => initOver(session, postgres, wanted, options.planOnly, controls))
  } catch (error) {
    if (controls.signal.aborted) throw controls.signal.reason
    throw postgres.failureOf(error)
  }
}

/** The whole script for a database where nothing is yet; asks no server. */
export async function initScript(options: Omit<InitOptions, 'planOnly'>): Promise<string> {
  const wanted = { schema: 'public', ...options, user: 'CURRENT_USER', database: 'CURRENT_CATALOG' }
  const target = { ...EMPTY_TARGET, schemaExists: wanted.schema === 'public' }
  const migrations = await readMigrations()
  return scriptOf(
    planWithStore(planInit(target, wanted, migrations), NO_STORE_TABLES, wanted, migrations).steps,
  )
}

async function initOver(
  session: SqlSession,
  postgres: Postgres,
  wanted: WantedTables,
  planOnly: boolean,
  controls: InitControls,
): Promise<InitReport> {
  const migrations = await readMigrations()
  const look = async (): Promise<{ state: TargetState; plan: InitPlan }> => {
    const state = await readTarget(session, wanted.schema, wanted.ledgerSchema)
    const tables = planInit(state, wanted, migrations)
    const plan = wanted.store
      ? planWithStore(tables, await readStoreTables(session, wanted.schema), wanted, migrations)
      : tables
    if (plan.refusal === undefined) return { state, plan }
    const version = versionText(postgres.server.version)
    const facts = { endpoint: postgres.name, schema: wanted.schema, version, ...plan.refusal.facts }
    throw new Failure(plan.refusal.id, facts as never)
  }
  const before = await look()
  const report = (done: readonly InitStep[], after: InitPlan) =>
    initReport({ endpoint: postgres.name, wanted, before: before.state, done, after })
  if (planOnly || isFinished(before.plan)) return report([], before.plan)

  // One init at a time in a database: two for different schemas may share a ledger.
  const key = advisoryKeyOf('init', '')
  const waitMs = controls.lockWaitMs ?? LOCK_WAIT_MS
  if (!(await pollAdvisoryLock(session, key, { waitMs, signal: controls.signal }))) {
    const holder = await advisoryHolderOf(session, key)
    throw new Failure('schema-locked', {
      endpoint: postgres.name,
      seconds: Math.round(waitMs / 1000),
      holder: holder === undefined ? 'it has just ended' : `server process ${holder.pid}`,
    })
  }
  try {
    const { done, plan } = await makeAll(session, postgres, look, controls)
    return report(done, plan)
  } finally {
    await releaseAdvisoryLock(session, key).catch(() => {})
  }
}

/** Look, plan, apply, until nothing is missing: an official setup() or an app may be changing the same tables meanwhile. */
async function makeAll(
  session: SqlSession,
  postgres: Postgres,
  look: () => Promise<{ plan: InitPlan }>,
  { onEvent, signal }: InitControls,
): Promise<{ done: InitStep[]; plan: InitPlan }> {
  const at = { endpoint: postgres.name, user: postgres.server.user }
  const done: InitStep[] = []
  let hindered: { step: InitStep; cause: unknown } | undefined
  for (let round = 1; ; round++) {
    const { plan } = await look()
    if (isFinished(plan)) return { done, plan }
    if (round > MAX_ROUNDS && hindered !== undefined) {
      throw new Failure('table-in-use', { endpoint: at.endpoint, what: hindered.step.what }, hindered.cause)
    }
    if (plan.steps.length > 0) {
      if (round > MAX_ROUNDS) {
        throw new Failure('init-unfinished', {
          endpoint: at.endpoint,
          what: plan.steps[0]!.what,
          rounds: MAX_ROUNDS,
        })
      }
      const onStep = (step: InitStep) => onEvent({ kind: 'step', step: `making ${step.what}` })
      const applied = await applySteps(session, plan.steps, { at, onStep, signal })
      done.push(...applied.done)
      hindered = applied.hindered
      if (hindered === undefined && plan.building.length === 0) continue
    } else {
      // Another session's index build takes as long as it takes.
      onEvent({ kind: 'step', step: `waiting for another session to build ${plan.building.join(', ')}` })
      round -= 1
    }
    await sleep(PAUSE_MS)
    signal.throwIfAborted()
  }
}

const isFinished = (plan: InitPlan): boolean => plan.steps.length === 0 && plan.building.length === 0
