/** Short texts that come again and again (names of members, ids, versions): each is one string however often it is read. */

const PLACES = 1024
const MAX_LENGTH = 64

/** Only ASCII without a backslash is kept, so that what is found needs no decoding. */
export class Names {
  private readonly texts: string[] = new Array<string>(PLACES).fill('')

  /** The text of these bytes where it was kept; undefined where it has to be decoded. */
  find(text: Buffer, start: number, end: number): string | undefined {
    const length = end - start
    if (length > MAX_LENGTH || length === 0) return undefined
    const kept = this.texts[placeOf(text, start, length)]!
    if (kept.length !== length) return undefined
    for (let i = length - 1; i >= 0; i--) if (kept.charCodeAt(i) !== text[start + i]) return undefined
    return kept
  }

  /** Notes what the bytes were decoded to. */
  keep(text: Buffer, start: number, end: number, decoded: string): void {
    const length = end - start
    if (length > MAX_LENGTH || length === 0 || decoded.length !== length) return
    for (let i = 0; i < length; i++) {
      const byte = text[start + i]!
      if (byte >= 0x80 || byte === BACKSLASH || byte !== decoded.charCodeAt(i)) return
    }
    this.texts[placeOf(text, start, length)] = decoded
  }
}

const BACKSLASH = 0x5c

/** Ids and versions differ in their last bytes, or in the middle. */
function placeOf(text: Buffer, start: number, length: number): number {
  const last = start + length - 1
  let hash = length * 31 + text[start]!
  hash = hash * 31 + text[start + (length >> 1)]!
  hash = hash * 31 + text[start + (length >> 2)]!
  hash = hash * 31 + text[last]!
  hash = hash * 31 + text[length > 1 ? last - 1 : last]!
  hash = hash * 31 + text[length > 2 ? last - 2 : last]!
  return (hash ^ (hash >>> 11)) & (PLACES - 1)
}
