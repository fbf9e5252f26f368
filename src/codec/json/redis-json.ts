/**
 * Writes values as the JSON that `RedisSaver` of Python 0.5.2 revives them from (its `_recursive_deserialize`): envelopes by constructor and
 * arguments, never by method. What its reader gives back in another form is counted.
 */
import type { ObjectHead, SetKind, ValueSink } from '../../model/value.js'
import { EncodeError } from '../bytes.js'
import { JsonOutput } from './json-output.js'
import { SET_BRACKETS } from './jsonb-objects.js'
import { floatKey } from './python-float.js'
import { datetimeEnvelope } from './redis-datetime.js'
import { redisFloat } from './redis-float.js'
import {
  BYTEARRAY,
  INNER_BYTES,
  LAST_DIGIT,
  LONG_INTEGER,
  markerLoss,
  NO_NUMBER,
  SEND_TIMEOUT,
  SET_AS_LIST,
  TEXT_KEY,
} from './redis-losses.js'
import { formOf } from './redis-objects.js'

const MIN_INT = -(2n ** 63n)
const MAX_INT = 2n ** 64n

/** Whether the reader can hash the items of a set: all; not the lists and dicts, as no reader of msgpack could; not what only JSON spoils. */
const HASHABLE = 0
const LISTS = 1
const SPOILED = 2

/** A container that is open. In a map, keys count as values too. */
interface Frame {
  readonly kind: 'list' | 'map' | 'set' | 'object' | 'datetime' | 'send' | 'send arguments'
  readonly open: string
  readonly close: string
  /** Where it begins. */
  readonly at: number
  readonly isKey: boolean
  /** Containers of JSON that are open inside it. */
  readonly depth: number
  /** Stands in an envelope, where the reader revives no bytes. */
  readonly inEnvelope: boolean
  values: number
  /** Of the items of a set, or of the value that an object is written as. */
  items: number
}

/** Throws `EncodeError` for what RedisJSON refuses: half a surrogate pair, an integer beyond the floats, too many bytes. */
export class RedisJsonWriter extends JsonOutput implements ValueSink {
  /** What the reader will see in another form, as a phrase, and how often. */
  readonly losses = new Map<string, number>()
  /** The most containers that are inside each other. */
  depth = 0
  private readonly frames: Frame[] = []
  private frame: Frame = rootFrame()
  private timeoutAt = 0

  reset(): void {
    this.out.clear()
    this.frames.length = 0
    this.frame = rootFrame()
    this.losses.clear()
    this.depth = 0
  }

  /** The finished text in UTF-8, valid until the next `reset`. */
  view(): Buffer {
    if (this.frames.length > 0 || this.frame.values !== 1) throw new Error('the value is not finished')
    return this.out.bytes.subarray(0, this.out.length)
  }

  null(): void {
    this.plain('null')
  }
  bool(value: boolean): void {
    this.plain(value ? 'true' : 'false')
  }
  int(value: number | bigint): void {
    if (typeof value === 'bigint' && (value < MIN_INT || value >= MAX_INT)) {
      const float = Number(value)
      if (!Number.isFinite(float)) throw new EncodeError('an integer beyond the floats', 'integer-too-large')
      this.lose(LONG_INTEGER)
      // As the float that it becomes: of an integer so long RedisJSON makes the next float one time in three.
      this.plain(this.atKey() ? String(value) : redisFloat(float))
    } else {
      this.plain(String(value))
    }
  }
  float(value: number): void {
    if (this.atKey()) {
      this.plain(floatKey(value))
    } else if (Number.isFinite(value)) {
      const text = redisFloat(value)
      if (text.length > SHORT_FLOAT && Number(text) !== value) this.lose(LAST_DIGIT)
      this.plain(text)
    } else {
      this.lose(NO_NUMBER)
      this.plain('null')
    }
  }
  text(source: Buffer, start: number, end: number): void {
    const { kind } = this.frame
    if (kind === 'datetime') {
      const envelope = datetimeEnvelope(source.toString('utf8', start, end))
      if (envelope !== undefined) {
        this.deepen(DATETIME_DEPTH)
        this.plain(envelope)
        return
      }
    }
    const isKey = this.atKey()
    if (isKey && (source[start] === UNDERSCORE || source[start] === LETTER_L))
      this.loseMarker(source.toString('latin1', start, end))
    this.separate()
    this.quoted(source, start, end)
    if (isKey) this.ascii(':')
  }
  bytes(source: Buffer, start: number, end: number): void {
    if (this.atKey()) {
      this.plain(JSON.stringify(source.toString('latin1', start, end)).slice(1, -1))
      return
    }
    if (this.frame.inEnvelope) this.lose(INNER_BYTES)
    this.spoil(SPOILED)
    this.deepen(1)
    this.plain(`{"__bytes__":"${source.toString('base64', start, end)}"}`)
  }
  bytearray(source: Buffer, start: number, end: number): void {
    this.lose(BYTEARRAY)
    this.bytes(source, start, end)
  }

  beginList(size: number): void {
    if (this.frame.kind === 'send') {
      if (size !== 2 && size !== 3) throw new EncodeError(`a Send of ${size} arguments`, 'unsupported-value')
      this.begin('send arguments', '', '', false)
      return
    }
    this.spoil(LISTS)
    this.begin('list', '[', ']', false)
  }
  beginTuple(_size: number): void {
    this.spoil(LISTS)
    this.begin('list', '[', ']', false)
  }
  beginSet(_size: number, kind: SetKind): void {
    const { open, close } = SET_BRACKETS[kind]
    this.begin('set', open, close, false)
  }
  beginMap(_size: number): void {
    this.spoil(LISTS)
    this.begin('map', '{', '}', false)
  }
  beginObject(head: ObjectHead): void {
    const { kind, open, close, loss, isEnvelope } = formOf(head)
    if (loss !== undefined) {
      this.lose(loss)
      if (isEnvelope) this.spoil(SPOILED)
    }
    this.begin(kind, open, close, isEnvelope)
  }

  end(): void {
    const ended = this.frame
    this.frame = this.frames.pop() ?? rootFrame()
    if (ended.kind === 'send arguments' && ended.values === 3) {
      this.lose(SEND_TIMEOUT)
      this.out.length = this.timeoutAt
    }
    if (ended.kind === 'set' && ended.items !== HASHABLE) this.listInstead(ended)
    else this.ascii(ended.close)
    if (ended.kind === 'object' && ended.close === '') this.spoil(ended.items)
    if (ended.isKey) this.quoteFrom(ended.at)
  }

  /** The reader makes no set of such items. */
  private listInstead({ at, open, items }: Frame): void {
    if (items === SPOILED) this.lose(SET_AS_LIST)
    this.spoil(items)
    this.out.move(at + open.length, at + 1)
    this.out.bytes[at] = LIST
    this.ascii(']')
  }

  private begin(kind: Frame['kind'], open: string, close: string, isEnvelope: boolean): void {
    const isKey = this.atKey()
    const outer = this.frame
    this.separate()
    if (isKey) this.lose(TEXT_KEY)
    this.frames.push(outer)
    const depth = outer.depth + close.length
    const inEnvelope = outer.inEnvelope || isEnvelope
    this.frame = {
      kind,
      open,
      close,
      at: this.out.length,
      isKey,
      depth,
      inEnvelope,
      values: 0,
      items: HASHABLE,
    }
    this.deepen(0)
    this.ascii(open)
  }

  private deepen(by: number): void {
    const depth = this.frame.depth + by
    if (depth > this.depth) this.depth = depth
  }

  /** What stands directly in a set, or is the value of an object that is written as its value. */
  private spoil(how: number): void {
    if (how > this.frame.items) this.frame.items = how
  }

  /** Of a user's own dict: envelopes are opened elsewhere. */
  private loseMarker(key: string): void {
    const loss = markerLoss(key)
    if (loss !== undefined) this.lose(loss)
  }

  private lose(what: string): void {
    this.losses.set(what, (this.losses.get(what) ?? 0) + 1)
  }

  /** Writes what needs no escapes; in the place of a key with quotes. */
  private plain(text: string): void {
    const isKey = this.atKey()
    this.separate()
    if (isKey) this.lose(TEXT_KEY)
    this.ascii(isKey ? `"${text}":` : text)
  }

  private atKey(): boolean {
    return this.frame.kind === 'map' && this.frame.values % 2 === 0
  }

  private separate(): void {
    const { kind, values } = this.frame
    if (kind === 'send arguments') {
      if (values === 2) this.timeoutAt = this.out.length
      this.ascii(SEND_FIELDS[values]!)
    } else if (values > 0 && !(kind === 'map' && values % 2 === 1)) {
      this.ascii(',')
    }
    this.frame.values++
  }
}

const rootFrame = (): Frame => ({
  kind: 'object',
  open: '',
  close: '',
  at: 0,
  isKey: false,
  depth: 0,
  inEnvelope: false,
  values: 0,
  items: HASHABLE,
})

/** Every float that is spelled so is read right. */
const SHORT_FLOAT = 16
const SEND_FIELDS = ['"node":', ',"arg":', '']
/** The envelope of a datetime with a zone. */
const DATETIME_DEPTH = 6
const UNDERSCORE = 0x5f
const LETTER_L = 0x6c
const LIST = 0x5b
