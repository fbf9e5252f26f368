/** Keeps one step of a stream under way while the one before it is consumed. */

/**
 * The same items in the same order, the next one asked for before it is needed. `mayOverlap` says of an item whether the next may be
 * fetched beside it; where not, the next is asked for only when the consumer comes back.
 */
export async function* oneAhead<T>(
  items: AsyncIterable<T>,
  mayOverlap: (item: T) => boolean = () => true,
): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]()
  let next: Promise<IteratorResult<T>> | null = null
  try {
    for (;;) {
      const { done, value } = await (next ?? iterator.next())
      next = null
      if (done) return
      if (mayOverlap(value)) {
        next = iterator.next()
        // A failure waits here until the consumer asks; Node would take it for one nobody handles.
        next.catch(() => {})
      }
      yield value
    }
  } finally {
    // The consumer may have left early: what is under way has to end before its source is closed.
    await next?.catch(() => {})
    await iterator.return?.()
  }
}
