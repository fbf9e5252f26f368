/** Keys that belong to other threads than their names say: these threads are compared once more, with all their keys. */
import type { Inventory } from '../../pipeline/inventory.js'
import { retried } from '../../pipeline/retried.js'
import type { ThreadVerification } from '../../pipeline/verify/threads.js'
import type { Recover } from '../../target/rows/batch-sink.js'
import { withStrays } from './choice.js'

export interface StrayThreads {
  readonly recover: Recover
  /** Threads whose own keys are asked for again; others of them are left alone. */
  wants(threadId: string): boolean
  list(wants: (threadId: string) => boolean): Promise<{ readonly inventory: Inventory }>
}

export async function compareStrays(
  verification: ThreadVerification,
  { recover, wants, list }: StrayThreads,
): Promise<void> {
  for (let strays = verification.takeStrays(); strays.size > 0; strays = verification.takeStrays()) {
    const wanted = new Map([...strays].filter(([threadId]) => wants(threadId)))
    if (wanted.size === 0) continue
    const { inventory } = await retried({ recover }, () => list((threadId) => wanted.has(threadId)))
    try {
      await verification.run(withStrays(inventory.threads(), wanted))
    } finally {
      await inventory.close()
    }
  }
}
