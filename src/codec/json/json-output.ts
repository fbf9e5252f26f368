/** JSON as text in a buffer that grows: strings with what they need of escapes, and everything else as it is. */
import { EncodeError } from '../bytes.js'
import { GrowingBuffer } from '../growing-buffer.js'

/** RedisJSON takes no longer value. */
const MAX_BYTES = 512 * 1024 * 1024

/** Throws `EncodeError` past the limit, and for half a surrogate pair, which no JSON parser of UTF-8 takes. */
export class JsonOutput {
  protected readonly out = new GrowingBuffer(MAX_BYTES)

  /** Makes a string of what stands behind `start`, a key of a map. */
  protected quoteFrom(start: number): void {
    const text = Buffer.from(this.out.bytes.subarray(start, this.out.length))
    this.out.length = start
    this.quoted(text, 0, text.length)
    this.ascii(':')
  }

  protected quoted(source: Buffer, start: number, end: number): void {
    const { out } = this
    out.room(end - start + 2)
    out.bytes[out.length++] = QUOTE
    let from = start
    for (let at = start; at < end; at++) {
      const byte = source[at]!
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH && byte !== SURROGATE_LEAD) continue
      if (byte === SURROGATE_LEAD) {
        // ED also leads U+D000–U+D7FF (much of Hangul), whose second byte is below A0.
        if (source[at + 1]! >= 0xa0) throw new EncodeError('half a surrogate pair', 'unsupported-value')
        continue
      }
      out.append(source, from, at)
      this.ascii(JSON.stringify(String.fromCharCode(byte)).slice(1, -1))
      out.room(end - at + 1)
      from = at + 1
    }
    out.append(source, from, end)
    out.bytes[out.length++] = QUOTE
  }

  protected ascii(text: string): void {
    this.out.room(text.length)
    const { bytes, length } = this.out
    for (let i = 0; i < text.length; i++) bytes[length + i] = text.charCodeAt(i)
    this.out.length += text.length
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SURROGATE_LEAD = 0xed
