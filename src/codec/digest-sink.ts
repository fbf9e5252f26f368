/** The canonical bytes of a decoded value: equal for equal values, in whatever order their sets and maps come. */
import { hash } from 'node:crypto'
import type { ObjectHead, SetKind, ValueSink } from '../model/value.js'
import { copyRun } from './copy-run.js'
import { orderOf } from './member-order.js'

const FIRST_BYTES = 4096
/** What a larger value leaves behind is not kept. */
const MAX_KEPT_BYTES = 1024 * 1024
const MAX_KEPT_MEMBERS = 64 * 1024
/** Anything longer stands in the canonical bytes by its SHA-1, so that sorting and nesting copy little. */
const MAX_INLINE_BYTES = 512
/** A longer value is named by its digest. */
const MAX_NAME_BYTES = 64

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

/** An open container; used again for the next one of its depth. */
interface Frame {
  start: number
  count: number
  isMap: boolean
  /** Place of its first member among those of all; −1 where order counts. */
  firstMember: number
}

/** Writes the canonical bytes; members of sets and maps are sorted when their container ends. */
export class DigestSink implements ValueSink {
  private buffer = Buffer.allocUnsafe(FIRST_BYTES)
  private at = 0
  private readonly frames: Frame[] = []
  private depth = 0
  /** Where each member of the open sets and maps begins; of a map each pair. */
  private readonly members: number[] = []
  private memberCount = 0
  /** Members of a set or map in their new order, on their way back. */
  private sorted = Buffer.allocUnsafe(FIRST_BYTES)
  /** The outermost list was begun by an earlier one's items: its own beginning says nothing new. */
  private isContinued = false
  keepsItems = false
  /** Of the outermost list, once it has ended and if they were to be kept. */
  items: Buffer | undefined

  /** Begins with the items of an earlier list. */
  continueList(items: Buffer): void {
    this.begin(TAG.list)
    this.append(items, 0, items.length)
    this.isContinued = true
  }

  /** Twenty bytes, a character each. */
  digest(): string {
    this.checkFinished()
    return sha1(this.buffer.subarray(0, this.at))
  }

  /** Tells values apart as the digest does: a short one stands for itself, unless it is as long as a digest. */
  name(): string {
    this.checkFinished()
    return this.at > MAX_NAME_BYTES || this.at === DIGEST_BYTES
      ? this.digest()
      : this.buffer.toString('latin1', 0, this.at)
  }

  /** Begins anew, also in the middle of a value that failed. */
  reset(): void {
    this.at = 0
    this.depth = 0
    this.memberCount = 0
    this.isContinued = false
    this.keepsItems = false
    this.items = undefined
    if (this.members.length > MAX_KEPT_MEMBERS) this.members.length = 0
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
    this.run(this.depth === 0 ? TAG.bytearray : TAG.bytes, source, start, end)
  }
  beginList(): void {
    if (this.isContinued) this.isContinued = false
    else this.begin(TAG.list)
  }
  beginTuple(): void {
    this.begin(TAG.list)
  }
  beginSet(_size: number, kind: SetKind): void {
    this.begin(TAG[kind], true)
  }
  beginMap(): void {
    this.begin(TAG.map, true)
  }
  beginObject(head: ObjectHead): void {
    this.begin(TAG.object)
    const name = Buffer.from([head.form, head.module, head.name, head.method ?? ''].join('\0'))
    this.run(TAG.text, name, 0, name.length)
  }

  end(): void {
    if (this.depth === 0) throw new Error('end() without a container')
    const frame = this.frames[--this.depth]!
    if (frame.firstMember >= 0) this.sort(frame.firstMember)
    if (this.keepsItems && this.depth === 0 && this.buffer[frame.start] === TAG.list) {
      this.items = Buffer.from(this.buffer.subarray(frame.start + HEAD_BYTES, this.at))
    }
    const size = this.at - frame.start
    if (size > MAX_INLINE_BYTES) {
      const digest = sha1(this.buffer.subarray(frame.start, this.at))
      this.at = frame.start
      this.buffer[this.at++] = TAG.hashed
      this.hashed(digest)
    } else {
      this.buffer.writeUInt32LE(size, frame.start + 1)
    }
  }

  private checkFinished(): void {
    if (this.at === 0 || this.depth > 0) throw new Error('the value is not finished')
  }

  private begin(tag: number, isSorted = false): void {
    this.tag(tag)
    const { depth } = this
    if (depth === this.frames.length) this.frames.push({ start: 0, count: 0, isMap: false, firstMember: -1 })
    const frame = this.frames[depth]!
    frame.start = this.at - 1
    frame.count = 0
    frame.isMap = tag === TAG.map
    frame.firstMember = isSorted ? this.memberCount : -1
    this.depth++
    this.reserve(4)
    this.buffer.writeUInt32LE(0, this.at)
    this.at += 4
  }

  /** Opens every value: notes where a member begins. */
  private tag(tag: number): void {
    if (this.depth > 0) {
      const frame = this.frames[this.depth - 1]!
      const isMember = frame.firstMember >= 0 && !(frame.isMap && frame.count % 2 === 1)
      if (isMember) this.members[this.memberCount++] = this.at
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
    else this.hashed(sha1(source.subarray(start, end)))
  }

  private hashed(text: string): void {
    this.reserve(DIGEST_BYTES)
    this.at += this.buffer.write(text, this.at, 'latin1')
  }

  /** Members are self-delimiting, so their sorted concatenation names exactly one set or map. */
  private sort(firstMember: number): void {
    const { buffer, members } = this
    const count = this.memberCount - firstMember
    members[this.memberCount] = this.at
    this.memberCount = firstMember
    const order = orderOf(buffer, members, firstMember, count)
    if (order === undefined) return
    const first = members[firstMember]!
    const bytes = this.at - first
    if (this.sorted.length < bytes) this.sorted = Buffer.allocUnsafe(2 * bytes)
    let to = 0
    for (let at = 0; at < count; at++) {
      const member = firstMember + order[at]!
      to = copyRun(buffer, members[member]!, members[member + 1]!, this.sorted, to)
    }
    copyRun(this.sorted, 0, bytes, buffer, first)
  }

  private append(source: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    this.at = copyRun(source, start, end, this.buffer, this.at)
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
