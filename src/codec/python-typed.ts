/** A value made the pair of type tag and bytes that the official Python saver stores (`JsonPlusSerializer.dumps_typed`, langgraph-checkpoint 4.3.2). */
import type { ObjectHead, TextReading, Value, ValueNotes } from '../model/value.js'
import { itemsBehind } from './json/longer-list.js'
import { checkMsgpack } from './msgpack/read.js'
import { MsgpackWriter } from './msgpack/write.js'
import { isSafeClass } from './python-safe-classes.js'

export interface TypedBytes {
  readonly type: string
  readonly bytes: Buffer
}

/**
 * A list as JSON text, and what it became: a later one that begins with the same items needs only its new ones decoded. Nothing was
 * noted about it.
 */
export interface EncodedList {
  readonly json: Buffer
  readonly reading: TextReading
  readonly msgpack: Buffer
}

const NO_BYTES = Buffer.alloc(0)
/** First bytes of msgpack's null and byte strings, which as a whole value have a tag of their own. */
const NIL = 0xc0
const BIN_HEADER_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc4, 2],
  [0xc5, 3],
  [0xc6, 5],
])

/** One for all, who use what it wrote at once: it has grown once. */
const WRITER = new MsgpackWriter()

export class PythonTyped {
  private readonly seen = new Set<string>()

  /** `module.Class` of every object so far that the official reader builds only because it may build any, or in strict mode not at all. */
  get classes(): ReadonlySet<string> {
    return this.seen
  }

  /**
   * The bytes are valid until the next call, whoever makes it. Msgpack, raw and encrypted bytes are the source's own; msgpack is walked first, so
   * that nothing goes out that the official reader could not read. Throws `DecodeError` and `EncodeError`.
   */
  of(value: Value, notes?: ValueNotes, earlier?: EncodedList): TypedBytes {
    const { encoding, serdeType, bytes } = value
    if (bytes !== undefined && serdeType !== undefined && (encoding === 'raw' || encoding === 'encrypted')) {
      return { type: serdeType, bytes }
    }
    if (bytes !== undefined && encoding === 'msgpack') {
      checkMsgpack(bytes, 0, bytes.length, this.see)
      return typedMsgpack(bytes, false)
    }
    const writer = WRITER
    writer.onObject = this.see
    const isAlike = earlier !== undefined && bytes !== undefined && earlier.reading === value.reading
    const rest = isAlike ? itemsBehind(earlier.json, bytes) : undefined
    if (rest === undefined) {
      writer.reset()
      value.emit(writer, notes)
    } else {
      writer.reset(earlier!.msgpack)
      earlier!.reading.emit(rest, 0, rest.length, writer, notes)
    }
    if (writer.surrogatesReplaced > 0) {
      notes?.note('surrogate-replaced', `${writer.surrogatesReplaced} in one value`)
    }
    return typedMsgpack(writer.view(), writer.isBytearray)
  }

  private readonly see = (head: ObjectHead): void => {
    if (!isSafeClass(head)) this.seen.add(`${head.module}.${head.name}`)
  }
}

function typedMsgpack(bytes: Buffer, isBytearray: boolean): TypedBytes {
  const first = bytes[0]!
  if (first === NIL) return { type: 'null', bytes: NO_BYTES }
  const headerBytes = BIN_HEADER_BYTES.get(first)
  if (headerBytes === undefined) return { type: 'msgpack', bytes }
  return { type: isBytearray ? 'bytearray' : 'bytes', bytes: bytes.subarray(headerBytes) }
}
