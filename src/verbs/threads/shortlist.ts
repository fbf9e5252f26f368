/** Keeps the first of many threads in an order, and counts the others: memory depends on how many are wanted, never on how many there are. */
import { type ListedThread, type ThreadOrder, threadOrder } from '../../model/threads-report.js'

export class Shortlist {
  matching = 0
  checkpoints = 0
  bytes = 0
  waiting = 0
  readonly #first: ListedThread[] = []
  readonly #compare: ReturnType<typeof threadOrder>

  constructor(
    sort: ThreadOrder,
    private readonly limit: number,
  ) {
    this.#compare = threadOrder(sort)
  }

  add(thread: ListedThread): void {
    this.matching++
    this.checkpoints += thread.checkpoints
    this.bytes += thread.bytes ?? 0
    if (thread.state === 'waiting') this.waiting++
    const first = this.#first
    const last = first.at(-1)
    if (first.length === this.limit && last !== undefined && this.#compare(thread, last) > 0) return
    first.splice(this.#placeOf(thread), 0, thread)
    if (first.length > this.limit) first.pop()
  }

  get threads(): readonly ListedThread[] {
    return this.#first
  }

  #placeOf(thread: ListedThread): number {
    let low = 0
    let high = this.#first.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(this.#first[middle]!, thread) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
