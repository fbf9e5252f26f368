/** Writes values as the text of a JSONB column: what JSONB cannot hold is repaired and counted, what JSON cannot say is spelled out. */
import type { ObjectHead, SetKind, ValueSink } from '../../model/value.js'
import { EncodeError } from '../bytes.js'
import { GrowingBuffer } from '../growing-buffer.js'
import { bracketsOf, SET_BRACKETS } from './jsonb-objects.js'
import { writePlainString } from './plain-string.js'
import { floatKey, floatText } from './python-float.js'

/** Postgres holds no longer string, and no larger object or array, inside a JSONB value. */
const MAX_JSONB_BYTES = 0x0fffffff
/** Python reads no longer integer from JSON. */
const MAX_DIGITS = 4300

/** What was changed in one value because JSONB refuses it. */
export interface JsonbRepairs {
  /** NUL characters left out of texts and keys. */
  nulsRemoved: number
  /** NaN and infinities that became null. */
  notANumber: number
  /** Lone surrogates that became `?`. */
  surrogatesReplaced: number
}

/** A container that is open. In a map, keys count as values too. */
interface Frame {
  readonly isMap: boolean
  readonly close: string
  /** Where it begins, if it is a map's key: its text becomes a string when it ends. */
  readonly keyAt: number
  values: number
}

/**
 * Sizes may be −1. Keys that are no text become one, as Python's `json.dumps` makes them, and a tuple its JSON. Objects become the
 * envelopes of LangChain and LangGraph, bytes `{"__bytes__": base64}`. `key` and `string` take JavaScript strings, for JSON that is
 * put together by hand. Throws `EncodeError` (`too-large`) past the limits of JSONB, and for nothing else.
 */
export class JsonbWriter implements ValueSink {
  readonly repairs: JsonbRepairs = { nulsRemoved: 0, notANumber: 0, surrogatesReplaced: 0 }
  private readonly out = new GrowingBuffer(MAX_JSONB_BYTES)
  private readonly frames: Frame[] = []
  private frame: Frame = rootFrame()

  /** Begins a new value, also in the middle of one that failed. */
  reset(): void {
    this.out.clear()
    this.frames.length = 0
    this.frame = rootFrame()
    this.repairs.nulsRemoved = 0
    this.repairs.notANumber = 0
    this.repairs.surrogatesReplaced = 0
  }

  /** The finished text in UTF-8, valid until the next `reset`. */
  view(): Buffer {
    if (this.frames.length > 0 || this.frame.values !== 1) throw new Error('the value is not finished')
    return this.out.bytes.subarray(0, this.out.length)
  }

  /** The key of a map's next member. */
  key(name: string): void {
    this.string(name)
  }
  string(value: string): void {
    if (this.plainString(value)) return
    const utf8 = Buffer.from(value)
    this.text(utf8, 0, utf8.length)
  }

  null(): void {
    this.plain('null')
  }
  bool(value: boolean): void {
    this.plain(value ? 'true' : 'false')
  }
  int(value: number | bigint): void {
    const digits = value.toString()
    if (digits.length > MAX_DIGITS) throw new EncodeError(`integer of over ${MAX_DIGITS} digits`, 'too-large')
    this.plain(digits)
  }
  float(value: number): void {
    if (this.atKey()) {
      this.plain(floatKey(value))
    } else if (Number.isFinite(value)) {
      this.plain(floatText(value))
    } else {
      this.repairs.notANumber++
      this.plain('null')
    }
  }
  text(source: Buffer, start: number, end: number): void {
    const isKey = this.atKey()
    this.separate()
    this.quoted(source, start, end)
    if (isKey) this.ascii(':')
  }
  bytes(source: Buffer, start: number, end: number): void {
    this.begin(false, '{"__bytes__":', '}')
    this.plain(`"${source.toString('base64', start, end)}"`)
    this.end()
  }
  bytearray(source: Buffer, start: number, end: number): void {
    this.bytes(source, start, end)
  }
  beginList(_size: number): void {
    this.begin(false, '[', ']')
  }
  beginTuple(_size: number): void {
    this.begin(false, '[', ']')
  }
  beginSet(_size: number, kind: SetKind): void {
    const { open, close } = SET_BRACKETS[kind]
    this.begin(false, open, close)
  }
  beginMap(_size: number): void {
    this.begin(true, '{', '}')
  }
  beginObject(head: ObjectHead): void {
    const { open, close } = bracketsOf(head)
    this.begin(false, open, close)
  }

  end(): void {
    const { close, keyAt } = this.frame
    this.frame = this.frames.pop() ?? rootFrame()
    this.ascii(close)
    if (keyAt >= 0) this.quoteFrom(keyAt)
  }

  private begin(isMap: boolean, open: string, close: string): void {
    const isKey = this.atKey()
    this.separate()
    this.frames.push(this.frame)
    this.frame = { isMap, close, keyAt: isKey ? this.out.length : -1, values: 0 }
    this.ascii(open)
  }

  /** Writes a scalar that needs no escapes; in the place of a key with quotes. */
  private plain(text: string): void {
    const isKey = this.atKey()
    this.separate()
    this.ascii(isKey ? `"${text}":` : text)
  }

  private atKey(): boolean {
    return this.frame.isMap && this.frame.values % 2 === 0
  }

  private separate(): void {
    const { isMap, values } = this.frame
    if (values > 0 && !(isMap && values % 2 === 1)) this.ascii(',')
    this.frame.values++
  }

  private quoteFrom(start: number): void {
    const text = Buffer.from(this.out.bytes.subarray(start, this.out.length))
    this.out.length = start
    this.quoted(text, 0, text.length)
    this.ascii(':')
  }

  private quoted(source: Buffer, start: number, end: number): void {
    if (end - start > MAX_JSONB_BYTES) throw new EncodeError(`text of ${end - start} bytes`, 'too-large')
    this.out.room(end - start + 2)
    let { bytes, length } = this.out
    bytes[length++] = QUOTE
    for (let at = start; at < end; at++) {
      const byte = source[at]!
      // ED also leads U+D000–U+D7FF (much of Hangul), whose second byte is below A0.
      const isSurrogate = byte === SURROGATE_LEAD && source[at + 1]! >= 0xa0
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH && !isSurrogate) {
        bytes[length++] = byte
        continue
      }
      if (isSurrogate) at += 2
      this.out.length = length
      this.escape(byte)
      this.out.room(end - at)
      bytes = this.out.bytes
      length = this.out.length
    }
    bytes[length++] = QUOTE
    this.out.length = length
  }

  /** False, and nothing is written, where more care is needed. */
  private plainString(value: string): boolean {
    const { out, frame } = this
    const before = out.length
    const isKey = this.atKey()
    this.separate()
    if (!writePlainString(out, value)) {
      out.length = before
      frame.values--
      return false
    }
    if (isKey) this.ascii(':')
    return true
  }

  private escape(byte: number): void {
    if (byte === SURROGATE_LEAD) {
      this.repairs.surrogatesReplaced++
      this.ascii('?')
    } else if (byte === 0) {
      this.repairs.nulsRemoved++
    } else if (byte < 0x20) {
      this.ascii(`\\u00${byte.toString(16).padStart(2, '0')}`)
    } else {
      this.ascii(byte === QUOTE ? '\\"' : '\\\\')
    }
  }

  private ascii(text: string): void {
    this.out.room(text.length)
    const { bytes, length } = this.out
    for (let i = 0; i < text.length; i++) bytes[length + i] = text.charCodeAt(i)
    this.out.length += text.length
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SURROGATE_LEAD = 0xed

const rootFrame = (): Frame => ({ isMap: false, close: '', keyAt: -1, values: 0 })
