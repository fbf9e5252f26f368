/** The table of layouts in use, with the questions asked of all of them. */
import type { RedisType } from '../model/redis-value.js'
import type { Claim, ClaimedKey, Layout, Prefixes } from './layout.js'

export class LayoutRegistry {
  private readonly ids: Map<string, number>

  /** `layouts` newest first: where two hold the same checkpoint, the earlier one counts. */
  constructor(
    readonly layouts: readonly Layout[],
    readonly prefixes: Prefixes,
  ) {
    this.ids = new Map(layouts.map((layout, at) => [layout.id, at]))
  }

  byId(id: string): Layout {
    const at = this.ids.get(id)
    if (at === undefined) throw new Error(`no layout ${id}`)
    return this.layouts[at]!
  }

  /** Place in the order, newest first. */
  rank(id: string): number {
    return this.ids.get(id) ?? this.layouts.length
  }

  /** The first claim on a key; null where no layout knows it. */
  claim(key: Buffer, type: RedisType): Claim | null {
    for (const layout of this.layouts) {
      const claim = layout.claim(key, type, this.prefixes)
      if (claim !== null) return claim
    }
    return null
  }

  /** The next claim, once a key's value has shown that it is not its layout's. */
  claimAfter(key: ClaimedKey): ClaimedKey | null {
    for (const layout of this.layouts.slice(this.rank(key.layout) + 1)) {
      if (layout.readBy === key.layout) continue
      const claim = layout.claim(key.key, key.type, this.prefixes)
      if (claim !== null) return { ...claim, key: key.key, type: key.type }
    }
    return null
  }
}

/** Whether `a` is older than `b`. */
export const isLayoutAfter = (registry: LayoutRegistry, a: string, b: string): boolean =>
  registry.rank(a) > registry.rank(b)
