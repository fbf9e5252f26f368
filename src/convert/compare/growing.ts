/**
 * Digests of channel values. A value that stands in every checkpoint with the same bytes is decoded once; of a list that begins with the one
 * before it, as conversations do, only the new items are.
 */
import type { ListDigest } from '../../codec/digest.js'
import { itemsBehind } from '../../codec/json/longer-list.js'
import { JsonText } from '../../codec/json/text-value.js'
import { arrayItemsBehind } from '../../codec/msgpack/longer-list.js'
import { msgpackValue } from '../../codec/msgpack/read.js'
import { Slabs } from '../../codec/slabs.js'
import type { Value } from '../../model/value.js'
import { type Digest, digestOfStored } from './values.js'

interface Seen extends ListDigest {
  readonly encoding: Value['encoding']
  readonly serdeType: string | undefined
  readonly reading: Value['reading']
  readonly bytes: Buffer
}

export class GrowingDigests {
  /** The last value of each channel, the one used longest ago first. */
  private readonly last = new Map<string, Seen>()
  private heldBytes = 0

  /** `budgetBytes` bounds the copies kept to compare with. `digest` is `storedList` or `sourceList`. */
  constructor(
    private readonly budgetBytes: number,
    private readonly digest: (value: Value, before?: Buffer) => ListDigest,
  ) {}

  /** `channel` names it among all that share the budget. Throws what reading the value throws. */
  of(channel: string, value: Value): Digest {
    const { bytes, encoding, serdeType, reading } = value
    if (encoding === 'encrypted') return digestOfStored(value)
    if (bytes === undefined) return this.digest(value).digest
    const last = this.last.get(channel)
    const isAlike = last?.encoding === encoding && last.serdeType === serdeType && last.reading === reading
    if (isAlike && last.bytes.equals(bytes)) return last.digest
    const rest = isAlike && last.items !== undefined ? behind(last.bytes, value) : undefined
    const found = rest === undefined ? this.digest(value) : this.digest(rest, last!.items)
    if (last !== undefined) this.forget(channel, last)
    this.keep(channel, { ...found, encoding, serdeType, reading, bytes })
    return found.digest
  }

  /** A copy: the value would keep its whole document in memory. */
  private keep(channel: string, seen: Seen): void {
    if (sizeOf(seen) > this.budgetBytes / 2) return
    this.last.set(channel, { ...seen, bytes: SLABS.keep(seen.bytes) })
    this.heldBytes += sizeOf(seen)
    for (const [oldest, old] of this.last) {
      if (this.heldBytes <= this.budgetBytes) return
      this.forget(oldest, old)
    }
  }

  private forget(channel: string, seen: Seen): void {
    if (this.last.delete(channel)) this.heldBytes -= sizeOf(seen)
  }
}

/** Small values share pieces of memory: each in one of its own would cost more than its bytes. */
const SLABS = new Slabs()

const sizeOf = ({ bytes, items }: Seen): number => bytes.length + (items?.length ?? 0)

/** The items that a list has behind an earlier one's, as a list. */
function behind(earlier: Buffer, { bytes, encoding, reading }: Value): Value | undefined {
  if (encoding === 'msgpack') {
    const rest = arrayItemsBehind(earlier, bytes!)
    return rest && msgpackValue(rest)
  }
  const rest = reading && itemsBehind(earlier, bytes!)
  return rest && new JsonText(rest, 0, rest.length, reading!)
}
