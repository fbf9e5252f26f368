/** Looks at the values of a few keys of each kind: which layout's saver wrote them, how large they are, how long they live. */

import type { ClaimedKey } from '../../layouts/layout.js'
import type { LayoutRegistry } from '../../layouts/registry.js'
import type { ReasonId } from '../../model/finding.js'
import { kindOf as kindOfFinding } from '../../model/finding.js'
import type { RedisValue } from '../../model/redis-value.js'
import { readStream } from '../../source/read-stream.js'
import type { Source } from '../../source/source.js'
import { recognise } from '../recognise.js'
import type { KeyKind } from './census.js'

/** What was learnt of one kind of keys. */
export interface KindSamples {
  readonly kind: KeyKind
  /** Layout → evidence → samples that gave it. */
  readonly recognised: ReadonlyMap<string, ReadonlyMap<string, number>>
  /** Values looked at. */
  readonly looked: number
  /** No layout knows the value, and the name could be anybody's. */
  readonly nobodys: readonly ClaimedKey[]
  /** No layout knows the value, though the name is clearly of one. */
  readonly damaged: readonly ClaimedKey[]
  /** A layout knows the value, but its reader can make no record of it. */
  readonly unreadable: readonly ClaimedKey[]
  readonly stubs: number
  /** Mean bytes of memory a key; null where the server does not say. */
  readonly meanBytes: number | null
  /** Milliseconds that each of the values looked at has left; −1: for ever. */
  readonly pttls: readonly number[]
  /** True where every key of the kind was looked at. */
  readonly isAll: boolean
}

/** Enough for a verdict. */
const MAX_VALUES_A_KIND = 100
const READ_BATCH_BYTES = 4 * 1024 ** 2
/** Larger values say nothing that smaller ones do not. */
const MAX_VALUE_BYTES = 8 * 1024 ** 2
const MAX_BYTES_A_KIND = 32 * 1024 ** 2

export async function lookAt(
  kind: KeyKind,
  { source, registry }: { readonly source: Source; readonly registry: LayoutRegistry },
): Promise<KindSamples> {
  const keys = kind.samples.items
  const sizes = await source.memoryOf(keys.map(({ key }) => key))
  const found = new Look(kind, registry)
  // Index keys hold nothing to recognise a saver by.
  if (kind.role !== 'index') {
    const stream = readStream(source, affordable(keys, sizes), {
      batchBytes: READ_BATCH_BYTES,
      maxValueBytes: MAX_VALUE_BYTES,
    })
    for await (const { request, result } of stream) {
      if (result.state === 'read') found.take(request, result.value, result.pttlMs)
    }
  }
  return found.result(meanOf(sizes))
}

/** The first of the samples, without those that are too large. */
function affordable(keys: readonly ClaimedKey[], sizes: readonly (number | null)[]): readonly ClaimedKey[] {
  let bytes = 0
  const chosen = keys.filter((_, at) => {
    const size = sizes[at] ?? 0
    const fits = size <= MAX_VALUE_BYTES && bytes + size <= MAX_BYTES_A_KIND
    if (fits) bytes += size
    return fits
  })
  return chosen.slice(0, MAX_VALUES_A_KIND)
}

function meanOf(sizes: readonly (number | null)[]): number | null {
  const known = sizes.filter((size) => size !== null)
  return known.length === 0 ? null : known.reduce((sum, size) => sum + size, 0) / known.length
}

class Look {
  private readonly recognised = new Map<string, Map<string, number>>()
  private readonly nobodys: ClaimedKey[] = []
  private readonly damaged: ClaimedKey[] = []
  private readonly unreadable: ClaimedKey[] = []
  private readonly pttls: number[] = []
  private stubs = 0
  private looked = 0

  constructor(
    private readonly kind: KeyKind,
    private readonly registry: LayoutRegistry,
  ) {}

  take(key: ClaimedKey, value: RedisValue, pttlMs: number): void {
    this.looked++
    this.pttls.push(pttlMs)
    const known = recognise(key, value, this.registry)
    if (known === null) {
      if (key.ambiguous || key.role === 'pointer') this.nobodys.push(key)
      else this.damaged.push(key)
      return
    }
    const evidences = this.recognised.get(known.layout) ?? new Map<string, number>()
    this.recognised.set(known.layout, evidences)
    evidences.set(known.evidence, (evidences.get(known.evidence) ?? 0) + 1)
    const reasons = this.reasonsOf(known.key, value)
    if (reasons.includes('stub-document')) this.stubs++
    if (reasons.some((reason) => kindOfFinding({ reason }) === 'rejected')) this.unreadable.push(key)
  }

  result(meanBytes: number | null): KindSamples {
    const { kind, recognised, looked, nobodys, damaged, unreadable, stubs, pttls } = this
    const isAll = looked === kind.keys
    return { kind, recognised, looked, nobodys, damaged, unreadable, stubs, meanBytes, pttls, isAll }
  }

  /** What the reader says of a checkpoint's document alone; of other keys nothing can be said without their thread. */
  private reasonsOf(key: ClaimedKey, value: RedisValue): readonly ReasonId[] {
    if (key.role !== 'checkpoint') return []
    const reasons: ReasonId[] = []
    const reader = this.registry.byId(this.registry.readerOf(key.layout)).openThread(key.threadId, {
      checkpoint: () => {},
      write: () => {},
      channelValue: () => {},
      finding: ({ reason }) => reasons.push(reason),
      belongsTo: () => {},
      notMine: () => {},
    })
    reader.accept(key, value)
    reader.end()
    return reasons
  }
}
