/** Threads in their order, handed out once; those that were under way when the source went away are handed out again, first. */
import type { ThreadKeys } from './inventory.js'

export class ThreadQueue {
  private readonly source: AsyncIterator<ThreadKeys>
  private again: ThreadKeys[] = []
  /** Handed out and not settled, in their order. */
  private readonly underWay = new Set<ThreadKeys>()
  private asking: Promise<unknown> = Promise.resolve()

  constructor(threads: AsyncIterable<ThreadKeys>) {
    this.source = threads[Symbol.asyncIterator]()
  }

  /** The rest of the threads. Whoever stops early leaves the others for the next reader. */
  async *threads(): AsyncGenerator<ThreadKeys> {
    for (;;) {
      const thread = this.again.shift() ?? (await this.fromSource())
      if (thread === undefined) return
      this.underWay.add(thread)
      yield thread
    }
  }

  /** It needs not be handed out again. */
  settle(thread: ThreadKeys): void {
    this.underWay.delete(thread)
  }

  /** All that is not settled comes again. */
  async rewind(): Promise<void> {
    // A reader that was left may still be waiting for its next thread.
    await this.asking
    this.again = [...this.underWay, ...this.again]
    this.underWay.clear()
  }

  private async fromSource(): Promise<ThreadKeys | undefined> {
    const asked = this.source.next()
    this.asking = asked.catch(() => {})
    const { done, value } = await asked
    return done ? undefined : value
  }
}

/** Neighbouring threads together, until they are `items` or have `weight` keys. */
export async function* chunksOf(
  threads: AsyncIterable<ThreadKeys>,
  most: { readonly items: number; readonly weight: number },
): AsyncGenerator<ThreadKeys[]> {
  let chunk: ThreadKeys[] = []
  let weight = 0
  for await (const thread of threads) {
    chunk.push(thread)
    weight += thread.keys.length
    if (chunk.length < most.items && weight < most.weight) continue
    yield chunk
    chunk = []
    weight = 0
  }
  if (chunk.length > 0) yield chunk
}
