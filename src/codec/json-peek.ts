/** Small looks at the members of a gathered object: is it a list, which word does it hold. A slot of −1 is a member that is not there. */
import { type MemberStack, VALUE, VALUE_END } from './json-members.js'
import { jsonString } from './json-read.js'
import { LIST, MAP, QUOTE } from './json-scan.js'

/** Whether the value begins with this byte. */
export function begins(stack: MemberStack, slot: number, first: number): boolean {
  return slot >= 0 && stack.text[stack.slots[slot + VALUE]!] === first
}

/** A number or literal as it is spelled; undefined for anything else. */
export function scalarAt(stack: MemberStack, slot: number): string | undefined {
  if (slot < 0) return undefined
  const first = stack.text[stack.slots[slot + VALUE]!]
  return first === QUOTE || first === LIST || first === MAP ? undefined : spelledAt(stack, slot)
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
    items = JSON.parse(spelledAt(stack, slot))
  } catch {
    return [] // what is wrong with it shows when it is decoded
  }
  const texts = (items as unknown[]).filter((item) => item !== null)
  return texts.every((item) => typeof item === 'string') ? texts : []
}

/** The value as it is spelled. */
export function spelledAt(stack: MemberStack, slot: number): string {
  return stack.text.toString('utf8', stack.slots[slot + VALUE]!, stack.slots[slot + VALUE_END]!)
}
