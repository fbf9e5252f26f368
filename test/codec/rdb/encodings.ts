/** Writers of what old servers wrote into snapshots: second, simpler writers that share nothing with the readers under test. */

export const le = (value: number | bigint, bytes: number): Buffer => {
  const out = Buffer.alloc(8)
  out.writeBigInt64LE(BigInt(value))
  return out.subarray(0, bytes)
}
const be = (value: number, bytes: number): Buffer => Buffer.from(le(value, bytes)).reverse()

/** A length in the shortest form, or in one of the longer ones. */
export function length(
  value: number,
  form: 6 | 14 | 32 | 64 = value < 64 ? 6 : value < 16384 ? 14 : 32,
): Buffer {
  if (form === 6) return Buffer.of(value)
  if (form === 14) return be(value | 0x4000, 2)
  return form === 32
    ? Buffer.concat([Buffer.of(0x80), be(value, 4)])
    : Buffer.concat([Buffer.of(0x81), le(0, 4), be(value, 4)])
}

/** Without any encoding. */
export const raw = (bytes: Buffer | string): Buffer =>
  Buffer.concat([length(Buffer.byteLength(bytes)), Buffer.from(bytes)])

/** A number as a string of one, two or four bytes; as text where that does not do. */
export function short(text: string): Buffer {
  const value = Number(text)
  if (String(value) !== text || !Number.isInteger(value)) return raw(text)
  const size = [1, 2, 4].findIndex(
    (bytes) => value >= -(2 ** (8 * bytes - 1)) && value < 2 ** (8 * bytes - 1),
  )
  return size < 0 ? raw(text) : Buffer.concat([Buffer.of(0xc0 + size), le(value, 2 ** size)])
}

const isNumber = (item: Buffer): boolean => /^(0|-?[1-9]\d{0,17})$/.test(item.toString('latin1'))

/** An item of a ziplist without the length of the one before it. */
function ziplistItem(item: Buffer): Buffer {
  if (isNumber(item)) {
    const value = BigInt(item.toString())
    const fits = (bits: bigint) => value >= -(1n << (bits - 1n)) && value < 1n << (bits - 1n)
    if (value >= 0n && value <= 12n) return Buffer.of(0xf1 + Number(value))
    if (fits(8n)) return Buffer.concat([Buffer.of(0xfe), le(value, 1)])
    if (fits(16n)) return Buffer.concat([Buffer.of(0xc0), le(value, 2)])
    if (fits(24n)) return Buffer.concat([Buffer.of(0xf0), le(value, 3)])
    if (fits(32n)) return Buffer.concat([Buffer.of(0xd0), le(value, 4)])
    return Buffer.concat([Buffer.of(0xe0), le(value, 8)])
  }
  if (item.length < 64) return Buffer.concat([Buffer.of(item.length), item])
  if (item.length < 16384) return Buffer.concat([be(item.length | 0x4000, 2), item])
  return Buffer.concat([Buffer.of(0x80), be(item.length, 4), item])
}

export function ziplist(items: readonly Buffer[]): Buffer {
  const parts: Buffer[] = []
  let before = 0
  let last = 10
  let at = 10
  for (const item of items) {
    const head = before < 254 ? Buffer.of(before) : Buffer.concat([Buffer.of(254), le(before, 4)])
    const part = Buffer.concat([head, ziplistItem(item)])
    parts.push(part)
    last = at
    at += part.length
    before = part.length
  }
  return Buffer.concat([le(at + 1, 4), le(last, 4), le(items.length, 2), ...parts, Buffer.of(255)])
}

/** `free` bytes lie unused behind each value. */
export function zipmap(pairs: readonly (readonly [Buffer, Buffer])[], free: number): Buffer {
  const size = (bytes: Buffer) =>
    bytes.length < 254 ? Buffer.of(bytes.length) : Buffer.concat([Buffer.of(254), le(bytes.length, 4)])
  const parts = pairs.flatMap(([key, value]) => [
    size(key),
    key,
    size(value),
    Buffer.of(free),
    value,
    Buffer.alloc(free),
  ])
  return Buffer.concat([Buffer.of(Math.min(pairs.length, 254)), ...parts, Buffer.of(255)])
}

export function intset(numbers: readonly bigint[], width: 2 | 4 | 8): Buffer {
  return Buffer.concat([le(width, 4), le(numbers.length, 4), ...numbers.map((number) => le(number, width))])
}

/** A score as text behind its length in a byte. */
export function textScore(score: number): Buffer {
  if (score === Infinity) return Buffer.of(254)
  if (score === -Infinity) return Buffer.of(255)
  const text = Buffer.from(String(score))
  return Buffer.concat([Buffer.of(text.length), text])
}
