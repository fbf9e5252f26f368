/** How fast a run may go: a rate that it keeps on average, and rests that grow while the server answers others late. */

export interface PaceLimits {
  readonly keysPerSecond?: number
  readonly bytesPerSecond?: number
  /** What another client may wait for an answer before we rest, milliseconds. */
  readonly maxLatencyMs?: number
}

export interface PaceWorld {
  /** Milliseconds; only differences count. */
  now(): number
  sleep(ms: number): Promise<void>
  /** Milliseconds that the server takes for the smallest of questions. */
  latencyMs(): Promise<number>
}

/** Rests of this length follow the first late answer; each further one doubles them. */
const FIRST_REST_MS = 20
const LONGEST_REST_MS = 5000
/** The server is asked for its latency at most this often. */
const PROBE_EVERY_MS = 100

export class Pace {
  readonly #limits: PaceLimits
  readonly #world: PaceWorld
  /** When all that was done so far is paid for at the rate. */
  #paidAtMs = Number.NEGATIVE_INFINITY
  #restMs = 0
  #probedAtMs = Number.NEGATIVE_INFINITY

  constructor(limits: PaceLimits, world: PaceWorld) {
    this.#limits = limits
    this.#world = world
  }

  /** So much has been done, to be paid for before the next turn. */
  took(keys: number, bytes: number): void {
    const { keysPerSecond = Infinity, bytesPerSecond = Infinity } = this.#limits
    const costMs = Math.max(keys / keysPerSecond, bytes / bytesPerSecond) * 1000
    const now = this.#world.now()
    // A pause is not saved up: after it the rate is what it was, not a burst.
    this.#paidAtMs = Math.max(this.#paidAtMs, now) + costMs
  }

  /** Waits until more may be done. */
  async turn(): Promise<void> {
    await this.#rest(this.#paidAtMs - this.#world.now())
    await this.#letOthersIn()
  }

  async #letOthersIn(): Promise<void> {
    const { maxLatencyMs } = this.#limits
    if (maxLatencyMs === undefined) return
    const now = this.#world.now()
    if (now - this.#probedAtMs < PROBE_EVERY_MS && this.#restMs === 0) return
    this.#probedAtMs = now
    const isLate = (await this.#world.latencyMs()) > maxLatencyMs
    if (isLate) this.#restMs = Math.min(LONGEST_REST_MS, Math.max(FIRST_REST_MS, this.#restMs * 2))
    else this.#restMs = this.#restMs <= FIRST_REST_MS ? 0 : this.#restMs / 2
    await this.#rest(this.#restMs)
  }

  async #rest(ms: number): Promise<void> {
    if (ms > 0) await this.#world.sleep(ms)
  }
}
