/** Threads whose checkpoints are about to expire: all of them by PTTL of every checkpoint key, or about how many from samples. */
import type { Claim } from '../../layouts/layout.js'
import type { ExpiringThreads } from '../../model/detect-findings.js'
import type { KeyOfType, Source } from '../../source/source.js'
import type { KindSamples } from './samples.js'
import type { ThreadNames } from './threads.js'

/** What is told without being asked for. */
const SOON_MS = 24 * 3600 * 1000
/** A list that nobody reads to its end need not be longer. */
const MAX_LISTED = 10_000

export interface ClaimedName {
  readonly found: KeyOfType
  readonly claim: Claim
}

export class ExpiryList {
  /** Thread → milliseconds until the first of its checkpoints goes. */
  readonly #soonest = new Map<string, number>()

  constructor(private readonly withinMs: number) {}

  async ask(source: Source, names: readonly ClaimedName[]): Promise<void> {
    const checkpoints = names.filter(({ claim }) => claim.role === 'checkpoint' || claim.role === 'snapshot')
    const times = await source.timesToLive(checkpoints.map(({ found }) => found.key))
    for (const [at, { claim }] of checkpoints.entries()) {
      const leftMs = times[at]!
      if (leftMs < 0 || leftMs > this.withinMs) continue
      const before = this.#soonest.get(claim.threadId)
      if (before === undefined || leftMs < before) this.#soonest.set(claim.threadId, leftMs)
    }
  }

  found(): ExpiringThreads {
    const listed = [...this.#soonest]
      .map(([threadId, expiresInMs]) => ({ threadId, expiresInMs }))
      .sort((a, b) => a.expiresInMs - b.expiresInMs || (a.threadId < b.threadId ? -1 : 1))
    const threads = { count: listed.length, exact: true }
    return { withinMs: this.withinMs, threads, listed: listed.slice(0, MAX_LISTED) }
  }
}

/** From the samples of checkpoints: what share of them expires soon, of as many threads. */
export function aboutExpiring(looks: readonly KindSamples[], names: ThreadNames): ExpiringThreads {
  let count = 0
  let exact = true
  for (const { kind, pttls, isAll } of looks) {
    if (kind.role !== 'checkpoint' && kind.role !== 'snapshot') continue
    const soon = pttls.filter((pttl) => pttl >= 0 && pttl <= SOON_MS).length
    if (soon === 0) continue
    const { count: threads, exact: known } = names.threadsWith([kind.index])
    exact &&= known && (soon === pttls.length ? isAll : false)
    count += (threads * soon) / pttls.length
  }
  return { withinMs: SOON_MS, threads: { count: Math.ceil(count), exact }, listed: null }
}
