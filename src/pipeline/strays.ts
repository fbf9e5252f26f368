/** Keys whose documents said that they belong to another thread than their names: by that thread. */
import type { ClaimedKey } from '../layouts/layout.js'
import type { ThreadKeys } from './inventory.js'
import type { StrayKey } from './thread-pass.js'

export function byThread(strays: readonly StrayKey[]): ThreadKeys[] {
  const groups = new Map<string, ClaimedKey[]>()
  for (const { key, threadId } of strays) {
    const moved = { ...key, threadId }
    const group = groups.get(threadId)
    if (group === undefined) groups.set(threadId, [moved])
    else group.push(moved)
  }
  return [...groups].map(([threadId, keys]) => ({ threadId, keys }))
}
