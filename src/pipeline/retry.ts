/** Which errors deserve another try, and when (pure): what passes by itself is waited for, what does not stops the run at once. */
import { Failure, type FailureId } from '../model/failure.js'
import {
  CONNECTION_ENDED,
  hasSqlstate,
  IN_THE_WAY,
  isConnectionLost,
  READ_ONLY,
  STARTING,
  TOO_MANY_CONNECTIONS,
} from '../target/connection/errors.js'

/**
 * `in-the-way`: another transaction holds what we need, for milliseconds. `away`: a server cannot be reached or takes nobody, for
 * seconds or minutes. `permanent`: somebody has to do something first.
 */
export type Hindrance = 'in-the-way' | 'away' | 'permanent'

/**
 * Only for ends that were reached before: where a first connection fails, the address is more likely wrong than the server away.
 * A standby is what a client meets in the middle of a failover. What is read-only by its settings, full or forbidden stays so.
 */
const AWAY: ReadonlySet<FailureId> = new Set<FailureId>([
  'redis-refused',
  'redis-unknown-host',
  'redis-no-answer',
  'redis-unreachable',
  'redis-lost',
  'redis-full',
  'redis-loading',
  'redis-master-down',
  'not-redis',
  'postgres-refused',
  'postgres-unknown-host',
  'postgres-no-answer',
  'postgres-unreachable',
  'postgres-lost',
  'postgres-full',
  'postgres-starting',
  'postgres-standby',
])

/** Redis answers, but not for the moment: a script runs, or a cluster's or a replica's state changes. */
const REDIS_FOR_THE_MOMENT = /^-?(BUSY|TRYAGAIN|LOADING|MASTERDOWN)\b/

export function hindranceOf(error: unknown): Hindrance {
  if (error instanceof Failure) {
    const isMoment = error.id === 'redis-error' && REDIS_FOR_THE_MOMENT.test(String(error.facts.problem))
    return AWAY.has(error.id) || isMoment ? 'away' : 'permanent'
  }
  if (hasSqlstate(error, IN_THE_WAY)) return 'in-the-way'
  const isAway =
    isConnectionLost(error) ||
    hasSqlstate(error, CONNECTION_ENDED) ||
    hasSqlstate(error, TOO_MANY_CONNECTIONS) ||
    hasSqlstate(error, STARTING) ||
    hasSqlstate(error, READ_ONLY)
  return isAway ? 'away' : 'permanent'
}

const FIRST_WAIT_MS: Readonly<Record<Exclude<Hindrance, 'permanent'>, number>> = {
  'in-the-way': 50,
  away: 250,
}
const LONGEST_WAIT_MS: typeof FIRST_WAIT_MS = { 'in-the-way': 2000, away: 15_000 }

export interface Attempt {
  /** From 1. */
  readonly attempt: number
  /** Since the first failure of this kind of work. */
  readonly elapsedMs: number
  readonly retryForMs: number
  /** From 0 up to 1. */
  readonly random: number
}

/**
 * Milliseconds to wait before the next try; null when the error is permanent, or has been tried for long enough. The wait doubles, with
 * half of it left to chance, so that many who were cut off together do not come back together.
 */
export function waitMsOf(error: unknown, { attempt, elapsedMs, retryForMs, random }: Attempt): number | null {
  const hindrance = hindranceOf(error)
  if (hindrance === 'permanent' || elapsedMs >= retryForMs) return null
  const doubled = Math.min(
    FIRST_WAIT_MS[hindrance] * 2 ** Math.min(attempt - 1, 20),
    LONGEST_WAIT_MS[hindrance],
  )
  const waitMs = doubled / 2 + (doubled / 2) * random
  return Math.min(Math.ceil(waitMs), Math.max(1, retryForMs - elapsedMs))
}
