/** Carries out the steps of an init plan; prints them as a script for whoever has the rights that we lack. */
import { Failure } from '../../model/failure.js'
import { hasSqlstate, IN_THE_WAY, PERMISSION_DENIED, SOMEBODY_WAS_FASTER } from '../connection/errors.js'
import { inTransaction, type SqlSession } from '../connection/session.js'
import type { InitStep } from './steps.js'

export interface Applied {
  readonly done: readonly InitStep[]
  /** Another session stood in the way or was faster: look again, plan again. */
  readonly hindered?: { readonly step: InitStep; readonly cause: unknown }
}

export interface ApplyControls {
  /** Endpoint and user, for the wording of a right that is missing. */
  readonly at: { readonly endpoint: string; readonly user: string }
  readonly onStep: (step: InitStep) => void
  readonly signal?: AbortSignal
}

/**
 * While our ALTER TABLE waits for its lock, every query of the app on that table waits behind it: better to give up soon and to
 * come again.
 */
const LOCK_TIMEOUT_MS = 2000

/** What was done stays done: transactions commit one by one, and a plan made anew goes on from there. */
export async function applySteps(
  session: SqlSession,
  steps: readonly InitStep[],
  controls: ApplyControls,
): Promise<Applied> {
  const done: InitStep[] = []
  for (const group of transactionsOf(steps)) {
    controls.signal?.throwIfAborted()
    let step = group[0]!
    const runAll = async () => {
      if (!step.alone) await session.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`)
      for (step of group) {
        controls.onStep(step)
        for (const sql of step.sql) await session.query(sql)
      }
    }
    try {
      // A concurrent index build waits for other transactions as long as they take, and blocks nobody: no timeout there.
      await (step.alone ? runAll() : inTransaction(session, runAll))
    } catch (error) {
      if (hasSqlstate(error, SOMEBODY_WAS_FASTER) || hasSqlstate(error, IN_THE_WAY)) {
        return { done, hindered: { step, cause: error } }
      }
      if (hasSqlstate(error, PERMISSION_DENIED)) {
        throw new Failure('permission-denied', { ...controls.at, what: step.what, ...step.needs }, error)
      }
      throw error
    }
    done.push(...group)
  }
  return { done }
}

/** The steps as a script for psql. */
export function scriptOf(steps: readonly InitStep[]): string {
  const lines: string[] = []
  for (const group of transactionsOf(steps)) {
    const isAlone = group[0]!.alone
    lines.push(isAlone ? '-- Cannot run inside a transaction:' : 'BEGIN;')
    for (const { what, why, sql } of group) {
      lines.push(`-- ${what}: ${why}`.replace(/\s+/g, ' '), ...sql.map((one) => `${one};`))
    }
    if (!isAlone) lines.push('COMMIT;')
  }
  return lines.map((line) => `${line}\n`).join('')
}

/** Neighbouring steps that go into one transaction; a step that is `alone` is a group of its own. */
function transactionsOf(steps: readonly InitStep[]): InitStep[][] {
  const groups: InitStep[][] = []
  for (const step of steps) {
    const last = groups.at(-1)
    if (last === undefined || step.alone || last[0]!.alone) groups.push([step])
    else last.push(step)
  }
  return groups
}
