/** Gives way to the sockets between two pieces of work: values that need no waiting would keep a server's answers waiting. */
import { setImmediate } from 'node:timers/promises'

/** A batch commits in half a dozen questions, each of which would otherwise wait for all that is being converted. */
const TURN_MS = 1

export class Turns {
  private began = performance.now()

  /** Undefined while the turn lasts: a promise for each value would cost more than the value. */
  over(): Promise<void> | undefined {
    return performance.now() - this.began < TURN_MS ? undefined : this.next()
  }

  private async next(): Promise<void> {
    await setImmediate()
    this.began = performance.now()
  }
}
