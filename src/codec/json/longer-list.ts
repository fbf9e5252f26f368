/** A list that begins with all items of another: only the others need to be decoded. */
import { COMMA, LIST, LIST_END } from './scan.js'

/**
 * The items that `text` has behind those of `earlier`, as a list of their own; undefined where it does not begin with the same bytes.
 * `earlier` is a list that was decoded and holds at least one item. The comparison is native: as good as free beside decoding.
 */
export function itemsBehind(earlier: Buffer, text: Buffer): Buffer | undefined {
  const shared = earlier.length - 1
  if (shared < 2 || text.length <= shared || text[shared] !== COMMA) return undefined
  if (earlier[0] !== LIST || earlier[shared] !== LIST_END) return undefined
  if (earlier.compare(text, 0, shared, 0, shared) !== 0) return undefined
  const rest = Buffer.allocUnsafe(text.length - shared)
  text.copy(rest, 0, shared)
  rest[0] = LIST
  return rest
}
