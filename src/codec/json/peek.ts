/** Small looks at the members of a gathered object: is it a list, which word does it hold. A slot of −1 is a member that is not there. */
import { type MemberStack, VALUE, VALUE_END } from './members.js'
import { jsonString } from './read.js'
import { LIST, QUOTE } from './scan.js'

/** Whether the value begins with this byte. */
export function begins(stack: MemberStack, slot: number, first: number): boolean {
  return slot >= 0 && stack.text[stack.slots[slot + VALUE]!] === first
}

/** Whether the value is spelled exactly so. */
export function isSpelled({ slots, text }: MemberStack, slot: number, spelling: string): boolean {
  if (slot < 0) return false
  const at = slots[slot + VALUE]!
  if (slots[slot + VALUE_END]! - at !== spelling.length) return false
  for (let i = 0; i < spelling.length; i++) if (text[at + i] !== spelling.charCodeAt(i)) return false
  return true
}

/** A string's text; undefined for anything else. */
export function textAt(stack: MemberStack, slot: number): string | undefined {
  if (!begins(stack, slot, QUOTE)) return undefined
  return jsonString(stack.text, stack.slots[slot + VALUE]!, stack.slots[slot + VALUE_END]!)
}

/** The texts of an array, nulls left out; empty where it holds anything else, or is none. */
export function textsAt(stack: MemberStack, slot: number): readonly string[] {
  if (!begins(stack, slot, LIST)) return []
  let items: unknown
  try {
    items = JSON.parse(
      stack.text.toString('utf8', stack.slots[slot + VALUE]!, stack.slots[slot + VALUE_END]!),
    )
  } catch {
    return [] // what is wrong with it shows when it is decoded
  }
  const texts = (items as unknown[]).filter((item) => item !== null)
  return texts.every((item) => typeof item === 'string') ? texts : []
}

/** The value as it is spelled, one character a byte. */
export function spellingOf({ slots, text }: MemberStack, slot: number): string {
  return text.toString('latin1', slots[slot + VALUE]!, slots[slot + VALUE_END]!)
}
