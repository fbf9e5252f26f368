/** Waits for a server that went away, and sees to it that the run may go on once it is back. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { OnEvent } from '../model/events.js'
import { Failure } from '../model/failure.js'
import type { Recover } from '../target/rows/batch-sink.js'
import { hindranceOf, waitMsOf } from './retry.js'

export interface RecoveryOptions {
  /** How long one outage may last. */
  readonly retryForMs: number
  readonly signal: AbortSignal
  readonly onEvent: OnEvent
  /** How people call the end that is away. */
  readonly endpoint: string
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 up to 1. */
  random(): number
  /** Asked after every wait for a server: takes back what was lost with the connection. */
  readonly restore?: (() => Promise<void>) | undefined
}

/** Of two ends, waits for the one that an error is of. */
export const recoverEither =
  (redis: Recovery, postgres: Recovery): Recover =>
  (error, attempt) =>
    (isOfRedis(error) ? redis : postgres).after(error, attempt)

const isOfRedis = (error: unknown): boolean => error instanceof Failure && error.id.includes('redis')

/** What is told of a server's absence from so long a wait on; shorter ones are over before they are read. */
const TOLD_FROM_MS = 400

/** One end of the run, source or target. Work that fails calls `after` with its error, and is done again when that returns. */
export class Recovery {
  #since: number | undefined

  constructor(private readonly options: RecoveryOptions) {}

  /**
   * Returns when another try makes sense; throws the error where it does not: it is permanent, it has lasted too long, or the user has
   * stopped the run (then what the signal says). `attempt` counts from 1 within one piece of work.
   */
  async after(error: unknown, attempt: number): Promise<void> {
    const { signal, onEvent, endpoint, retryForMs, now, random, restore } = this.options
    // A piece of work that fails for the first time begins an outage, or joins the one that another piece of work has met.
    if (attempt === 1 || this.#since === undefined) this.#since = now()
    let cause = error
    for (let again = attempt; ; again++) {
      signal.throwIfAborted()
      const elapsedMs = now() - this.#since
      const waitMs = waitMsOf(cause, { attempt: again, elapsedMs, retryForMs, random: random() })
      if (waitMs === null) throw cause
      if (waitMs >= TOLD_FROM_MS) onEvent({ kind: 'retrying', endpoint, attempt: again, waitMs })
      await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
      if (hindranceOf(cause) !== 'away' || restore === undefined) return
      try {
        await restore()
        return
      } catch (next) {
        cause = next
      }
    }
  }
}
