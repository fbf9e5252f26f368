/** Which layout knows a value. */
import type { ClaimedKey } from '../layouts/layout.js'
import type { LayoutRegistry } from '../layouts/registry.js'
import type { RedisValue } from '../model/redis-value.js'

export interface Recognised {
  readonly layout: string
  readonly evidence: string
  /** The key as that layout's reader claims it. */
  readonly key: ClaimedKey
}

/** One of those that the claiming layout reads, else of the next that claims the key; null where none does. */
export function recognise(key: ClaimedKey, value: RedisValue, registry: LayoutRegistry): Recognised | null {
  for (let claimed: ClaimedKey | null = key; claimed !== null; claimed = registry.claimAfter(claimed)) {
    const reader = registry.readerOf(claimed.layout)
    for (const layout of registry.layouts) {
      if (registry.readerOf(layout.id) !== reader) continue
      const { yes, evidence } = layout.recognises(claimed, value)
      if (yes) return { layout: layout.id, evidence, key: claimed }
    }
  }
  return null
}
