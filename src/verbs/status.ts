/** Which runs there were, how far they came, and who is at work now. Reads the ledger alone. */
import { Failure } from '../model/failure.js'
import { type EndpointNote, REPORT_SCHEMA_VERSION } from '../model/report.js'
import type { ShownRunState, StatusReport } from '../model/status-report.js'
import type { Postgres } from '../target/connection/connect.js'
import type { SqlSession } from '../target/connection/session.js'
import { readHolder } from '../target/ledger/holder.js'
import { isLocked } from '../target/ledger/lease.js'
import { type RunRow, readFindings, readRuns } from '../target/ledger/read.js'
import { findingTotals, ledgerBytes, NO_TOTALS, runTotals } from '../target/ledger/run-totals.js'

export interface StatusRequest {
  readonly postgres: Postgres
  readonly scope: { readonly ledgerSchema: string; readonly targetSchema: string }
  readonly to: EndpointNote
  /** What runs of the way back call this target; absent where they are not counted. */
  readonly wayBackSource?: string
  /** Only this run, with its findings. */
  readonly runId: number | null
}

/** Findings of a run that are read; their totals count all. */
const MAX_FINDINGS = 10_000

/** Throws `unknown-run`, and the failures of the target. */
export async function status(request: StatusRequest): Promise<StatusReport> {
  const { postgres } = request
  try {
    return await postgres.use((session) => statusOver(session, request))
  } catch (error) {
    throw error instanceof Failure ? error : postgres.failureOf(error)
  }
}

async function statusOver(
  session: SqlSession,
  { postgres, scope, to, runId, wayBackSource: sourceName }: StatusRequest,
): Promise<StatusReport> {
  const { ledgerSchema, targetSchema } = scope
  const rows = await readRuns(session, ledgerSchema, { targetSchema, ...(runId !== null && { id: runId }) })
  if (runId !== null && rows.length === 0) {
    throw new Failure('unknown-run', { run: runId, endpoint: postgres.name, schema: targetSchema })
  }
  const back =
    sourceName === undefined || runId !== null
      ? undefined
      : await readRuns(session, ledgerSchema, { sourceName })
  const ids = rows.map(({ id }) => id)
  const totals = await runTotals(session, ledgerSchema, ids)
  const findings = await findingTotals(session, ledgerSchema, ids)
  const locked = await isLocked(session, targetSchema)
  const holder = locked ? await readHolder(session, { schema: targetSchema, ledgerSchema }) : undefined
  const runs = rows.map((row) => {
    const { token: _, targetSchema: __, rolledBackAt: ___, ...run } = row
    return {
      ...run,
      ...(totals.get(row.id) ?? NO_TOTALS),
      state: shownState(row, locked),
      findings: findings.get(row.id) ?? [],
    }
  })
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    command: 'status',
    target: to,
    holder: holder ?? null,
    runs,
    ...(back !== undefined && { runsOfWayBack: back.length }),
    ...(runId !== null && {
      findings: await readFindings(session, ledgerSchema, { runId, limit: MAX_FINDINGS }),
    }),
    ledgerBytes: await ledgerBytes(session, ledgerSchema),
  }
}

/** A run that died could not say so; the lock that it no longer holds does. */
const shownState = ({ state }: RunRow, locked: boolean): ShownRunState =>
  state === 'running' && !locked ? 'interrupted' : state
