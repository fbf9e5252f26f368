/** The table of layouts in use, with the questions asked of all of them. */
import type { RedisType } from '../model/redis-value.js'
import type { Claim, ClaimedKey, Layout, Prefixes } from './layout.js'

export class LayoutRegistry {
  private readonly ids: Map<string, number>
  /** Those to be asked for a claim: a layout whose keys another one reads leaves the claim to that one. */
  private readonly claiming: readonly Layout[]

  /** `layouts` newest first: where two hold the same checkpoint, the earlier one counts. */
  constructor(
    readonly layouts: readonly Layout[],
    readonly prefixes: Prefixes,
  ) {
    this.ids = new Map(layouts.map((layout, at) => [layout.id, at]))
    this.claiming = layouts.filter(({ readBy }) => readBy === undefined || !this.ids.has(readBy))
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
    for (const layout of this.claiming) {
      const claim = layout.claim(key, type, this.prefixes)
      if (claim !== null) return claim
    }
    return null
  }

  /** The layout whose reader reads the keys of this one. */
  readerOf(id: string): string {
    return this.byId(id).readBy ?? id
  }

  /** The next claim, once a key's value has shown that it is not its layout's. */
  claimAfter({ key, type, layout: id, refusedBy }: ClaimedKey): ClaimedKey | null {
    const refused = new Set(refusedBy).add(this.readerOf(id))
    for (const layout of this.layouts) {
      if (refused.has(layout.readBy ?? layout.id)) continue
      const claim = layout.claim(key, type, this.prefixes)
      if (claim !== null) return { ...claim, key, type, refusedBy: refused }
    }
    return null
  }

  /** All keys of one thread, those whose names are of several layouts given to the one that the others speak for. */
  ofThread(keys: readonly ClaimedKey[]): readonly ClaimedKey[] {
    for (const layout of this.layouts) {
      const claimed = layout.claimOfThread?.(keys, this.prefixes)
      if (claimed) return claimed
    }
    return keys
  }
}

/** Whether `a` is older than `b`. */
export const isLayoutAfter = (registry: LayoutRegistry, a: string, b: string): boolean =>
  registry.rank(a) > registry.rank(b)
