/** Keys that can be split in several ways: asks once for each beginning, however many checkpoints follow it. */
import type { Claim, ClaimedKey } from '../../layouts/layout.js'

/** Says what keys are that their names leave open, by what they hold; null where one is nobody's after all. In their order. */
export type ResolveClaims = (keys: readonly ClaimedKey[]) => Promise<readonly (Claim | null)[]>

/** Beginnings asked about at once, and keys that may wait for an answer. */
const BATCH = { beginnings: 64, waiting: 4096 } as const
/** Answers remembered. */
const MAX_ANSWERS = 20_000

/** What an answer says about every key with the same beginning; null: they are nobody's. */
type Answer = Pick<Claim, 'layout' | 'threadId' | 'checkpointNs' | 'ambiguous'> | null

export class AmbiguousKeys {
  readonly #resolve: ResolveClaims
  readonly #settled: (key: ClaimedKey, claimed: ClaimedKey | null) => void
  readonly #answers = new Map<string, Answer>()
  /** Beginnings that tell nothing: each of their keys is asked about. */
  readonly #misleading = new Set<string>()
  readonly #waiting = new Map<string, ClaimedKey[]>()
  #waitingKeys = 0

  /** `settled` is told of every key, with null where it is nobody's. */
  constructor(resolve: ResolveClaims, settled: (key: ClaimedKey, claimed: ClaimedKey | null) => void) {
    this.#resolve = resolve
    this.#settled = settled
  }

  /** Settles the key now or later. True where there are enough open questions for `ask`. */
  take(key: ClaimedKey): boolean {
    const common = beginningOf(key)
    const beginning = this.#misleading.has(common) ? `${common} ${key.key.toString('latin1')}` : common
    const answer = this.#answers.get(beginning)
    if (answer !== undefined) {
      this.#settled(key, withAnswer(key, answer))
      return false
    }
    const waiting = this.#waiting.get(beginning)
    if (waiting === undefined) this.#waiting.set(beginning, [key])
    else waiting.push(key)
    this.#waitingKeys++
    return this.#waiting.size >= BATCH.beginnings || this.#waitingKeys >= BATCH.waiting
  }

  /** Settles every key that waits. */
  async ask(): Promise<void> {
    while (this.#waiting.size > 0) {
      const open = [...this.#waiting]
      this.#waiting.clear()
      this.#waitingKeys = 0
      const claims = await this.#resolve(open.map(([, keys]) => keys[0]!))
      for (const [at, [beginning, [first, ...others]]] of open.entries()) {
        if (first === undefined) continue
        const claim = claims[at] ?? null
        this.#settled(first, claim === null ? null : { ...claim, key: first.key, type: first.type })
        if (claim === null || claim.checkpointId === first.checkpointId) this.#remember(beginning, claim)
        // The id was not where the name suggests: nothing follows from it for other keys.
        else this.#misleading.add(beginning)
        for (const other of others) this.take(other)
      }
    }
  }

  #remember(beginning: string, answer: Answer): void {
    const oldest = this.#answers.keys().next().value
    if (this.#answers.size >= MAX_ANSWERS && oldest !== undefined) this.#answers.delete(oldest)
    this.#answers.set(beginning, answer)
  }
}

/** Everything before the checkpoint id; the whole key where it has none. */
function beginningOf({ key, checkpointId, layout, role }: ClaimedKey): string {
  const at = checkpointId === '' ? -1 : key.lastIndexOf(checkpointId)
  return `${layout} ${role} ${key.toString('latin1', 0, at < 0 ? key.length : at)}`
}

function withAnswer(key: ClaimedKey, answer: Answer): ClaimedKey | null {
  if (answer === null) return null
  const { ambiguous: _, ...certain } = key
  const { layout, threadId, checkpointNs, ambiguous } = answer
  return { ...certain, layout, threadId, checkpointNs, ...(ambiguous ? { ambiguous } : {}) }
}
