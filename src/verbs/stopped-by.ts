/** Why a verb stopped early, as the failure that its report names. */
import { Failure, failureOf } from '../model/failure.js'
import type { Postgres } from '../target/connection/connect.js'

interface Surroundings {
  readonly signal: AbortSignal
  /** Null where none was asked. */
  readonly postgres: Pick<Postgres, 'failureOf'> | null
}

/** What somebody stopped it with, before what that made fail; otherwise the error, a driver's in our words. */
export function stoppedBy(error: unknown, { signal, postgres }: Surroundings): Failure {
  if (signal.aborted && signal.reason instanceof Failure) return signal.reason
  if (error instanceof Failure) return error
  // A TypeError is a mistake of ours, not a server's answer.
  return postgres === null || error instanceof TypeError ? failureOf(error) : postgres.failureOf(error)
}
