/** The canonical bytes of a decoded value: equal for equal values, in whatever order their sets and maps come. */
import { hash } from 'node:crypto'
import type { ObjectHead, SetKind, ValueSink } from '../model/value.js'

const FIRST_BYTES = 4096
/** What a larger value leaves behind is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024
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

interface Frame {
  readonly start: number
  /** Where each member (of a map: each pair) begins; only where order does not count. */
  readonly members: number[] | undefined
  readonly pairs: boolean
  count: number
}

/** Writes the canonical bytes; members of sets and maps are sorted when their container ends. */
export class DigestSink implements ValueSink {
  private buffer = Buffer.allocUnsafe(FIRST_BYTES)
  private at = 0
  private readonly frames: Frame[] = []
  /** Members of a set or map in their new order, on their way back. */
  private sorted = Buffer.allocUnsafe(FIRST_BYTES)
  /** The outermost list was begun by an earlier one's items: its own beginning says nothing new. */
  private isContinued = false
  keepsItems = false
  /** Of the outermost list, once it has ended and if they were to be kept. */
  items: Buffer | undefined

  /** Begins with the items of an earlier list. */
  continueList(items: Buffer): void {
    this.begin(TAG.list, undefined, false)
    this.append(items, 0, items.length)
    this.isContinued = true
  }

  result(): string {
    if (this.at === 0 || this.frames.length > 0) throw new Error('the value is not finished')
    return sha1(this.buffer.subarray(0, this.at))
  }

  /** Begins anew, also in the middle of a value that failed. */
  reset(): void {
    this.at = 0
    this.frames.length = 0
    this.isContinued = false
    this.keepsItems = false
    this.items = undefined
    if (this.buffer.length > MAX_KEPT_BYTES) this.buffer = Buffer.allocUnsafe(FIRST_BYTES)
    if (this.sorted.length > MAX_KEPT_BYTES) this.sorted = Buffer.allocUnsafe(FIRST_BYTES)
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
    if (this.isContinued) this.isContinued = false
    else this.begin(TAG.list, undefined, false)
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
    if (this.keepsItems && this.frames.length === 0 && this.buffer[frame.start] === TAG.list) {
      this.items = Buffer.from(this.buffer.subarray(frame.start + HEAD_BYTES, this.at))
    }
    const size = this.at - frame.start
    if (size > MAX_INLINE_BYTES) {
      const digest = sha1(this.buffer.subarray(frame.start, this.at))
      this.at = frame.start
      this.buffer[this.at++] = TAG.hashed
      this.digest(digest)
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
    else this.digest(sha1(source.subarray(start, end)))
  }

  private digest(text: string): void {
    this.reserve(DIGEST_BYTES)
    this.at += this.buffer.write(text, this.at, 'latin1')
  }

  /** Members are self-delimiting, so their sorted concatenation names exactly one set or map. */
  private sort(starts: readonly number[]): void {
    const { buffer } = this
    const order = Array.from(starts, (_, member) => member)
    const end = (member: number) => starts[member + 1] ?? this.at
    order.sort((a, b) => compare(buffer, starts[a]!, end(a), starts[b]!, end(b)))
    const first = starts[0]!
    const bytes = this.at - first
    if (this.sorted.length < bytes) this.sorted = Buffer.allocUnsafe(2 * bytes)
    let to = 0
    for (const member of order) to += buffer.copy(this.sorted, to, starts[member]!, end(member))
    this.sorted.copy(buffer, first, 0, bytes)
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

const DIGEST_BYTES = 20
/** A container begins with its tag and its size. */
const HEAD_BYTES = 5
const sha1 = (bytes: Buffer): string => hash('sha1', bytes, 'binary')

/** Members of a map differ in their first few bytes: no call is worth while. */
function compare(bytes: Buffer, a: number, aEnd: number, b: number, bEnd: number): number {
  const length = Math.min(aEnd - a, bEnd - b)
  for (let at = 0; at < length; at++) {
    const difference = bytes[a + at]! - bytes[b + at]!
    if (difference !== 0) return difference
  }
  return aEnd - a - (bEnd - b)
}
