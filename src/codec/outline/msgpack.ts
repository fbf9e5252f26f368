/** msgpack taken apart, LangGraph's extension codes included. */

import type { Outline } from '../../model/outline.js'
import { OBJECT_FORMS } from '../../model/value.js'
import { type MsgpackRange, msgpackEntries, msgpackItems } from '../msgpack/parts.js'
import { msgpackValue } from '../msgpack/read.js'
import { treeOf } from '../tree.js'
import { MAX_OUTLINE_DEPTH, type OutlineBudget, TOO_MUCH, textOfScalar } from './scalars.js'

/** Throws `DecodeError`. */
export function outlineMsgpack(bytes: Buffer, budget: OutlineBudget): Outline {
  return outlineAt({ start: 0, end: bytes.length }, 0)

  function outlineAt({ start, end }: MsgpackRange, depth: number): Outline {
    const range = { at: start, end }
    if (!budget.take() || depth > MAX_OUTLINE_DEPTH) return { ...range, kind: TOO_MUCH }
    const entries = msgpackEntries(bytes, start, end)
    if (entries !== undefined) {
      const items = entries.map(({ key, value }) => ({ ...outlineAt(value, depth + 1), label: labelOf(key) }))
      return { ...range, kind: 'map', items }
    }
    const items = msgpackItems(bytes, start, end)
    if (items !== undefined)
      return { ...range, kind: 'list', items: items.map((item) => outlineAt(item, depth + 1)) }
    const ext = extensionAt(bytes, start)
    if (ext !== undefined) {
      const { code, payload } = ext
      const kind = `ext ${code}${OBJECT_FORMS[code] === undefined ? '' : ` ${OBJECT_FORMS[code]}`}`
      return { ...range, kind, items: [outlineAt({ start: payload, end }, depth + 1)] }
    }
    const tree = treeOf(msgpackValue(bytes.subarray(start, end)))
    return { ...range, kind: tree.kind, text: textOfScalar(tree) ?? '' }
  }

  function labelOf({ start, end }: MsgpackRange): string {
    const tree = treeOf(msgpackValue(bytes.subarray(start, end)))
    return tree.kind === 'text' ? tree.utf8.toString() : (textOfScalar(tree) ?? tree.kind)
  }
}

/** ext 8, 16, 32 and the fixed sizes (msgpack specification, extension types). */
function extensionAt(
  bytes: Buffer,
  at: number,
): { readonly code: number; readonly payload: number } | undefined {
  const first = bytes[at]!
  const head =
    first >= 0xc7 && first <= 0xc9 ? 1 + (1 << (first - 0xc7)) : first >= 0xd4 && first <= 0xd8 ? 1 : 0
  if (head === 0) return undefined
  return { code: bytes[at + head]!, payload: at + head + 1 }
}
