/** Counts threads by when Redis begins to delete them, and keeps those that go first. */
import type { ExpiringThread, Expiry } from '../../model/survey.js'

const HOUR_MS = 3600 * 1000
const DAY_MS = 24 * HOUR_MS
/** Upper bounds of the classes; the last class has none. */
const BOUNDS = [HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS] as const
const SOONEST = 20

export class ExpiryCount {
  readonly #classes = [...BOUNDS, null].map((withinMs) => ({ withinMs, threads: 0 }))
  readonly #soonest: { readonly firstMs: number; readonly thread: ExpiringThread }[] = []
  #never = 0
  #longestMs: number | null = null

  constructor(private readonly nowMs: number) {}

  /** `shortestMs`: null where no key expires. `longestMs`: −1 where some key stays for ever; null where unknown. */
  add(threadId: string, shortestMs: number | null, longestMs: number | null): void {
    if (shortestMs === null) {
      this.#never++
      return
    }
    this.#classes.at(BOUNDS.findIndex((bound) => shortestMs <= bound))!.threads++
    const lastMs = longestMs === null || longestMs < 0 ? null : longestMs
    this.#longestMs = Math.max(this.#longestMs ?? 0, lastMs ?? shortestMs)
    const soonest = this.#soonest
    if (soonest.length === SOONEST && shortestMs >= soonest[SOONEST - 1]!.firstMs) return
    let at = soonest.length
    while (at > 0 && soonest[at - 1]!.firstMs > shortestMs) at--
    const thread = {
      threadId,
      firstAt: this.#at(shortestMs),
      lastAt: lastMs === null ? null : this.#at(lastMs),
    }
    soonest.splice(at, 0, { firstMs: shortestMs, thread })
    if (soonest.length > SOONEST) soonest.pop()
  }

  result(): Expiry {
    return {
      classes: this.#classes.map((one) => ({ ...one })),
      never: this.#never,
      longestMs: this.#longestMs,
      soonest: this.#soonest.map(({ thread }) => thread),
    }
  }

  #at = (ms: number): string => new Date(Math.min(this.nowMs + ms, MAX_DATE_MS)).toISOString()
}

/** A TTL may be longer than dates go. */
const MAX_DATE_MS = 8.64e15
