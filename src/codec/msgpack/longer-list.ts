/** A msgpack array that begins with all items of another: only the others need to be decoded. */

/** First bytes of arrays: up to 15 items, up to 2¹⁶, up to 2³². */
const FIX_ARRAY = 0x90
const FIX_ARRAY_LAST = 0x9f
const ARRAY_16 = 0xdc
const ARRAY_32 = 0xdd
const ARRAY_32_BYTES = 5

/**
 * The items that `bytes` has behind those of `earlier`, as an array of their own; undefined where it does not begin with the same ones.
 * `earlier` is one whole array that was decoded. The comparison is native: as good as free beside decoding.
 */
export function arrayItemsBehind(earlier: Buffer, bytes: Buffer): Buffer | undefined {
  const head = headOf(earlier)
  const longer = headOf(bytes)
  if (head === undefined || longer === undefined) return undefined
  const items = longer.items - head.items
  const shared = earlier.length - head.bytes
  const restAt = longer.bytes + shared
  if (items <= 0 || head.items === 0 || restAt >= bytes.length) return undefined
  if (earlier.compare(bytes, longer.bytes, restAt, head.bytes) !== 0) return undefined
  const rest = Buffer.allocUnsafe(ARRAY_32_BYTES + bytes.length - restAt)
  rest[0] = ARRAY_32
  rest.writeUInt32BE(items, 1)
  bytes.copy(rest, ARRAY_32_BYTES, restAt)
  return rest
}

function headOf(bytes: Buffer): { readonly items: number; readonly bytes: number } | undefined {
  const first = bytes[0]
  if (first === undefined) return undefined
  if (first >= FIX_ARRAY && first <= FIX_ARRAY_LAST) return { items: first - FIX_ARRAY, bytes: 1 }
  if (first === ARRAY_16 && bytes.length >= 3) return { items: bytes.readUInt16BE(1), bytes: 3 }
  if (first === ARRAY_32 && bytes.length >= ARRAY_32_BYTES)
    return { items: bytes.readUInt32BE(1), bytes: ARRAY_32_BYTES }
  return undefined
}
