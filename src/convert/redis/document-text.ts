/** Puts JSON documents together out of texts that are there already. */
import { GrowingBuffer } from '../../codec/growing-buffer.js'
import { writePlainString } from '../../codec/json/plain-string.js'
import { redisText } from '../../codec/json/redis-text.js'
import { QUOTE } from '../../codec/json/scan.js'
import { Slabs } from '../../codec/slabs.js'
import type { ValueText } from './dialect.js'
import { bytesOf, type JsonRange } from './stored.js'

/** RedisJSON takes no longer value. */
const MAX_BYTES = 512 * 1024 * 1024
/** UTF-8 of one UTF-16 unit. */
const MAX_UNIT_BYTES = 3
/** Longer texts are written natively (measured on Node 20). */
const LOOP_CHARS = 64
const ASCII_END = 0x80
/** All that JSON may spell by an escape. */
const NEEDS_CARE = /["\\\0-\x1f\ud800-\udfff]/

/** Gives a copy. */
export type KeepBytes = (bytes: Buffer) => Buffer

function keptInSlabs(): KeepBytes {
  const slabs = new Slabs()
  return (bytes) => slabs.keep(bytes)
}

/** Throws `EncodeError` past the limit. */
export class DocumentText {
  private readonly out = new GrowingBuffer(MAX_BYTES)
  private isFirst = true

  constructor(private readonly keep: KeepBytes = keptInSlabs()) {}

  /** Also in the middle of one that failed. */
  begin(): this {
    this.out.clear()
    return this.open('{')
  }

  open(text: string): this {
    this.isFirst = true
    return this.text(text)
  }

  close(text: string): this {
    this.isFirst = false
    return this.text(text)
  }

  /** A member whose value comes next. */
  name(name: string): this {
    if (!this.isFirst) this.text(',')
    this.isFirst = false
    return this.string(name).text(':')
  }

  /** JSON of which RedisJSON may take another view than others of its floats. */
  stored(range: JsonRange): this {
    const { text, start, end } = range
    return text[start] === QUOTE ? this.json(text, start, end) : this.json(redisText(bytesOf(range)).text)
  }

  json(text: Buffer, start = 0, end = text.length): this {
    this.out.room(end - start)
    this.out.append(text, start, end)
    return this
  }

  value({ text, close }: ValueText): this {
    this.json(text)
    return close === undefined ? this : this.text(close)
  }

  string(value: string): this {
    if (writePlainString(this.out, value)) return this
    return NEEDS_CARE.test(value) ? this.text(JSON.stringify(value)) : this.text('"').text(value).text('"')
  }

  base64(bytes: Buffer): this {
    const { out } = this
    const value = bytes.toString('base64')
    this.text('"')
    out.room(value.length)
    out.length += out.bytes.write(value, out.length, 'latin1')
    return this.text('"')
  }

  text(value: string): this {
    const { out } = this
    const { length } = value
    out.room(length * MAX_UNIT_BYTES)
    const { bytes, length: start } = out
    let at = 0
    for (; length <= LOOP_CHARS && at < length; at++) {
      const code = value.charCodeAt(at)
      if (code >= ASCII_END) break
      bytes[start + at] = code
    }
    out.length += at === length ? length : bytes.write(value, start)
    return this
  }

  /** What was written since `begin`, as a Buffer of its own. */
  take(): Buffer {
    const { out } = this
    return this.keep(out.bytes.subarray(0, out.length))
  }
}
