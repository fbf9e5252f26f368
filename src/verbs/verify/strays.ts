/** Keys that belong to other threads than their names say: these threads are compared once more, with all their keys. */
import type { ClaimedKey } from '../../layouts/layout.js'
import type { Inventory, ThreadKeys } from '../../pipeline/inventory.js'
import { retried } from '../../pipeline/retried.js'
import type { ThreadVerification } from '../../pipeline/verify/threads.js'
import { keyText } from '../../target/ledger/pack.js'
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
  const given = new Map<string, Map<string, ClaimedKey>>()
  for (let strays = verification.takeStrays(); strays.size > 0; strays = verification.takeStrays()) {
    const wanted = new Map<string, ThreadKeys>()
    for (const [threadId, { keys }] of strays) {
      if (!wants(threadId)) continue
      const known = given.get(threadId) ?? new Map<string, ClaimedKey>()
      // What no layout can read is passed from one to the next; the second time a thread gets it, nobody is left to ask.
      const isNew = keys.some(({ key }) => !known.has(keyText(key)))
      for (const key of keys) known.set(keyText(key.key), key)
      given.set(threadId, known)
      if (isNew) wanted.set(threadId, { threadId, keys: [...known.values()] })
    }
    if (wanted.size === 0) continue
    const { inventory } = await retried({ recover }, () => list((threadId) => wanted.has(threadId)))
    try {
      await verification.run(withStrays(inventory.threads(), wanted))
    } finally {
      await inventory.close()
    }
  }
}
