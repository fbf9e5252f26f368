/** Writes msgpack, byte for byte as `JsonPlusSerializer` of langgraph-checkpoint 4.3.2 makes it with ormsgpack 1.13. */
import type { ObjectHead, SetKind, ValueSink } from '../../model/value.js'
import { DEFAULT_LIMITS, EncodeError } from '../bytes.js'
import { replaceSurrogates, surrogateAt } from '../lone-surrogates.js'
import { TreeBuilder } from '../tree.js'
import { EXT_CODE, PAYLOAD_ITEMS, PYDANTIC_V2_METHOD } from './forms.js'
import { keyOf } from './key.js'
import { arrayHeader, MsgpackOutput } from './output.js'
import { emitMsgpack } from './read.js'

/** Most objects take from 17 to 255 bytes, whose header has three; others are moved when they end. */
const EXT_HEADER_BYTES = 3
const SET_HEADS: Readonly<Record<SetKind, ObjectHead>> = {
  set: { form: 'single-argument', module: 'builtins', name: 'set' },
  frozenset: { form: 'single-argument', module: 'builtins', name: 'frozenset' },
}

/** A container that is open. Frames are used again, so that opening one allocates nothing. */
interface Frame {
  kind: 'root' | 'array' | 'map' | 'object'
  /** Where its header begins, and the size that stands in it. */
  start: number
  size: number
  /** Values in it so far; in a map keys count too. */
  values: number
  /** Containers around it, as the reader counts them: an object is two. */
  level: number
  /** It is a map's key, or what it holds is part of one. */
  isKey: boolean
  holdsKey: boolean
  /** It is the list of a set's items, and the set ends with it. */
  endsSet: boolean
  head: ObjectHead
  bodyAt: number
}

export interface MsgpackWriterOptions {
  /** Of one value; unless told, what Postgres holds. */
  readonly maxBytes?: number
}

/**
 * Throws `EncodeError` for what the official saver cannot write or read back: integers over 64 bits, maps and most objects as keys,
 * more than 1,000 containers inside each other, a value over `maxBytes`. `reset` begins anew.
 */
export class MsgpackWriter implements ValueSink {
  /** Lone surrogates that became `?`, in this value. */
  surrogatesReplaced = 0
  /** The whole value is a bytearray, which in msgpack looks like bytes. */
  isBytearray = false
  /** Hears of every object as it is begun. */
  onObject: ((head: ObjectHead) => void) | undefined
  private readonly out: MsgpackOutput
  private earlier: Buffer | undefined
  private readonly frames: Frame[] = [newFrame()]
  private frame = this.frames[0]!
  private depth = 0

  constructor({ maxBytes }: MsgpackWriterOptions = {}) {
    this.out = new MsgpackOutput(maxBytes)
  }

  /**
   * Begins a new value, also in the middle of one that failed. `earlier`: it is a list that goes on where that array ends, and only
   * the items behind those are going to be given.
   */
  reset(earlier?: Buffer): void {
    this.earlier = earlier
    this.out.clear()
    this.surrogatesReplaced = 0
    this.isBytearray = false
    this.depth = 0
    this.frame = this.frames[0]!
    this.frame.values = 0
  }

  /** The finished value, valid until the next `reset`. */
  view(): Buffer {
    if (this.depth > 0 || this.frame.values !== 1) throw new Error('the value is not finished')
    return this.out.bytes.subarray(0, this.out.length)
  }

  null(): void {
    this.frame.values++
    this.out.byte(0xc0)
  }
  bool(value: boolean): void {
    this.frame.values++
    this.out.byte(value ? 0xc3 : 0xc2)
  }
  int(value: number | bigint): void {
    this.frame.values++
    this.out.int(value)
  }
  float(value: number): void {
    this.frame.values++
    this.out.float(value)
  }
  text(source: Buffer, start: number, end: number): void {
    this.frame.values++
    if (surrogateAt(source, start, end) < 0) {
      this.out.text(source, start, end)
    } else {
      const { text, replaced } = replaceSurrogates(source, start, end)
      this.surrogatesReplaced += replaced
      this.out.text(text, 0, text.length)
    }
  }
  bytes(source: Buffer, start: number, end: number): void {
    this.frame.values++
    this.out.binary(source, start, end)
  }
  bytearray(source: Buffer, start: number, end: number): void {
    if (this.depth === 0) this.isBytearray = true
    this.bytes(source, start, end)
  }

  beginList(size: number): void {
    if (this.earlier === undefined) this.open('array', size)
    else this.reopen(this.earlier, Math.max(size, 0))
  }
  beginTuple(size: number): void {
    this.open('array', size)
  }
  beginSet(size: number, kind: SetKind): void {
    this.beginObject(SET_HEADS[kind])
    this.open('array', size)
    this.frame.endsSet = true
  }
  beginMap(size: number): void {
    this.open('map', size)
    if (this.frame.isKey) throw new EncodeError('a map as a key', 'unsupported-value')
  }

  beginObject(head: ObjectHead): void {
    this.onObject?.(head)
    const frame = this.push('object', 2)
    this.out.room(EXT_HEADER_BYTES)
    this.out.length += EXT_HEADER_BYTES
    const items = PAYLOAD_ITEMS[head.form]
    if (items > 0) {
      this.out.byte(0x90 + items)
      this.out.name(head.module)
      this.out.name(head.name)
    }
    frame.head = head
    frame.bodyAt = this.out.length
    frame.holdsKey = frame.isKey && head.form === 'single-argument' // an enum's value takes the member's place
  }

  end(): void {
    const { frame } = this
    if (frame.kind === 'root') throw new Error('end() without a container')
    if (frame.kind === 'object') this.endObject(frame)
    else this.endContainer(frame, frame.kind)
    this.depth--
    this.frame = this.frames[this.depth]!
    if (frame.endsSet) this.end()
  }

  /** A size of −1 is corrected at the end, like any that was wrong. */
  private open(kind: 'array' | 'map', size: number): void {
    const frame = this.push(kind, 1)
    frame.size = Math.max(size, 0)
    frame.holdsKey = frame.isKey
    this.out.containerHeader(kind, frame.size)
  }

  /** The outermost list, with the items of an earlier one. */
  private reopen(earlier: Buffer, more: number): void {
    this.earlier = undefined
    const { count, from } = arrayHeader(earlier)
    this.open('array', count + more)
    this.out.room(earlier.length)
    this.out.append(earlier, from, earlier.length)
    this.frame.values = count
  }

  private push(kind: Frame['kind'], levels: number): Frame {
    const parent = this.frame
    const isKey = parent.kind === 'map' ? parent.values % 2 === 0 : parent.holdsKey
    const level = parent.level + levels
    if (level > DEFAULT_LIMITS.maxDepth) {
      throw new EncodeError(
        `more than ${DEFAULT_LIMITS.maxDepth} containers inside each other`,
        'unsupported-value',
      )
    }
    parent.values++
    this.depth++
    this.frames[this.depth] ??= newFrame()
    const frame = this.frames[this.depth]!
    frame.kind = kind
    frame.start = this.out.length
    frame.values = 0
    frame.level = level
    frame.isKey = isKey
    frame.endsSet = false
    this.frame = frame
    return frame
  }

  private endContainer({ start, size, values }: Frame, kind: 'array' | 'map'): void {
    if (kind === 'map' && values % 2 === 1) throw new Error('a map ended after a key')
    const actual = kind === 'map' ? values / 2 : values
    if (actual !== size) this.out.rewriteContainerHeader(start, kind, size, actual)
  }

  private endObject(frame: Frame): void {
    const { head, start, values, isKey } = frame
    if (values !== 1) throw new Error('an object has exactly one body')
    if (isKey) {
      this.endKey(frame)
    } else {
      if (PAYLOAD_ITEMS[head.form] === 4) this.out.name(head.method ?? PYDANTIC_V2_METHOD)
      this.out.extHeader(start, start + EXT_HEADER_BYTES, EXT_CODE[head.form])
    }
  }

  /** In a key there are no extensions: the object becomes the text or plain value that ormsgpack makes of it. */
  private endKey({ head, start, bodyAt }: Frame): void {
    const { out } = this
    const body = new TreeBuilder()
    emitMsgpack(out.bytes, bodyAt, out.length, body)
    const key = keyOf(head, body.result())
    if (key === undefined) throw new EncodeError(`${head.module}.${head.name} as a key`, 'unsupported-value')
    if (key === 'itself') {
      out.move(bodyAt, start)
    } else {
      out.length = start
      out.name(key)
    }
  }
}

const newFrame = (): Frame => ({
  kind: 'root',
  start: 0,
  size: 0,
  values: 0,
  level: 0,
  isKey: false,
  holdsKey: false,
  endsSet: false,
  head: SET_HEADS.set,
  bodyAt: 0,
})
