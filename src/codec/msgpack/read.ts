/** Reads msgpack as LangGraph writes it: ormsgpack with the extension codes 0–7 of `JsonPlusSerializer`. */
import {
  OBJECT_FORMS,
  type ObjectForm,
  type ObjectHead,
  type SetKind,
  type Value,
  type ValueSink,
} from '../../model/value.js'
import { DEFAULT_LIMITS, type DecodeLimits } from '../bytes.js'
import { NOWHERE } from '../nowhere.js'
import { MsgpackCursor, type MsgpackKind } from './cursor.js'
import { BODY_KIND, PAYLOAD_ITEMS } from './forms.js'

/**
 * Decodes the one value in `bytes[start, end)` into a sink. Throws `DecodeError` for anything that the official reader would
 * refuse or silently make `None` of: a cut or trailing byte, an unknown extension code, a payload of another shape, text that
 * is not UTF-8, a map or an object as a key.
 */
export function emitMsgpack(
  bytes: Buffer,
  start: number,
  end: number,
  sink: ValueSink,
  limits: DecodeLimits = DEFAULT_LIMITS,
): void {
  new MsgpackReader(new MsgpackCursor(bytes, start, end), sink, limits).whole()
}

/** Proves that msgpack bytes can be passed through as they are; `onObject` hears of the objects. Throws what `emitMsgpack` throws. */
export function checkMsgpack(
  bytes: Buffer,
  start: number,
  end: number,
  onObject?: (head: ObjectHead) => void,
): void {
  emitMsgpack(bytes, start, end, onObject === undefined ? NOWHERE : { ...NOWHERE, beginObject: onObject })
}

/** A whole value in msgpack; decoded each time it is emitted. */
export function msgpackValue(bytes: Buffer): Value {
  return {
    encoding: 'msgpack',
    serdeType: 'msgpack',
    bytes,
    emit: (sink) => emitMsgpack(bytes, 0, bytes.length, sink),
  }
}

const NUMPY_PAYLOAD: readonly MsgpackKind[] = ['text', 'array', 'text', 'bytes']

class MsgpackReader {
  private itemsLeft: number

  constructor(
    private readonly cursor: MsgpackCursor,
    private readonly sink: ValueSink,
    private readonly limits: DecodeLimits,
  ) {
    this.itemsLeft = limits.maxItems
  }

  whole(): void {
    this.value(0, false)
    const rest = this.cursor.end - this.cursor.at
    if (rest !== 0) this.cursor.fail(`${rest} bytes after the end of the value`)
  }

  /** One value. Inside a map's key (`inKey`) an array is a tuple, as the official reader makes it. */
  private value(depth: number, inKey: boolean): void {
    if (--this.itemsLeft < 0) this.cursor.fail(`more than ${this.limits.maxItems} values`, 'too-large')
    const first = this.cursor.uint(1)
    if (first < 0x80) this.sink.int(first)
    else if (first < 0x90) this.map(first & 0x0f, depth, inKey)
    else if (first < 0xa0) this.array(first & 0x0f, depth, inKey)
    else if (first < 0xc0) this.text(first & 0x1f)
    else if (first >= 0xe0) this.sink.int(first - 0x100)
    else this.longForm(first, depth, inKey)
  }

  private longForm(first: number, depth: number, inKey: boolean): void {
    const { cursor } = this
    if (first < 0xc4) this.constant(first)
    else if (first < 0xc7) this.binary(cursor.uint(1 << (first - 0xc4)))
    else if (first < 0xca) this.extension(cursor.uint(1 << (first - 0xc7)), depth, inKey)
    else if (first < 0xd4) this.number(first)
    else if (first < 0xd9) this.extension(1 << (first - 0xd4), depth, inKey)
    else if (first < 0xdc) this.text(cursor.uint(1 << (first - 0xd9)))
    else if (first < 0xde) this.array(cursor.uint(2 << (first - 0xdc)), depth, inKey)
    else this.map(cursor.uint(2 << (first - 0xde)), depth, inKey)
  }

  private constant(first: number): void {
    if (first === 0xc0) this.sink.null()
    else if (first === 0xc1) this.cursor.fail('byte c1, which msgpack never uses')
    else this.sink.bool(first === 0xc3)
  }

  private number(first: number): void {
    const { cursor, sink } = this
    const { source } = cursor
    if (first === 0xca) sink.float(source.readFloatBE(cursor.take(4)))
    else if (first === 0xcb) sink.float(source.readDoubleBE(cursor.take(8)))
    else if (first < 0xcf) sink.int(cursor.uint(1 << (first - 0xcc)))
    else if (first === 0xcf) this.int64(cursor.uint(4))
    else if (first === 0xd0) sink.int(source.readInt8(cursor.take(1)))
    else if (first === 0xd1) sink.int(source.readInt16BE(cursor.take(2)))
    else if (first === 0xd2) sink.int(source.readInt32BE(cursor.take(4)))
    else this.int64(source.readInt32BE(cursor.take(4)))
  }

  private int64(high: number): void {
    const low = this.cursor.uint(4)
    const value = high * 0x1_0000_0000 + low
    this.sink.int(Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low))
  }

  private text(length: number): void {
    const start = this.cursor.utf8(length)
    this.sink.text(this.cursor.source, start, this.cursor.at)
  }

  private binary(length: number): void {
    const start = this.cursor.take(length)
    this.sink.bytes(this.cursor.source, start, this.cursor.at)
  }

  private array(size: number, depth: number, inKey: boolean): void {
    this.enter(depth, size)
    if (inKey) this.sink.beginTuple(size)
    else this.sink.beginList(size)
    this.items(size, depth, inKey)
  }

  private items(size: number, depth: number, inKey: boolean): void {
    for (let i = 0; i < size; i++) this.value(depth + 1, inKey)
    this.sink.end()
  }

  private map(size: number, depth: number, inKey: boolean): void {
    if (inKey) this.cursor.fail('a map as a key', 'unsupported-value')
    this.enter(depth, size * 2)
    this.sink.beginMap(size)
    for (let i = 0; i < size; i++) {
      this.value(depth + 1, true)
      this.value(depth + 1, false)
    }
    this.sink.end()
  }

  /** Its payload is msgpack of its own: nothing in it may reach past its end. */
  private extension(length: number, depth: number, inKey: boolean): void {
    const { cursor } = this
    const code = cursor.source.readInt8(cursor.take(1))
    if (inKey) cursor.fail('an object as a key', 'unsupported-value')
    const form = OBJECT_FORMS[code] ?? cursor.fail(`unknown extension code ${code}`)
    cursor.require(length)
    const outerEnd = cursor.end
    cursor.end = cursor.at + length
    this.enter(depth + 1, 0) // an object counts twice: itself and the array of its payload
    if (form === 'numpy') this.numpy(depth + 2)
    else if (form === 'delta-snapshot') this.deltaSnapshot(depth + 2)
    else this.object(form, depth + 2)
    if (cursor.at !== cursor.end) this.malformed(form)
    cursor.end = outerEnd
  }

  private object(form: ObjectForm, depth: number): void {
    const { cursor, sink } = this
    const items = PAYLOAD_ITEMS[form]
    if (cursor.uint(1) !== 0x90 + items) this.malformed(form)
    const module = cursor.name() ?? this.malformed(form)
    const name = cursor.name() ?? this.malformed(form)
    const kind = cursor.kind()
    const setKind = form === 'single-argument' && kind === 'array' ? setKindOf(module, name) : undefined
    const wanted = BODY_KIND[form]
    if (wanted !== 'any' && wanted !== kind) this.malformed(form)
    if (setKind !== undefined) {
      this.set(setKind, depth)
    } else if (items === 3) {
      sink.beginObject({ form, module, name })
      this.value(depth, false)
      sink.end()
    } else {
      const bodyAt = cursor.at
      const methodAt = cursor.lastTextAt()
      if (methodAt < 0) this.malformed(form)
      cursor.at = methodAt
      const method = cursor.name() ?? this.malformed(form)
      cursor.at = bodyAt
      sink.beginObject({ form, module, name, method })
      this.value(depth, false)
      if (cursor.at !== methodAt) this.malformed(form)
      cursor.at = cursor.end
      sink.end()
    }
  }

  private set(kind: SetKind, depth: number): void {
    const size = this.cursor.arraySize()
    this.enter(depth, size)
    this.sink.beginSet(size, kind)
    this.items(size, depth, false)
  }

  private numpy(depth: number): void {
    if (this.cursor.uint(1) !== 0x94) this.malformed('numpy')
    this.sink.beginObject({ form: 'numpy', module: '', name: '' })
    this.sink.beginList(4)
    for (const kind of NUMPY_PAYLOAD) {
      if (this.cursor.kind() !== kind) this.malformed('numpy')
      this.value(depth, false)
    }
    this.sink.end()
    this.sink.end()
  }

  private deltaSnapshot(depth: number): void {
    this.sink.beginObject({ form: 'delta-snapshot', module: '', name: '' })
    this.value(depth, false)
    this.sink.end()
  }

  private enter(depth: number, itemsClaimed: number): void {
    if (depth >= this.limits.maxDepth) {
      this.cursor.fail(`more than ${this.limits.maxDepth} containers inside each other`, 'unsupported-value')
    }
    this.cursor.require(itemsClaimed) // every item takes a byte at least
  }

  private malformed(form: ObjectForm): never {
    this.cursor.fail(`extension ${OBJECT_FORMS.indexOf(form)} (${form}) whose payload has another shape`)
  }
}

function setKindOf(module: string, name: string): SetKind | undefined {
  return module === 'builtins' && (name === 'set' || name === 'frozenset') ? name : undefined
}
