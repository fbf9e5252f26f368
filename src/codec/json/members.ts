/** The members of the JSON objects being read: where each key and value stands, found before anything is decoded. */
import { DecodeError } from '../bytes.js'
import type { JsonIndex } from './index.js'
import { decodeString } from './scalars.js'
import {
  BACKSLASH,
  COLON,
  COMMA,
  LIST,
  LOOP_BYTES,
  MAP,
  MAP_END,
  QUOTE,
  skipScalar,
  skipSpace,
  skipStringRest,
} from './scan.js'

/** What a slot notes of its member, one number each. Keys stand without their quotes, values with them. */
export const KEY = 0
export const KEY_END = 1
export const KEY_ESCAPED = 2
export const VALUE = 3
export const VALUE_END = 4
/** Of a string whether it holds an escape, of a container its number in the index; of other values nothing. */
export const VALUE_ESCAPED = 5
export const CONTAINER = 5
export const SLOT_SIZE = 6

/** Objects with more members look for duplicate keys with a map. */
const FEW_MEMBERS = 12

const NO_TEXT = Buffer.alloc(0)

/** One stack of slots for all objects that are open, the innermost last, so that an object costs no allocation. */
export class MemberStack {
  readonly slots: number[] = []
  /** Where the next slots go; whoever gathered moves it past them while it needs them. */
  top = 0
  /** Whether the string that `stringEnd` saw last holds an escape. */
  escaped = false
  /** Values that lost against a later one of the same key, by twos: where each begins, and its number in the index. */
  readonly lost: number[] = []

  text: Buffer = NO_TEXT
  private end = 0

  /** Begins with another text. */
  reset(text: Buffer, end: number): void {
    this.text = text
    this.end = end
    this.top = 0
    this.lost.length = 0
  }

  /** The offset after the string whose opening quote is at `at`; sets `escaped`. */
  stringEnd(at: number): number {
    const { text } = this
    const stop = at + LOOP_BYTES
    let escaped = false
    let from = at + 1
    for (; from < stop; from++) {
      const byte = text[from]
      if (byte === QUOTE) {
        this.escaped = escaped
        return from + 1
      }
      if (byte === BACKSLASH) {
        escaped = true
        from++
      }
    }
    const end = skipStringRest(text, from)
    this.escaped = escaped || text.subarray(from, end).includes(BACKSLASH)
    return end
  }

  /**
   * Notes the members of the object at `at`, number `container` of the index, in the slots from `top` on, and returns how many there
   * are. As in Python, the last value of a key wins and stands where the key first stood; what loses is in `lost`.
   */
  gather(at: number, index: JsonIndex, container: number): number {
    const { text, slots } = this
    let child = container + 1
    let slot = this.top
    let key = skipSpace(text, at + 1)
    if (text[key] === MAP_END) return 0
    for (;;) {
      const value = this.gatherKey(slot, key)
      const first = text[value]
      let valueEnd: number
      if (first === QUOTE) {
        valueEnd = this.stringEnd(value)
        slots[slot + VALUE_ESCAPED] = this.escaped ? 1 : 0
      } else if (first === MAP || first === LIST) {
        slots[slot + CONTAINER] = child
        valueEnd = index.end[child]!
        child = index.next[child]!
      } else {
        valueEnd = skipScalar(text, value, this.end)
      }
      slots[slot + VALUE_END] = valueEnd
      slot += SLOT_SIZE
      const after = skipSpace(text, valueEnd)
      if (text[after] === MAP_END) break
      if (text[after] !== COMMA) throw new DecodeError('a comma is missing', after)
      key = skipSpace(text, after + 1)
    }
    return this.withoutDuplicates((slot - this.top) / SLOT_SIZE)
  }

  /** Whether the key in a slot is `name`, which must be ASCII. */
  keyIs(slot: number, name: string): boolean {
    const { text, slots } = this
    const start = slots[slot]!
    if (slots[slot + KEY_ESCAPED] === 1) return this.keyText(slot) === name
    if (slots[slot + KEY_END]! - start !== name.length) return false
    for (let i = 0; i < name.length; i++) if (text[start + i] !== name.charCodeAt(i)) return false
    return true
  }

  /** The slot of a key among the `count` from `base` on, or −1. */
  find(base: number, count: number, name: string): number {
    for (let i = 0, slot = base; i < count; i++, slot += SLOT_SIZE) if (this.keyIs(slot, name)) return slot
    return -1
  }

  /** The bytes of the decoded key, one character each: fit to compare keys with, not to show. */
  keyText(slot: number): string {
    const start = this.slots[slot]!
    const end = this.slots[slot + KEY_END]!
    if (this.slots[slot + KEY_ESCAPED] === 0) return this.text.toString('latin1', start, end)
    const decoded = Buffer.allocUnsafe(end - start)
    return decoded.toString('latin1', 0, decodeString(this.text, start, end, decoded))
  }

  private gatherKey(slot: number, at: number): number {
    const { text, slots } = this
    if (text[at] !== QUOTE) throw new DecodeError('a key is missing', at)
    const end = this.stringEnd(at)
    const colon = skipSpace(text, end)
    if (text[colon] !== COLON) throw new DecodeError('a colon is missing', colon)
    const value = skipSpace(text, colon + 1)
    slots[slot] = at + 1
    slots[slot + KEY_END] = end - 1
    slots[slot + KEY_ESCAPED] = this.escaped ? 1 : 0
    slots[slot + VALUE] = value
    return value
  }

  private withoutDuplicates(count: number): number {
    const { slots, top } = this
    const seen = count > FEW_MEMBERS ? new Map<string, number>() : undefined
    let kept = top
    for (let slot = top; slot < top + count * SLOT_SIZE; slot += SLOT_SIZE) {
      const earlier = seen === undefined ? this.sameKey(kept, slot) : this.seenKey(seen, slot, kept)
      if (earlier >= 0) {
        this.lost.push(slots[earlier + VALUE]!, slots[earlier + CONTAINER]!)
        slots.copyWithin(earlier + VALUE, slot + VALUE, slot + SLOT_SIZE)
      } else {
        if (kept < slot) slots.copyWithin(kept, slot, slot + SLOT_SIZE)
        kept += SLOT_SIZE
      }
    }
    return (kept - top) / SLOT_SIZE
  }

  private seenKey(seen: Map<string, number>, slot: number, kept: number): number {
    const key = this.keyText(slot)
    const earlier = seen.get(key)
    if (earlier === undefined) seen.set(key, kept)
    return earlier ?? -1
  }

  private sameKey(kept: number, slot: number): number {
    const { text, slots } = this
    const key = slots[slot]!
    const length = slots[slot + KEY_END]! - key
    const escaped = slots[slot + KEY_ESCAPED] === 1
    for (let other = this.top; other < kept; other += SLOT_SIZE) {
      if (escaped || slots[other + KEY_ESCAPED] === 1) {
        if (this.keyText(other) === this.keyText(slot)) return other
      } else if (slots[other + KEY_END]! - slots[other]! === length) {
        const otherKey = slots[other]!
        let same = 0
        while (same < length && text[otherKey + same] === text[key + same]) same++
        if (same === length) return other
      }
    }
    return -1
  }
}
