/** The order of a set's or a map's members by their bytes. Most have a few: ordering these leaves nothing behind. */

/** More members are ordered as a whole. */
const MAX_INSERTED = 32
const FEW = new Uint8Array(MAX_INSERTED)

/**
 * The places of `count` members, which begin at `starts[first]` and after and end where the next one begins, in the order of their bytes;
 * undefined where they stand in it already. Valid until the next call.
 */
export function orderOf(
  bytes: Buffer,
  starts: readonly number[],
  first: number,
  count: number,
): ArrayLike<number> | undefined {
  if (count > MAX_INSERTED) {
    return Array.from({ length: count }, (_, member) => member).sort((a, b) =>
      compare(bytes, starts, first + a, first + b),
    )
  }
  let isMoved = false
  for (let member = 0; member < count; member++) {
    let at = member
    for (; at > 0 && compare(bytes, starts, first + FEW[at - 1]!, first + member) > 0; at--) {
      FEW[at] = FEW[at - 1]!
      isMoved = true
    }
    FEW[at] = member
  }
  return isMoved ? FEW : undefined
}

/** Members of a map differ in their first few bytes: no call is worth while. */
function compare(bytes: Buffer, starts: readonly number[], a: number, b: number): number {
  const aStart = starts[a]!
  const bStart = starts[b]!
  const aLength = starts[a + 1]! - aStart
  const bLength = starts[b + 1]! - bStart
  const length = Math.min(aLength, bLength)
  for (let at = 0; at < length; at++) {
    const difference = bytes[aStart + at]! - bytes[bStart + at]!
    if (difference !== 0) return difference
  }
  return aLength - bLength
}
