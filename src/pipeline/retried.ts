/** Does a piece of work again where a server went away meanwhile. */
import type { Recover } from '../target/rows/batch-sink.js'

/** `attempt` counts from 1. Throws what `recover` throws: it says whether another try makes sense, and whether anybody still wants it. */
export async function retried<T>(
  { recover }: { readonly recover: Recover },
  work: (attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (error) {
      await recover(error, attempt)
    }
  }
}
