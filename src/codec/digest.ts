/** The digest of a decoded value: equal for equal values, whatever encoding they were read from and in whatever order their sets and maps come. */
import { createHash } from 'node:crypto'
import type { ObjectHead, SetKind, Value, ValueSink } from '../model/value.js'

/** Anything longer stands in the canonical bytes by its SHA-1, so that sorting and nesting copy little. */
const MAX_INLINE_BYTES = 512

/** First bytes of the canonical form, one a type. A tuple is a list and a nested bytearray is bytes: the target knows no difference. */
const TAG = {
  null: 1,
  false: 2,
  true: 3,
  int: 4,
  bigint: 5,
  float: 6,
  text: 7,
  bytes: 8,
  bytearray: 9,
  list: 10,
  set: 11,
  frozenset: 12,
  map: 13,
  object: 14,
  hashed: 15,
} as const

/** SHA-1 (20 bytes) of a value. Throws what the value's `emit` throws. */
export function digestOf(value: Value): Buffer {
  const sink = new DigestSink()
  value.emit(sink)
  return sink.result()
}

interface Frame {
  readonly start: number
  /** Where each member (of a map: each pair) begins; only where order does not count. */
  readonly members: number[] | undefined
  readonly pairs: boolean
  count: number
}

/** Writes the canonical bytes; members of sets and maps are sorted when their container ends. */
class DigestSink implements ValueSink {
  private buffer = Buffer.allocUnsafe(4096)
  private at = 0
  private readonly frames: Frame[] = []

  result(): Buffer {
    if (this.at === 0 || this.frames.length > 0) throw new Error('the value is not finished')
    return sha1(this.buffer.subarray(0, this.at))
  }

  null(): void {
    this.tag(TAG.null)
  }
  bool(value: boolean): void {
    this.tag(value ? TAG.true : TAG.false)
  }
  int(value: number | bigint): void {
    const small = Number(value)
    if (Number.isSafeInteger(small)) {
      this.tag(TAG.int)
      this.double(small === 0 ? 0 : small)
    } else {
      const digits = Buffer.from(value.toString(16), 'latin1')
      this.run(TAG.bigint, digits, 0, digits.length)
    }
  }
  float(value: number): void {
    this.tag(TAG.float)
    this.double(Number.isNaN(value) ? Number.NaN : value)
  }
  text(source: Buffer, start: number, end: number): void {
    this.run(TAG.text, source, start, end)
  }
  bytes(source: Buffer, start: number, end: number): void {
    this.run(TAG.bytes, source, start, end)
  }
  bytearray(source: Buffer, start: number, end: number): void {
    this.run(this.frames.length === 0 ? TAG.bytearray : TAG.bytes, source, start, end)
  }
  beginList(): void {
    this.begin(TAG.list, undefined, false)
  }
  beginTuple(): void {
    this.begin(TAG.list, undefined, false)
  }
  beginSet(_size: number, kind: SetKind): void {
    this.begin(TAG[kind], [], false)
  }
  beginMap(): void {
    this.begin(TAG.map, [], true)
  }
  beginObject(head: ObjectHead): void {
    this.begin(TAG.object, undefined, false)
    const name = Buffer.from([head.form, head.module, head.name, head.method ?? ''].join('\0'))
    this.run(TAG.text, name, 0, name.length)
  }

  end(): void {
    const frame = this.frames.pop()
    if (frame === undefined) throw new Error('end() without a container')
    if (frame.members !== undefined && frame.members.length > 1) this.sort(frame.members)
    const size = this.at - frame.start
    if (size > MAX_INLINE_BYTES) {
      const digest = sha1(this.buffer.subarray(frame.start, this.at))
      this.at = frame.start
      this.buffer[this.at++] = TAG.hashed
      this.append(digest, 0, 20)
    } else {
      this.buffer.writeUInt32LE(size, frame.start + 1)
    }
  }

  private begin(tag: number, members: number[] | undefined, pairs: boolean): void {
    this.tag(tag)
    this.frames.push({ start: this.at - 1, members, pairs, count: 0 })
    this.reserve(4)
    this.buffer.writeUInt32LE(0, this.at)
    this.at += 4
  }

  /** Opens every value: notes where a member begins. */
  private tag(tag: number): void {
    const frame = this.frames.at(-1)
    if (frame !== undefined) {
      if (frame.members !== undefined && !(frame.pairs && frame.count % 2 === 1)) frame.members.push(this.at)
      frame.count++
    }
    this.reserve(9)
    this.buffer[this.at++] = tag
  }

  private double(value: number): void {
    this.reserve(8)
    this.at = this.buffer.writeDoubleLE(value, this.at)
  }

  private run(tag: number, source: Buffer, start: number, end: number): void {
    this.tag(tag)
    this.at = this.buffer.writeDoubleLE(end - start, this.at)
    if (end - start <= MAX_INLINE_BYTES) this.append(source, start, end)
    else this.append(sha1(source.subarray(start, end)), 0, 20)
  }

  /** Members are self-delimiting, so their sorted concatenation names exactly one set or map. */
  private sort(starts: readonly number[]): void {
    const first = starts[0]!
    const members = starts.map((start, i) => this.buffer.subarray(start, starts[i + 1] ?? this.at))
    const sorted = Buffer.concat(members.sort(Buffer.compare))
    sorted.copy(this.buffer, first)
  }

  private append(source: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    this.at += source.copy(this.buffer, this.at, start, end)
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + bytes))
    this.buffer.copy(larger, 0, 0, this.at)
    this.buffer = larger
  }
}

const sha1 = (bytes: Buffer): Buffer => createHash('sha1').update(bytes).digest()
