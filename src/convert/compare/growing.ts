/**
 * Digests of channel values. A value that stands in every checkpoint with the same bytes is decoded once; of a list that begins with the one
 * before it, as conversations do, only the new items are.
 */
import type { ListDigest } from '../../codec/digest.js'
import { itemsBehind } from '../../codec/json/longer-list.js'
import { JsonText } from '../../codec/json/text-value.js'
import { arrayItemsBehind } from '../../codec/msgpack/longer-list.js'
import { msgpackValue } from '../../codec/msgpack/read.js'
import { Rooms } from '../../codec/rooms.js'
import type { Value } from '../../model/value.js'
import { type Digest, digestOfStored } from './values.js'

interface Seen extends ListDigest {
  readonly encoding: Value['encoding']
  readonly serdeType: string | undefined
  readonly reading: Value['reading']
  /** A copy, at the beginning of its room. */
  readonly bytes: Buffer
  readonly room: Buffer
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
    const size = bytes.length + (found.items?.length ?? 0)
    // A copy: the value would keep its whole document in memory.
    if (size <= this.budgetBytes / 2) {
      const room = ROOMS.take(bytes.length)
      if (rest !== undefined && room === last!.room) continueCopy(last!.bytes, bytes, room)
      else bytes.copy(room)
      const copy = room.subarray(0, bytes.length)
      this.keep(channel, { ...found, encoding, serdeType, reading, bytes: copy, room })
    }
    return found.digest
  }

  /** No more values come. */
  release(): void {
    for (const [channel, seen] of this.last) this.forget(channel, seen)
  }

  private keep(channel: string, seen: Seen): void {
    this.last.set(channel, seen)
    this.heldBytes += sizeOf(seen)
    for (const [oldest, old] of this.last) {
      if (this.heldBytes <= this.budgetBytes) return
      this.forget(oldest, old)
    }
  }

  private forget(channel: string, seen: Seen): void {
    if (!this.last.delete(channel)) return
    this.heldBytes -= sizeOf(seen)
    ROOMS.giveBack(seen.room)
  }
}

const ROOMS = new Rooms()

/** A list that begins as `earlier`, which stands in the room still: what it has behind that, and its head, which counts the items. */
function continueCopy(earlier: Buffer, bytes: Buffer, room: Buffer): void {
  const isMoved = earlier[0] !== bytes[0] && !(isShortArray(earlier[0]!) && isShortArray(bytes[0]!))
  bytes.copy(room, 0, 0, isMoved ? bytes.length : MAX_HEAD_BYTES)
  if (!isMoved) bytes.copy(room, earlier.length - 1, earlier.length - 1)
}
const MAX_HEAD_BYTES = 5
/** Arrays of msgpack whose head is one byte. */
const isShortArray = (first: number): boolean => first >= 0x90 && first <= 0x9f

const sizeOf = ({ room, items }: Seen): number => room.length + (items?.length ?? 0)

/** The items that a list has behind an earlier one's, as a list. */
function behind(earlier: Buffer, { bytes, encoding, reading }: Value): Value | undefined {
  if (encoding === 'msgpack') {
    const rest = arrayItemsBehind(earlier, bytes!)
    return rest && msgpackValue(rest)
  }
  const rest = reading && itemsBehind(earlier, bytes!)
  return rest && new JsonText(rest, 0, rest.length, reading!)
}
