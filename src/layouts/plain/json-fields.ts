/** Finds where the members of a JSON document stand, and those of the objects inside it that matter, in one pass over its bytes. */
import { DecodeError } from '../../codec/bytes.js'
import { jsonString } from '../../codec/json/read.js'
import { COLON, COMMA, MAP, MAP_END, QUOTE, skipJson, skipSpace, skipString } from '../../codec/json/scan.js'

/** Where a value stands; `members` where it is an object that was looked into. */
export interface Range {
  readonly start: number
  readonly end: number
  readonly members?: Fields | undefined
}

/** Names of members whose own members are wanted too. */
export interface LookInto {
  readonly [name: string]: LookInto
}
const NOWHERE: LookInto = {}

/** What a member takes of a list of slots: its name, where its value begins and ends, what was found inside. */
type Slot = string | number | Fields | undefined
const SLOTS = 4
/** Objects with more members are looked up by an index. */
const FEW_MEMBERS = 16

/** The members of one object in their order. Ranges are made for who asks: a document has dozens that nobody looks at. */
export class Fields {
  private index: ReadonlyMap<string, number> | undefined

  constructor(
    private readonly slots: readonly Slot[],
    /** The offset after the object. */
    readonly end: number,
  ) {}

  get size(): number {
    return this.slots.length / SLOTS
  }

  has(name: string): boolean {
    return this.find(name) >= 0
  }

  get(name: string): Range | undefined {
    const at = this.find(name)
    return at < 0 ? undefined : this.rangeAt(at)
  }

  forEach(take: (range: Range, name: string) => void): void {
    const { slots } = this
    for (let at = 0; at < slots.length; at += SLOTS) take(this.rangeAt(at), slots[at] as string)
  }

  private find(name: string): number {
    const { slots } = this
    if (slots.length > FEW_MEMBERS * SLOTS) {
      this.index ??= indexOf(slots, 0, slots.length)
      return this.index.get(name) ?? -1
    }
    for (let at = 0; at < slots.length; at += SLOTS) if (slots[at] === name) return at
    return -1
  }

  private rangeAt(at: number): Range {
    const { slots } = this
    return {
      start: slots[at + 1] as number,
      end: slots[at + 2] as number,
      members: slots[at + 3] as Fields | undefined,
    }
  }
}

export const NO_FIELDS = new Fields([], 0)

/** Members of the object at `at`; of a name that comes twice the last, as Python reads it. Throws `DecodeError`. */
export function fieldsAt(text: Buffer, at: number, lookInto: LookInto = NOWHERE): Fields {
  top = 0
  return objectAt(text, at, lookInto)
}

/** Slots of all objects that are open, the innermost last: how many an object has is known when it ends. */
const STACK: Slot[] = []
let top = 0

function objectAt(text: Buffer, start: number, lookInto: LookInto): Fields {
  if (text[start] !== MAP) throw new DecodeError('no object begins here', start)
  const base = top
  let seen: Map<string, number> | undefined
  let at = skipSpace(text, start + 1)
  if (text[at] === MAP_END) return new Fields([], at + 1)
  for (;;) {
    if (text[at] !== QUOTE) throw new DecodeError('a key is missing', at)
    const keyEnd = skipString(text, at)
    const name = jsonString(text, at, keyEnd)
    const colon = skipSpace(text, keyEnd)
    if (text[colon] !== COLON) throw new DecodeError('a colon is missing', colon)
    const value = skipSpace(text, colon + 1)
    const look = text[value] === MAP && Object.hasOwn(lookInto, name) ? lookInto[name] : undefined
    const inside = look === undefined ? undefined : objectAt(text, value, look)
    const end = inside === undefined ? skipJson(text, value) : inside.end
    if (seen === undefined && top - base > FEW_MEMBERS * SLOTS) seen = indexOf(STACK, base, top)
    const slot = seen === undefined ? placeOf(name, base) : (seen.get(name) ?? top)
    seen?.set(name, slot)
    STACK[slot] = name
    STACK[slot + 1] = value
    STACK[slot + 2] = end
    STACK[slot + 3] = inside
    if (slot === top) top += SLOTS
    at = skipSpace(text, end)
    if (text[at] === MAP_END) break
    if (text[at] !== COMMA) throw new DecodeError('a comma is missing', at)
    at = skipSpace(text, at + 1)
  }
  const slots = STACK.slice(base, top)
  top = base
  if (STACK.length > MAX_KEPT_SLOTS) STACK.length = base
  return new Fields(slots, at + 1)
}

/** A document with more members leaves a longer stack behind than is worth keeping. */
const MAX_KEPT_SLOTS = 4096

/** Where the name stands among those from `base` on, or where the next one goes. */
function placeOf(name: string, base: number): number {
  for (let at = base; at < top; at += SLOTS) if (STACK[at] === name) return at
  return top
}

function indexOf(slots: readonly Slot[], from: number, to: number): Map<string, number> {
  const index = new Map<string, number>()
  for (let at = from; at < to; at += SLOTS) index.set(slots[at] as string, at)
  return index
}
