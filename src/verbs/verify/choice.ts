/** Which of many threads are verified: those that the scope and a run name, a sample that the same seed gives again, or the first few. */
import { createHash } from 'node:crypto'
import { Failure } from '../../model/failure.js'
import { type ThreadScope, threadFilter } from '../../model/scope.js'
import type { Inventory, ThreadKeys } from '../../pipeline/inventory.js'
import { SeenThreads } from '../../pipeline/seen-threads.js'
import type { Postgres } from '../../target/connection/connect.js'
import { type LedgerScope, readRuns } from '../../target/ledger/read.js'
import { threadsSince } from '../../target/ledger/recorded-rows.js'

export interface Choice {
  readonly scope: ThreadScope
  /** At most so many threads, chosen by chance. */
  readonly sample: { readonly size: number; readonly seed: string } | null
  /** Only threads that this run or a later one has changed. */
  readonly sinceRun: number | null
}

/** The threads, each with the keys that came to it late; then those that consist of such keys alone. */
export async function* withStrays(
  threads: AsyncIterable<ThreadKeys>,
  strays: ReadonlyMap<string, ThreadKeys>,
): AsyncGenerator<ThreadKeys> {
  const left = new Map(strays)
  for await (const { threadId, keys } of threads) {
    const more = left.get(threadId)?.keys ?? []
    left.delete(threadId)
    yield { threadId, keys: [...keys, ...more] }
  }
  yield* left.values()
}

/** The test for one id. Throws `unknown-run`: nothing to compare would look like nothing that differs. */
export async function wantedThreads(
  { scope, sinceRun, postgres }: Choice & { readonly postgres: Postgres },
  ledger: LedgerScope | null,
): Promise<(threadId: string) => boolean> {
  const wants = threadFilter(scope)
  if (sinceRun === null || ledger === null) return wants
  const since = new SeenThreads()
  await postgres.use(async (session) => {
    const { ledgerSchema, targetSchema } = ledger
    const runs = await readRuns(session, ledgerSchema, { id: sinceRun, targetSchema })
    if (runs.length === 0) {
      throw new Failure('unknown-run', { run: sinceRun, endpoint: postgres.name, schema: targetSchema })
    }
    for await (const threadId of threadsSince(session, ledger, sinceRun)) since.note(threadId, 0)
  })
  return (threadId) => wants(threadId) && since.has(threadId)
}

/** Of the `found` threads of an inventory those to compare, and how many they are. */
export function chosenThreads({ scope, sample }: Choice, inventory: Inventory, found: number) {
  const limit = Math.min(found, scope.limit ?? found)
  if (sample === null) return { chosen: limit, threads: firstOf(inventory.threads(), limit) }
  const chosen = Math.min(sample.size, limit)
  return { chosen, threads: sampleOf(inventory.threads(), new Sample(chosen, limit, sample.seed), limit) }
}

async function* firstOf<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  if (count === 0) return
  let taken = 0
  for await (const item of items) {
    yield item
    if (++taken === count) return
  }
}

async function* sampleOf<T>(items: AsyncIterable<T>, sample: Sample, limit: number): AsyncGenerator<T> {
  for await (const item of firstOf(items, limit)) if (sample.takes()) yield item
}

/** Chooses `size` of `total` threads as they come, each with the same chance; the same choice for the same seed and order. */
export class Sample {
  private readonly random: () => number
  private seen = 0
  private chosen = 0

  constructor(
    private readonly size: number,
    private readonly total: number,
    seed: string,
  ) {
    this.random = randomOf(seed)
  }

  /** To be asked once for every thread. */
  takes(): boolean {
    const isTaken = this.random() * (this.total - this.seen) < this.size - this.chosen
    this.seen++
    if (isTaken) this.chosen++
    return isTaken
  }
}

/** Numbers from 0 up to 1 (mulberry32), the same for the same seed. */
function randomOf(seed: string): () => number {
  let state = createHash('sha256').update(seed).digest().readUInt32LE()
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
