/** Counts every key by what its name and TYPE say, and keeps a few of each kind to look at. */
import type { Claim, ClaimedKey, KeyRole } from '../../layouts/layout.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import { dayOfUuid6 } from '../../model/checkpoint-days.js'
import { InventoryCounts } from '../../pipeline/inventory/counts.js'
import type { KeyOfType } from '../../source/source.js'
import type { GrowthCount } from '../survey/growth.js'
import { hashOfKey, Samples } from './sampling.js'
import { ThreadNames } from './threads.js'

/** Keys that one layout claims for one role. Names without a checkpoint id are a kind of their own: often another saver's. */
export interface KeyKind {
  readonly index: number
  readonly layout: string
  readonly role: KeyRole
  readonly hasId: boolean
  keys: number
  readonly samples: Samples<ClaimedKey>
}

/** Enough to weigh keys by; fewer of them are read. */
const SAMPLES_A_KIND = 200

export class KeyCensus {
  /** Of foreign keys, and of all by TYPE. */
  readonly counts: InventoryCounts
  readonly threads = new ThreadNames()
  readonly #kinds: KeyKind[] = []

  constructor(
    private readonly registry: LayoutRegistry,
    beginningOf: (key: Buffer) => string,
    /** Is told of checkpoints by the day in their keys' names. */
    private readonly growth?: GrowthCount,
  ) {
    this.counts = new InventoryCounts(beginningOf)
  }

  /** Kinds in the order they were met. */
  get kinds(): readonly KeyKind[] {
    return this.#kinds
  }

  /** `onClaimed` is told of the keys that a layout knows. */
  take(page: readonly KeyOfType[], onClaimed?: (key: KeyOfType, claim: Claim) => void): void {
    for (const found of page) {
      this.counts.scan(found)
      const claim = this.registry.claim(found.key, found.type)
      if (claim === null) {
        this.counts.foreign(found)
        continue
      }
      this.#count(found, claim)
      onClaimed?.(found, claim)
    }
  }

  /** Takes the pages as they pass by. */
  async *watch(pages: AsyncIterable<readonly KeyOfType[]>): AsyncGenerator<readonly KeyOfType[]> {
    for await (const page of pages) {
      this.take(page)
      yield page
    }
  }

  #count({ key, type }: KeyOfType, claim: Claim): void {
    const kind = this.#kindOf(claim)
    kind.keys++
    // A copy: the name would keep the whole reply it came in.
    kind.samples.add(hashOfKey(key), () => ({ ...claim, key: Buffer.from(key), type }))
    this.threads.add(claim, kind.index)
    if (claim.role === 'checkpoint' && kind.hasId) this.growth?.checkpoint(dayOfUuid6(claim.checkpointId))
  }

  #kindOf({ layout, role, checkpointId }: Claim): KeyKind {
    const hasId = checkpointId !== ''
    for (const kind of this.#kinds) {
      if (kind.role === role && kind.hasId === hasId && kind.layout === layout) return kind
    }
    const samples = new Samples<ClaimedKey>(SAMPLES_A_KIND)
    const kind = { index: this.#kinds.length, layout, role, hasId, keys: 0, samples }
    this.#kinds.push(kind)
    return kind
  }
}
