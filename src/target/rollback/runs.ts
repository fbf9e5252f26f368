/** Which runs a rollback undoes, and what becomes of them in the ledger. */
import { Failure } from '../../model/failure.js'
import { qualified, type SqlSession } from '../connection/session.js'
import { type RunRow, readRuns } from '../ledger/read.js'
import { runsWithItems } from './store.js'
import { standingThreads, type TargetScope, undoableRuns } from './threads.js'

/** `last`: the last run of all, so that the same command never takes one run after the other. `to-before`: that run and every later one. */
export type WhichRuns =
  | { readonly kind: 'last' }
  | { readonly kind: 'run'; readonly id: number }
  | { readonly kind: 'to-before'; readonly id: number }
  | { readonly kind: 'all' }

export interface ChosenRuns {
  /** Newest first; empty where there is nothing to undo. */
  readonly runs: readonly RunRow[]
  /** The run that was meant, where it was rolled back before: whoever says it again has what they want. */
  readonly before: number | null
}

/** Throws `no-such-run`. */
export async function chooseRuns(
  session: SqlSession,
  scope: TargetScope,
  { which, endpoint }: { readonly which: WhichRuns; readonly endpoint: string },
): Promise<ChosenRuns> {
  const runs = await undoableRuns(session, scope)
  if (which.kind === 'all') return { runs, before: null }
  if (which.kind === 'last') return lastOf(session, scope)
  const isMeant = ({ id }: RunRow) => (which.kind === 'run' ? id === which.id : id >= which.id)
  if (runs.some(({ id }) => id === which.id)) return { runs: runs.filter(isMeant), before: null }
  const [run] = await readRuns(session, scope.ledgerSchema, { id: which.id })
  if (run?.state === 'rolled_back' && run.targetSchema === scope.targetSchema) {
    return { runs: runs.filter(isMeant), before: run.id }
  }
  throw new Failure('no-such-run', {
    run: which.id,
    endpoint,
    schema: scope.targetSchema,
    why: whyNot(run, scope),
    known: runs.length === 0 ? 'none' : runs.map(({ id }) => id).join(', '),
  })
}

async function lastOf(session: SqlSession, { ledgerSchema, targetSchema }: TargetScope): Promise<ChosenRuns> {
  const all = await readRuns(session, ledgerSchema, { targetSchema })
  const last = all.find(({ state }) => state !== 'forgotten')
  if (last?.state === 'rolled_back') return { runs: [], before: last.id }
  return { runs: last === undefined ? [] : [last], before: null }
}

function whyNot(run: RunRow | undefined, { targetSchema }: TargetScope): string {
  if (run === undefined) return 'the ledger does not know it'
  if (run.targetSchema !== targetSchema) return `it wrote into schema ${run.targetSchema}`
  return 'migrate --restart has made it forgotten'
}

/** Runs of which nothing stands any more are called rolled back; gives those of which something does. */
export async function endRuns(
  session: SqlSession,
  scope: TargetScope,
  runIds: readonly number[],
): Promise<Set<number>> {
  const standing = new Set((await standingThreads(session, scope, runIds)).keys())
  for (const id of await runsWithItems(session, scope, runIds)) standing.add(id)
  await session.query(
    `UPDATE ${qualified(scope.ledgerSchema, 'runs')}
     SET state = 'rolled_back', rolled_back_at = clock_timestamp(), finished_at = coalesce(finished_at, clock_timestamp())
     WHERE id = ANY($1::int[]) AND state <> 'rolled_back'`,
    [runIds.filter((id) => !standing.has(id))],
  )
  return standing
}
