/** Looks at both ends before anything is moved: what bites later, and what mends it. */
import { type Check, type DoctorReport, exitCodeOfChecks } from '../model/doctor-report.js'
import { type ExitCode, explain, type Failure } from '../model/failure.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import type { Postgres } from '../target/connection/connect.js'
import { versionText } from '../target/connection/connect-checks.js'
import { examinePostgres } from '../target/doctor/examine.js'
import { readMigrations } from '../target/init/migrations.js'
import { readTarget } from '../target/init/schema.js'
import { refusalOfTables } from '../target/init/shape.js'
import { tableSteps } from '../target/init/steps.js'
import { checksOfPostgres, type Forecast } from './doctor/postgres.js'

/** An end as far as it could be looked at. */
export interface EndLook {
  readonly note: EndpointNote
  readonly checks: readonly Check[]
  /** That kept it from being looked at, or from being used. */
  readonly failures: readonly Failure[]
}

export function doctorReport(
  ends: { readonly source: EndLook | null; readonly target: EndLook | null },
  time: { readonly startedAt: number; readonly now: number },
): DoctorReport {
  const { source, target } = ends
  const endOf = (look: EndLook | null) =>
    look && { note: look.note, checks: [...look.failures.map(checkOfFailure), ...look.checks] }
  const failures = [source, target].flatMap((end) => end?.failures ?? [])
  const checks = [source, target].flatMap((end) => end?.checks ?? [])
  const first: ExitCode | undefined = failures.map((failure) => explain(failure).exit)[0]
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    command: 'doctor',
    startedAt: new Date(time.startedAt).toISOString(),
    seconds: (time.now - time.startedAt) / 1000,
    source: endOf(source),
    target: endOf(target),
    exitCode: first ?? exitCodeOfChecks(checks),
  }
}

function checkOfFailure(failure: Failure): Check {
  const { id, what, next } = explain(failure)
  return { id, level: 'must', what, remedy: next }
}

/** Throws only failures. */
export async function examineTarget(
  postgres: Postgres,
  about: {
    readonly schema: string
    readonly ledgerSchema: string
    readonly flags: string
    readonly forecast: Forecast | null
    readonly hasPython: boolean
  },
): Promise<{ readonly checks: Check[]; readonly refusal: RefusalFacts | null }> {
  const { schema, ledgerSchema, flags } = about
  const { server } = postgres
  const set = (await readMigrations())['langgraph-python']
  try {
    return await postgres.use(async (session) => {
      const state = await readTarget(session, schema, ledgerSchema)
      const refusal = refusalOfTables(state)
      const health = await examinePostgres(session, schema, [...state.tables.keys()])
      const wanted = {
        schema,
        ledgerSchema,
        dialect: 'python',
        deferIndexes: false,
        user: server.user,
        database: server.database,
      } as const
      const look = {
        server,
        schema,
        ledgerSchema,
        state,
        health,
        flags,
        lacking: refusal === undefined ? tableSteps(state, wanted, set).map(({ what }) => what) : [],
        unrecorded: set.map(({ number }) => number).filter((number) => !state.numbers.includes(number)),
      }
      return {
        checks: checksOfPostgres(look, about),
        refusal: refusal ? factsOf(refusal, postgres, schema) : null,
      }
    })
  } catch (error) {
    throw postgres.failureOf(error)
  }
}

/** What a `Failure` is made of. */
export interface RefusalFacts {
  readonly id: NonNullable<ReturnType<typeof refusalOfTables>>['id']
  readonly facts: Readonly<Record<string, string | number>>
}

const factsOf = (refusal: RefusalFacts, { name, server }: Postgres, schema: string): RefusalFacts => ({
  id: refusal.id,
  facts: { endpoint: name, schema, version: versionText(server.version), ...refusal.facts },
})
